//! Runs the groups: each at its own slots, all of them replaced at once by a reload.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gw_base::{Alert, Labels, Limits, Tenant, World, time::nanos_of};
use gw_batch::Queries;
use gw_intake::Intake;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ask::Asker;
use crate::book::RuleBook;
use crate::evaluate::{GroupRun, Shared};
use crate::rules::{Group, GroupKey};

/// Groups that are evaluated at the same time.
const AT_ONCE: usize = 4;

/// How rules are evaluated.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose data.
    pub tenant: Tenant,
    /// Limits of each query.
    pub limits: Limits,
    /// How often, for groups that do not say.
    pub interval: Duration,
    /// How far in the past, for groups that do not say.
    pub query_offset: Duration,
    /// Least time between two sendings of one alert.
    pub resend_delay: Duration,
    /// Longest outage after which alerts go on where they were.
    pub outage_tolerance: Duration,
    /// Least time between a restart and the firing of an alert that was pending.
    pub grace: Duration,
    /// `$externalLabels` of templates.
    pub external_labels: Labels,
    /// Where links of alerts lead.
    pub external_url: String,
}

impl Default for Options {
    /// Prometheus' defaults.
    fn default() -> Self {
        Self {
            tenant: Tenant::default(),
            limits: Limits::default(),
            interval: Duration::from_mins(1),
            query_offset: Duration::ZERO,
            resend_delay: Duration::from_mins(1),
            outage_tolerance: Duration::from_hours(1),
            grace: Duration::from_mins(10),
            external_labels: Labels::empty(),
            external_url: String::new(),
        }
    }
}

/// Evaluates rules. Cloning shares it.
#[derive(Clone)]
pub struct Detector {
    shared: Arc<Shared>,
    groups: Arc<watch::Sender<Arc<[Group]>>>,
    turns: Arc<Semaphore>,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detector").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl Detector {
    /// A detector without rules. Alerts go into `alerts`, results into `intake`.
    #[must_use]
    pub fn new(
        options: Options,
        queries: Arc<dyn Queries>,
        intake: Intake,
        alerts: mpsc::Sender<Vec<Alert>>,
        world: Arc<dyn World>,
    ) -> Self {
        let asker = Asker { tenant: options.tenant.clone(), limits: options.limits.clone() };
        let shared = Shared { options, asker, queries, intake, alerts, world, book: Arc::default() };
        let groups = Arc::new(watch::Sender::new(Arc::from([])));
        Self { shared: Arc::new(shared), groups, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Replaces all groups. Rules that stay keep their alerts, also while a changed group starts anew.
    pub fn load(&self, groups: Vec<Group>) {
        self.groups.send_replace(Arc::from(groups));
    }

    /// What the rules do right now.
    #[must_use]
    pub fn book(&self) -> Arc<RuleBook> {
        Arc::clone(&self.shared.book)
    }

    /// Evaluates until cancelled.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut changes = self.groups.subscribe();
        changes.mark_changed();
        let mut runs: BTreeMap<GroupKey, GroupRun> = BTreeMap::new();
        let mut tasks: JoinSet<GroupRun> = JoinSet::new();
        let mut stop = cancel.child_token();
        loop {
            let stopped = tokio::select! {
                () = cancel.cancelled() => true,
                changed = changes.changed() => changed.is_err(),
            };
            stop.cancel();
            while let Some(ended) = tasks.join_next().await {
                match ended {
                    Ok(run) => drop(runs.insert(run.key.clone(), run)),
                    Err(error) => tracing::error!(%error, "a rule group ended by a fault of ours and starts anew"),
                }
            }
            if stopped {
                return;
            }
            stop = cancel.child_token();
            let groups = Arc::clone(&changes.borrow_and_update());
            for group in groups.iter() {
                let run = GroupRun::new(group, &self.shared.options, runs.remove(&group.key()));
                self.shared.book.write(run.view());
                tasks.spawn(self.clone().run_group(run, stop.clone()));
            }
            self.shared.book.keep(&groups.iter().map(Group::key).collect::<Vec<_>>());
            for (_, gone) in std::mem::take(&mut runs) {
                gone.retire(&self.shared).await;
            }
        }
    }

    async fn run_group(self, mut run: GroupRun, stop: CancellationToken) -> GroupRun {
        let world = Arc::clone(&self.shared.world);
        let mut slot = run.schedule.after(run.schedule.slot(world.now()));
        loop {
            let mut wait = slot.since(world.now());
            if wait > nanos_of(run.schedule.interval()) {
                // The wall clock was set back: waiting for the old slot would leave a hole.
                slot = run.schedule.after(run.schedule.slot(world.now()));
                wait = slot.since(world.now());
            }
            let turn = async {
                world.sleep(Duration::from_nanos(wait.max(0).unsigned_abs())).await;
                let _turn = self.turns.acquire().await;
                run.evaluate(slot, &self.shared).await;
            };
            tokio::select! {
                () = stop.cancelled() => return run,
                () = turn => {}
            }
            let (next, missed) = run.schedule.next(slot, world.now());
            run.missed += missed;
            slot = next;
            self.shared.book.write(run.view());
        }
    }
}
