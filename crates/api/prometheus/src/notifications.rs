//! `/api/v1/notifications` and its live stream.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::reloads::{Outcome, Reloads, notification};
use crate::render;

/// Streams at the same time; upstream's default of `--web.max-notifications-subscribers`.
const MOST_STREAMS: usize = 16;

/// What people should know now.
pub(crate) fn list(reloads: &Reloads) -> Response {
    let active: Vec<Value> =
        Some(reloads.outcome()).filter(|outcome| !outcome.successful).map(notification).into_iter().collect();
    render::success(&json!(active).to_string())
}

/// The same as server-sent events, one at every change. Wire: no more streams are answered 204, so that browsers do not try
/// again.
pub(crate) fn live(reloads: &Arc<Reloads>) -> Response {
    if reloads.followers() >= MOST_STREAMS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let follower = reloads.follow();
    let first = *follower.borrow();
    let now = stream::iter((!first.successful).then(|| event(first)));
    let later = stream::unfold((follower, first.successful), |(mut follower, mut was)| async move {
        loop {
            follower.changed().await.ok()?;
            let outcome = *follower.borrow_and_update();
            if outcome.successful != was || !outcome.successful {
                was = outcome.successful;
                return Some((event(outcome), (follower, was)));
            }
        }
    });
    // A comment opens the stream at once: readers learn that they are connected before anything happens.
    let opening = stream::iter([Bytes::from_static(b": connected\n\n")]);
    let body = opening.chain(now).chain(later).map(Ok::<_, std::convert::Infallible>);
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(body)).into_response()
}

fn event(outcome: Outcome) -> Bytes {
    Bytes::from(format!("data: {}\n\n", notification(outcome)))
}
