//! Containers as a collector: rows for the store, and what happened as events.

use std::sync::Arc;
use std::time::Duration;

use gw_base::{BoxFuture, Labels};
use gw_batch::{Batch, EventRow, EventsBuilder};

use super::{Event, EventKind, JOB};
use crate::collector::{About, Collector, CollectorKind, Output, Run, Source, Spec};
use crate::config::CollectConfig;
use crate::runtime::{Context, Inputs};

/// Runs between two tellings of types and helps.
const METADATA_EVERY: u64 = 240;
/// OpenTelemetry's numbers for information and errors.
const INFO: u8 = 9;
const ERROR: u8 = 17;

/// Watching containers.
pub(crate) const KIND: CollectorKind = CollectorKind {
    about: About {
        name: "containers",
        product: "cAdvisor",
        summary: "Reads CPU, memory, disks and network of containers and control groups, and their kills for lack of memory.",
        config_key: "collect.containers",
    },
    source: || Box::new(ContainerPlan::default()),
};

#[derive(Debug, Default)]
struct ContainerPlan {
    config: Option<Arc<CollectConfig>>,
    versions: u64,
}

impl Source for ContainerPlan {
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>> {
        let before = self.config.replace(Arc::clone(&inputs.config));
        let config = &inputs.config.containers;
        if before.is_some_and(|before| before.containers == *config) {
            return None;
        }
        if !config.enabled {
            inputs.context.containers.switch_off();
            return Some(Vec::new());
        }
        if let Err(error) = inputs.context.containers.set_up(config) {
            tracing::error!(%error, "containers cannot be watched");
            return Some(Vec::new());
        }
        self.versions += 1;
        let context = Arc::clone(&inputs.context);
        let interval = config.interval.get();
        let build = move || -> Box<dyn Collector> {
            Box::new(ContainerCollector { context: Arc::clone(&context), runs: 0, next_event: 0 })
        };
        Some(vec![Spec {
            id: "containers".to_owned(),
            fingerprint: self.versions,
            interval,
            deadline: interval.max(Duration::from_secs(20)),
            seed: 1,
            keep: false,
            listed: true,
            build: Arc::new(build),
        }])
    }
}

struct ContainerCollector {
    context: Arc<Context>,
    runs: u64,
    next_event: u64,
}

impl Collector for ContainerCollector {
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let with_metadata = self.runs.is_multiple_of(METADATA_EVERY);
            self.runs += 1;
            let (context, since) = (Arc::clone(&self.context), self.next_event);
            let read = move || {
                let instance = context.options.host_name.as_str();
                let rows = context.containers.rows(&context.world, (run.at, instance), with_metadata);
                let (events, next) = context.containers.events(&context.world, since);
                let tenant = context.options.tenant.clone();
                let mut batches = Vec::new();
                if !rows.is_empty() {
                    batches.push(rows.finish(tenant.clone()));
                }
                batches.extend(events_batch(&events, instance, &tenant));
                (batches, next)
            };
            match tokio::task::spawn_blocking(read).await {
                Ok((batches, next)) => {
                    self.next_event = next;
                    Output { batches, ..Output::default() }
                }
                Err(error) => Output::failed(format!("reading containers: {error}")),
            }
        })
    }
}

/// What happened, for timelines and alerts; `None` when nothing did.
fn events_batch(events: &[Event], instance: &str, tenant: &gw_base::Tenant) -> Option<Batch> {
    let mut rows = EventsBuilder::default();
    for event in events {
        let subject = [("job", JOB), ("instance", instance), ("id", &event.path), ("name", &event.name)];
        let subject = Labels::from_pairs(subject.into_iter().filter(|(_, value)| !value.is_empty()));
        let who = if event.name.is_empty() { &event.path } else { &event.name };
        let (kind, severity, title) = match &event.kind {
            EventKind::Created => ("container.created", INFO, format!("{who} was created")),
            EventKind::Deleted => ("container.deleted", INFO, format!("{who} was removed")),
            EventKind::OutOfMemory => ("container.oom", ERROR, format!("{who} ran out of memory")),
            EventKind::Killed { pid, process } => {
                ("container.oom_kill", ERROR, format!("{process} ({pid}) in {who} was killed for lack of memory"))
            }
        };
        let row = EventRow { time: event.time, kind, severity: Some(severity), title: &title, ..EventRow::default() };
        rows.push(&subject, &row);
    }
    (!rows.is_empty()).then(|| rows.finish(tenant.clone()))
}
