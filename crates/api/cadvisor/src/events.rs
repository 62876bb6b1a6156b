//! Events: those that were, and a stream of those that come.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use gw_base::World;
use gw_collect::Containers;
use gw_collect::container::{Event, EventKind};
use serde_json::{Value, json};

use crate::params::EventFilter;

/// Distance of looks while somebody follows.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What cAdvisor calls a kind.
const fn kind(event: &Event) -> &'static str {
    match event.kind {
        EventKind::Created => "containerCreation",
        EventKind::Deleted => "containerDeletion",
        EventKind::OutOfMemory => "oom",
        EventKind::Killed { .. } => "oomKill",
    }
}

fn is_wanted(event: &Event, filter: &EventFilter) -> bool {
    let below = || event.path.strip_prefix(filter.path.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    filter.kinds.contains(&kind(event))
        && (event.path == filter.path || (filter.subcontainers && below()))
        && filter.start.is_none_or(|start| event.time >= start)
        && filter.end.is_none_or(|end| event.time <= end)
}

fn render(event: &Event) -> Value {
    let data = match &event.kind {
        EventKind::Killed { pid, process } => json!({"oom": {"pid": pid, "process_name": process}}),
        _ => json!({}),
    };
    json!({
        "container_name": event.path,
        "timestamp": event.time.to_string(),
        "event_type": kind(event),
        "event_data": data,
    })
}

/// The last events that are wanted, by time.
pub(crate) fn past(containers: &Containers, world: &Arc<dyn World>, filter: &EventFilter) -> Value {
    let (all, _) = containers.events(world, 0);
    let mut wanted: Vec<&Event> = all.iter().filter(|event| is_wanted(event, filter)).collect();
    wanted.sort_by_key(|event| (event.time, event.sequence));
    let skip = wanted.len().saturating_sub(filter.max);
    wanted.into_iter().skip(skip).map(render).collect()
}

struct Follower {
    containers: Containers,
    world: Arc<dyn World>,
    filter: EventFilter,
    next: u64,
}

impl Follower {
    /// Lines of what happened since the last time.
    async fn look(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        self.world.sleep(LOOK_EVERY).await;
        let (containers, world, since) = (self.containers.clone(), Arc::clone(&self.world), self.next);
        let looked = tokio::task::spawn_blocking(move || containers.events(&world, since)).await;
        let (events, next) = looked.ok()?;
        self.next = next;
        let lines: String = events
            .iter()
            .filter(|event| is_wanted(event, &self.filter))
            .map(|event| format!("{}\n", render(event)))
            .collect();
        Some((Ok(Bytes::from(lines)), self))
    }
}

/// A line of JSON for each event that comes, until the client goes.
pub(crate) async fn follow(containers: Containers, world: Arc<dyn World>, filter: EventFilter) -> Response {
    let first = {
        let (containers, world) = (containers.clone(), Arc::clone(&world));
        tokio::task::spawn_blocking(move || containers.events(&world, u64::MAX).1).await
    };
    let follower = Follower { containers, world, filter, next: first.unwrap_or(0) };
    Body::from_stream(stream::unfold(follower, Follower::look)).into_response()
}
