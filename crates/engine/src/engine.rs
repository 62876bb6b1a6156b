//! The engine's face: every question of [`gw_batch::Queries`] to its answer.

use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::TaskContext;
use datafusion::physical_plan::displayable;
use gw_base::{BoxFuture, Kind, Limits, World};
use gw_batch::{Answer, Cost, Language, Queries, Query, QueryError, Reading, Request, Steps};
use gw_plan::algebra::Grid;
use gw_plan::promql::{self, Evaluation, Plan, Rules};
use gw_store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::run::Run;
use crate::{answers, build, logs, sql};

/// How an engine runs.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Clocks.
    pub world: Arc<dyn World>,
    /// Queries that run at the same time; others wait.
    pub concurrent: usize,
    /// Step of PromQL subqueries that name none.
    pub evaluation_interval: Duration,
    /// Which rules of PromQL hold.
    pub rules: Rules,
    /// Whether rollups may stand for samples.
    pub rollups: bool,
}

impl EngineOptions {
    /// Defaults in a world: twenty queries at a time, one minute.
    #[must_use]
    pub fn new(world: Arc<dyn World>) -> Self {
        let concurrent = Limits::default().concurrent_queries;
        Self { world, concurrent, evaluation_interval: Duration::from_mins(1), rules: Rules::default(), rollups: true }
    }
}

/// Answers questions over one store.
#[derive(Debug)]
pub struct Engine {
    store: Arc<Store>,
    options: EngineOptions,
    slots: Arc<Semaphore>,
    context: Arc<TaskContext>,
}

impl Engine {
    /// An engine over a store.
    #[must_use]
    pub fn new(store: Arc<Store>, options: EngineOptions) -> Self {
        let slots = Arc::new(Semaphore::new(options.concurrent.max(1)));
        Self { store, options, slots, context: Arc::new(TaskContext::default()) }
    }

    /// The tree of operators that a PromQL or LogQL metric query becomes, as text.
    ///
    /// # Errors
    /// What is wrong with the query.
    pub fn explain(&self, query: &Query) -> Result<String, QueryError> {
        let run = self.run(query, None);
        match &query.request {
            Request::Expression { language, text, step, lookback, .. } => {
                let evaluation = self.evaluation(query, *step, *lookback)?;
                let Some(matrix) = self.matrix(*language, text, evaluation, &run)? else {
                    return Err(QueryError::parse("only queries for step matrices have a plan to show"));
                };
                let plan = build::answer(matrix, &run)?;
                Ok(displayable(plan.as_ref()).indent(false).to_string())
            }
            _ => Err(QueryError::parse("only expressions have a plan to show")),
        }
    }

    fn run(&self, query: &Query, slot: Option<OwnedSemaphorePermit>) -> Arc<Run> {
        let mut reading = match &query.request {
            Request::Expression { reading, .. } => reading.clone(),
            _ => Reading::default(),
        };
        reading.rollups &= self.options.rollups;
        let asker = (query.tenant.clone(), reading);
        Arc::new(Run::new(Arc::clone(&self.store), &self.options, asker, query.limits.clone(), slot))
    }

    fn evaluation(
        &self,
        query: &Query,
        step: Option<Duration>,
        lookback: Option<Duration>,
    ) -> Result<Evaluation, QueryError> {
        let steps = match step {
            Some(step) => Steps::over(query.range, step),
            None => Steps::instant(query.range.end),
        };
        // A range of so many steps has one point more.
        if steps.count > query.limits.query_steps.saturating_add(1) {
            let (count, limit) = (steps.count, query.limits.query_steps);
            return Err(gw_plan::PlanError::Steps(count, limit).into());
        }
        let grid = Grid { start: steps.start.nanos(), step: gw_base::time::nanos_of(steps.step), count: steps.count };
        Ok(Evaluation {
            grid,
            end: query.range.end.nanos(),
            range: step.is_some(),
            lookback: lookback.map(gw_base::time::nanos_of).filter(|nanos| *nanos > 0),
            default_step: gw_base::time::nanos_of(self.options.evaluation_interval).max(1),
            rules: self.options.rules,
        })
    }

    /// The plan of a query that asks for a step matrix; `None` where it asks for something else.
    fn matrix(
        &self,
        language: Language,
        text: &str,
        evaluation: Evaluation,
        run: &Run,
    ) -> Result<Option<promql::Matrix>, QueryError> {
        match language {
            Language::PromQl => match promql::plan(text, evaluation, &run.cost)? {
                Plan::Matrix(matrix) => Ok(Some(*matrix)),
                Plan::Samples(_) | Plan::Text(_) => Ok(None),
            },
            Language::LogQl => match gw_plan::logql::plan(text, evaluation)? {
                gw_plan::logql::Plan::Matrix(matrix) => Ok(Some(*matrix)),
                gw_plan::logql::Plan::Lines(_) => Ok(None),
            },
            Language::Sql => Ok(None),
        }
    }

    async fn expression(&self, query: &Query, run: Arc<Run>) -> Result<Answer, QueryError> {
        let Request::Expression { language, text, step, lookback, direction, limit, .. } = &query.request else {
            return Err(QueryError::execute(Kind::Internal, "not an expression"));
        };
        if *language == Language::Sql {
            let (text, range, limit) = (text.clone(), query.range, *limit);
            return off_reactor(async move { sql::sql(&text, range, limit, run).await }).await;
        }
        let evaluation = self.evaluation(query, *step, *lookback)?;
        if self.options.rules.is_v2() {
            run.cost.mute();
        }
        if *language == Language::LogQl {
            return match gw_plan::logql::plan(text, evaluation)? {
                gw_plan::logql::Plan::Matrix(matrix) => self.answer(*matrix, evaluation, run),
                gw_plan::logql::Plan::Lines(pipeline) => {
                    logs::lines(pipeline, query.range, (*direction, *limit), run).await
                }
            };
        }
        match promql::plan(text, evaluation, &run.cost)? {
            Plan::Matrix(matrix) => self.answer(*matrix, evaluation, run),
            Plan::Samples(raw) => off_reactor(answers::samples(raw, run)).await,
            Plan::Text(text) => answers::text(text, &run),
        }
    }

    fn answer(&self, matrix: promql::Matrix, evaluation: Evaluation, run: Arc<Run>) -> Result<Answer, QueryError> {
        let (grid, scalar) = (matrix.grid, matrix.scalar && !evaluation.range);
        let plan = build::answer(matrix, &run)?;
        let steps = Steps {
            start: gw_base::Timestamp::from_nanos(grid.start),
            step: Duration::from_nanos(u64::try_from(grid.step).unwrap_or(0)),
            count: grid.count,
        };
        answers::matrix(plan, steps, scalar, (Arc::clone(&self.context), run))
    }

    async fn dispatch(&self, query: Query) -> Result<Answer, QueryError> {
        let closed = |_| QueryError::execute(Kind::Unavailable, "the query engine is shutting down");
        let came = self.options.world.elapsed();
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(closed)?;
        let run = self.run(&query, Some(slot));
        let waited = self.options.world.elapsed().saturating_sub(came);
        Cost::add(&run.cost.queued_nanos, waited.as_nanos() as usize);
        if matches!(query.request, Request::Expression { .. }) {
            return self.expression(&query, run).await;
        }
        let mut waiting = StopOnDrop(Some(Arc::clone(&run)));
        let answer = match &query.request {
            Request::Conditions { text, step, lookback } => {
                let evaluation = self.evaluation(&query, *step, *lookback)?;
                match self.matrix(Language::PromQl, text, evaluation, &run)? {
                    Some(matrix) => off_reactor(async move { answers::conditions(&matrix.node, run).await }).await,
                    None => Err(QueryError::parse("only queries for step matrices have conditions to count")),
                }
            }
            _ => off_reactor(direct(query, run)).await,
        };
        waiting.0 = None;
        answer
    }
}

/// Answers what needs no plan.
async fn direct(query: Query, run: Arc<Run>) -> Result<Answer, QueryError> {
    let range = query.range;
    match query.request {
        Request::Expression { .. } | Request::Conditions { .. } => {
            Err(QueryError::execute(Kind::Internal, "an expression needs a plan"))
        }
        Request::Names { signal, names, selectors, limit } => {
            answers::names(signal, &names, (&selectors, range), limit, run).await
        }
        Request::Metadata { metric, limit } => answers::metadata(metric.as_deref(), limit, &run),
        Request::Samples { selectors, newest } => answers::stored(selectors, range, newest, run).await,
        Request::Syntax { text, tree: true } => answers::text(promql::syntax_tree(&text)?, &run),
        Request::Syntax { text, tree: false } => answers::text(promql::formatted(&text)?, &run),
        Request::Exemplars { text } => answers::exemplars(&text, range, &run).await,
        Request::Traces(ids) => answers::traces(ids, range, run).await,
        Request::FindTraces(search) => answers::find_traces(search, range, run).await,
        Request::Services => answers::services(range, &run).await,
        Request::Operations { service } => answers::operations(&service, range, &run).await,
        Request::Dependencies => answers::dependencies(range, run).await,
        Request::Events(search) => answers::events(search, range, run).await,
        Request::Usage => answers::usage(&run),
    }
}

/// Runs work that may compute for long on the blocking pool.
async fn off_reactor(
    work: impl Future<Output = Result<Answer, QueryError>> + Send + 'static,
) -> Result<Answer, QueryError> {
    let handle = tokio::runtime::Handle::current();
    let ended = tokio::task::spawn_blocking(move || handle.block_on(work)).await;
    ended.map_err(|error| QueryError::execute(Kind::Internal, format!("the query broke off: {error}")))?
}

/// Stops a query whose asker went away before there was an answer.
struct StopOnDrop(Option<Arc<Run>>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(run) = &self.0 {
            run.stop();
        }
    }
}

impl Queries for Engine {
    fn query(&self, query: Query) -> BoxFuture<'_, Result<Answer, QueryError>> {
        Box::pin(self.dispatch(query))
    }
}
