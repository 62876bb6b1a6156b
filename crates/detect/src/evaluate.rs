//! One evaluation of one group: ask, expand, step, write, hand alerts on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gw_base::{Alert, Labels, METRIC_NAME, Timestamp, World};
use gw_batch::{Histogram, MetricsBuilder, Queries, STALE_NAN_BITS};
use gw_intake::Intake;
use tokio::sync::mpsc;

use crate::ask::{Asker, Reply};
use crate::book::{AlertView, GroupView, Health, RuleBook, RuleView};
use crate::detector::Options;
use crate::events;
use crate::machine::{self, Bounds, Element, Machine, Pace, merge_labels};
use crate::restore;
use crate::rules::{Alerting, Group, GroupKey, Rule, RuleKind};
use crate::schedule::Schedule;
use crate::template::{Answered, Data, Expansion, Sample, Template};

/// What the evaluations of all groups share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) asker: Asker,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) intake: Intake,
    pub(crate) alerts: mpsc::Sender<Vec<Alert>>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) book: Arc<RuleBook>,
}

/// A group and all that it remembers from one evaluation to the next.
#[derive(Debug)]
pub(crate) struct GroupRun {
    pub(crate) key: GroupKey,
    pub(crate) schedule: Schedule,
    interval: Duration,
    query_offset: Duration,
    limit: usize,
    rules: Vec<RuleRun>,
    /// Series of rules that a reload took away; they are marked stale by the next evaluation.
    orphans: BTreeSet<Labels>,
    last_evaluation: Option<Timestamp>,
    evaluation_time: Duration,
    iterations: u64,
    pub(crate) missed: u64,
}

#[derive(Debug)]
struct RuleRun {
    rule: Arc<Rule>,
    machine: Machine,
    restored: bool,
    /// Series written by the last evaluation that worked.
    series: BTreeSet<Labels>,
    health: Health,
    last_error: Option<String>,
    last_evaluation: Option<Timestamp>,
    evaluation_time: Duration,
    evaluations: u64,
    failures: u64,
}

/// A sample of a rule's result.
type Row = (Labels, f64, Option<Histogram>);

impl GroupRun {
    /// Takes over what `old`, the same group before a reload, remembers of rules that are still there.
    pub(crate) fn new(group: &Group, options: &Options, old: Option<Self>) -> Self {
        let interval = group.interval.unwrap_or(options.interval);
        let (mut known, last_evaluation) = old.map_or((Vec::new(), None), |old| (old.rules, old.last_evaluation));
        let mut take = |rule: &Arc<Rule>| {
            let same = |old: &RuleRun| {
                old.rule.name == rule.name && old.rule.labels == rule.labels && is_alike(&old.rule, rule)
            };
            let found = known.iter().position(same).map(|at| known.remove(at));
            found.map_or_else(|| RuleRun::new(rule), |old| RuleRun { rule: Arc::clone(rule), ..old })
        };
        let rules = group.rules.iter().map(&mut take).collect();
        Self {
            key: group.key(),
            schedule: Schedule::new(&group.key(), interval),
            interval,
            query_offset: group.query_offset.unwrap_or(options.query_offset),
            limit: group.limit,
            rules,
            orphans: known.into_iter().flat_map(|old| old.series).collect(),
            last_evaluation,
            evaluation_time: Duration::ZERO,
            iterations: 0,
            missed: 0,
        }
    }

    /// Evaluates all rules in order at `slot`; later rules see what earlier ones wrote.
    pub(crate) async fn evaluate(&mut self, slot: Timestamp, shared: &Shared) {
        let started = shared.world.elapsed();
        let at = slot - self.query_offset;
        let orphans = std::mem::take(&mut self.orphans);
        if let Err(error) = write(shared, at, &[], orphans.iter()).await {
            tracing::warn!(group = %self.key.name, %error, "series of removed rules are not marked as ended");
        }
        let settings = Settings { slot, at, interval: self.interval, limit: self.limit };
        for rule in &mut self.rules {
            rule.evaluate(&settings, shared).await;
        }
        self.iterations += 1;
        self.last_evaluation = Some(slot);
        self.evaluation_time = shared.world.elapsed().saturating_sub(started);
    }

    /// Marks the series of a group that is gone as ended.
    pub(crate) async fn retire(self, shared: &Shared) {
        let series: BTreeSet<Labels> =
            self.rules.into_iter().flat_map(|rule| rule.series).chain(self.orphans).collect();
        let at = shared.world.now() - self.query_offset;
        if let Err(error) = write(shared, at, &[], series.iter()).await {
            tracing::warn!(group = %self.key.name, %error, "series of a removed group are not marked as ended");
        }
    }

    /// As it is shown.
    pub(crate) fn view(&self) -> GroupView {
        GroupView {
            key: self.key.clone(),
            interval: self.interval,
            query_offset: self.query_offset,
            limit: self.limit,
            last_evaluation: self.last_evaluation,
            evaluation_time: self.evaluation_time,
            iterations: self.iterations,
            missed: self.missed,
            rules: self.rules.iter().map(RuleRun::view).collect(),
        }
    }
}

fn is_alike(a: &Rule, b: &Rule) -> bool {
    a.alerting().is_some() == b.alerting().is_some()
}

/// When and within which bounds a rule is evaluated.
struct Settings {
    /// The slot: the time of alerts.
    slot: Timestamp,
    /// The slot less the query offset: the time of queries and samples.
    at: Timestamp,
    interval: Duration,
    limit: usize,
}

impl RuleRun {
    fn new(rule: &Arc<Rule>) -> Self {
        Self {
            rule: Arc::clone(rule),
            machine: Machine::default(),
            restored: false,
            series: BTreeSet::new(),
            health: Health::Unknown,
            last_error: None,
            last_evaluation: None,
            evaluation_time: Duration::ZERO,
            evaluations: 0,
            failures: 0,
        }
    }

    async fn evaluate(&mut self, settings: &Settings, shared: &Shared) {
        let started = shared.world.elapsed();
        let outcome = self.attempt(settings, shared).await;
        self.evaluations += 1;
        self.last_evaluation = Some(settings.slot);
        self.evaluation_time = shared.world.elapsed().saturating_sub(started);
        match outcome {
            Ok(()) => (self.health, self.last_error) = (Health::Good, None),
            Err(error) => {
                tracing::warn!(rule = %self.rule.name, %error, "rule failed");
                self.failures += 1;
                (self.health, self.last_error) = (Health::Bad, Some(error));
            }
        }
    }

    async fn attempt(&mut self, settings: &Settings, shared: &Shared) -> Result<(), String> {
        let rule = Arc::clone(&self.rule);
        let replies = shared.asker.vector(&*shared.queries, &rule.query, settings.at, None).await?;
        let rows = match &rule.kind {
            RuleKind::Recording => record(&rule, replies, settings.limit)?,
            RuleKind::Alerting(alerting) => {
                if !self.restored {
                    self.machine.remember(restore::remembered(&rule, settings.slot, settings.interval, shared).await);
                    self.restored = true;
                }
                let elements = expand(&rule, alerting, replies, settings.at, shared).await;
                let bounds = Bounds { limit: settings.limit, grace: shared.options.grace };
                let before = self.machine.firing();
                let series = self.machine.step(alerting, settings.slot, elements, bounds)?;
                events::tell(&before, &self.machine.firing(), settings.slot, shared).await;
                series.into_iter().map(|(labels, value)| (labels, value, None)).collect()
            }
        };
        self.hand_on(settings, shared);
        let written: BTreeSet<Labels> = rows.iter().map(|(labels, _, _)| labels.clone()).collect();
        let before = std::mem::replace(&mut self.series, written);
        write(shared, settings.at, &rows, before.difference(&self.series)).await
    }

    /// Hands due alerts to the dispatcher. When its queue is full they stay due.
    fn hand_on(&mut self, settings: &Settings, shared: &Shared) {
        let options = &shared.options;
        let pace = Pace {
            interval: settings.interval,
            resend_delay: options.resend_delay,
            external_url: &options.external_url,
        };
        if self.rule.alerting().is_none() {
            return;
        }
        match shared.alerts.try_reserve() {
            Ok(place) => {
                let due = self.machine.due(&self.rule, settings.slot, &pace);
                if !due.is_empty() {
                    place.send(due);
                }
            }
            Err(error) => tracing::warn!(rule = %self.rule.name, %error, "alerts wait for the next evaluation"),
        }
    }

    fn view(&self) -> RuleView {
        let alert = |(labels, active): (&Labels, &machine::Active)| AlertView {
            labels: labels.clone(),
            annotations: active.annotations.clone(),
            state: active.state,
            active_at: active.active_at,
            keep_firing_since: active.keep_firing_since,
            value: active.value,
        };
        RuleView {
            rule: Arc::clone(&self.rule),
            health: self.health,
            last_error: self.last_error.clone(),
            last_evaluation: self.last_evaluation,
            evaluation_time: self.evaluation_time,
            evaluations: self.evaluations,
            failures: self.failures,
            state: self.machine.state(),
            alerts: self.machine.alerts().map(alert).collect(),
        }
    }
}

/// The rows of a recording rule.
fn record(rule: &Rule, replies: Vec<Reply>, limit: usize) -> Result<Vec<Row>, String> {
    let mut rows = BTreeMap::new();
    let count = replies.len();
    for reply in replies {
        let mut labels = reply.labels.to_builder();
        labels.set(METRIC_NAME, rule.name.as_str());
        for (name, value) in &rule.labels {
            labels.set(name, value);
        }
        rows.insert(labels.build(), (reply.value, reply.histogram));
    }
    if rows.len() < count {
        return Err("vector contains metrics with the same labelset after applying rule labels".to_owned());
    }
    if limit > 0 && count > limit {
        return Err(format!("exceeded limit of {limit} with {count} series"));
    }
    Ok(rows.into_iter().map(|(labels, (value, histogram))| (labels, value, histogram)).collect())
}

/// Expands the templates of an alerting rule for each element.
async fn expand(rule: &Rule, alerting: &Alerting, replies: Vec<Reply>, at: Timestamp, shared: &Shared) -> Vec<Element> {
    let mut answered = Answered::default();
    let mut elements = Vec::with_capacity(replies.len());
    for reply in replies {
        let data = Arc::new(Data {
            labels: reply.labels.clone(),
            external_labels: shared.options.external_labels.clone(),
            external_url: shared.options.external_url.clone(),
            value: reply.value,
        });
        let mut texts = [Vec::new(), Vec::new()];
        for (texts, templates) in texts.iter_mut().zip([&alerting.label_templates, &alerting.annotation_templates]) {
            for (name, template) in templates {
                texts.push((name.clone(), expand_one(rule, template, &data, at, &mut answered, shared).await));
            }
        }
        let [labels, annotations] = texts;
        elements.push(Element {
            labels: merge_labels(&reply.labels, labels, &rule.name),
            annotations: Labels::from_pairs(annotations),
            value: reply.value,
        });
    }
    elements
}

#[expect(clippy::too_many_arguments, reason = "the six are one step of a loop over two lists")]
async fn expand_one(
    rule: &Rule,
    template: &Template,
    data: &Arc<Data>,
    at: Timestamp,
    answered: &mut Answered,
    shared: &Shared,
) -> String {
    loop {
        match template.expand(data, at, answered) {
            Expansion::Done(text) => return text,
            Expansion::Needs(query) => {
                let replies = shared.asker.vector(&*shared.queries, &query, at, None).await;
                let sample = |reply: Reply| Sample { labels: reply.labels, value: reply.value };
                answered.put(query, replies.map(|replies| replies.into_iter().map(sample).collect()));
            }
            Expansion::Failed(error) => {
                tracing::warn!(rule = %rule.name, %error, "template failed");
                let name = format!("__alert_{}", rule.name);
                return format!(
                    "<error expanding template: error executing template {name}: template: {name}:{}: executing \"{name}\": {}>",
                    error.line, error.message
                );
            }
        }
    }
}

/// Writes samples, and stale markers for series that ended.
async fn write<'a>(
    shared: &Shared,
    at: Timestamp,
    rows: &[Row],
    ended: impl Iterator<Item = &'a Labels>,
) -> Result<(), String> {
    let mut builder = MetricsBuilder::default();
    for (labels, value, histogram) in rows {
        let series = builder.series(labels);
        match histogram {
            Some(histogram) => builder.histogram(series, at, histogram, None),
            None => builder.sample(series, at, *value),
        }
    }
    for labels in ended {
        let series = builder.series(labels);
        builder.sample(series, at, f64::from_bits(STALE_NAN_BITS));
    }
    if builder.is_empty() {
        return Ok(());
    }
    let batch = builder.finish(shared.asker.tenant.clone());
    let receipt = shared.intake.send(vec![batch]).await.map_err(|error| error.to_string())?;
    match receipt.refused.first() {
        Some(refusal) => Err(format!("{} samples were not stored: {}", refusal.rows, refusal.message)),
        None => Ok(()),
    }
}
