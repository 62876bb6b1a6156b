//! `/loki/api/v1/tail`: new lines of a query over a websocket, at most a fifth of a second after they are stored.

use std::collections::VecDeque;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampNanosecondType, UInt32Type};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use gw_base::labels::hash_bytes;
use gw_base::{Set, Tenant, TimeRange, Timestamp};
use gw_batch::{Direction, Language, Query, Request, Shape};
use gw_serve::{Params, Services, collect};
use http::HeaderMap;

use crate::errors::LokiError;
use crate::params;
use crate::render::{Encoding, Streams};

/// Pause between two looks at the store.
const PERIOD: Duration = Duration::from_millis(200);
/// How far back each look reaches: lines that arrive late by less than this are still shown.
const OVERLAP: Duration = Duration::from_secs(10);
/// Lines remembered as already sent.
const REMEMBERED: usize = 50_000;
/// Lines of one look.
const LINES: usize = 5000;
/// Wire: `delay_for` may be 0 to 5 seconds.
const MOST_DELAY: u64 = 5;

/// Opens the tail.
pub(crate) async fn tail(
    State(services): State<Services>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
    given: Params,
) -> Result<Response, LokiError> {
    let delay = match given.get("delay_for").map(str::parse::<u64>) {
        None => 0,
        Some(Ok(delay)) if delay <= MOST_DELAY => delay,
        Some(_) => return Err(LokiError::bad(format!("delay_for can't be greater than {MOST_DELAY}"))),
    };
    let now = services.world.now();
    let mut tail = Tail {
        tenant: params::tenant(&headers)?,
        text: given.get("query").unwrap_or("").to_owned(),
        limit: params::limit(&given)?,
        from: params::time(&given, "start")?.unwrap_or_else(|| now - Duration::from_hours(1)),
        delay: Duration::from_secs(delay),
        encoding: Encoding::of(&headers),
        seen: Set::default(),
        order: VecDeque::new(),
        services,
    };
    // A wrong query is refused before the upgrade, with a status that clients show.
    let first = tail.look(tail.limit).await?;
    Ok(upgrade.on_upgrade(move |socket| tail.run(socket, first)))
}

struct Tail {
    services: Services,
    tenant: Tenant,
    text: String,
    limit: usize,
    from: Timestamp,
    delay: Duration,
    encoding: Encoding,
    seen: Set<u64>,
    order: VecDeque<u64>,
}

impl Tail {
    async fn run(mut self, mut socket: WebSocket, first: Option<String>) {
        let mut frame = first;
        loop {
            if let Some(text) = frame.take()
                && socket.send(Message::Text(text.into())).await.is_err()
            {
                return;
            }
            tokio::select! {
                () = self.services.world.sleep(PERIOD) => {}
                message = socket.recv() => match message {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return,
                    Some(Ok(_)) => continue,
                },
            }
            frame = match self.look(LINES).await {
                Ok(frame) => frame,
                Err(error) => return close(socket, error.message()).await,
            };
        }
    }

    /// The frame of lines that are new since the last look.
    async fn look(&mut self, limit: usize) -> Result<Option<String>, LokiError> {
        let end = self.services.world.now() - self.delay;
        let request = Request::Expression {
            language: Language::LogQl,
            text: self.text.clone(),
            step: Some(Duration::from_secs(1)),
            lookback: None,
            // The first look shows the newest lines up to the limit; later ones follow in order.
            direction: if self.order.is_empty() { Direction::Backward } else { Direction::Forward },
            limit: Some(limit),
            reading: gw_batch::Reading::default(),
        };
        let range = TimeRange::new(self.from, end);
        let query = Query { tenant: self.tenant.clone(), request, range, limits: self.services.limits.clone() };
        let mut answer = self.services.queries.query(query).await?;
        if answer.shape != Shape::Lines {
            return Err(LokiError::bad("only log queries can be tailed"));
        }
        let batches = collect(&mut answer).await?;
        let mut streams = Streams::default();
        for batch in &batches {
            if let Some(fresh) = self.unseen(batch) {
                streams.add(&fresh, self.encoding);
            }
        }
        self.from = self.from.max(end - OVERLAP);
        if streams.is_empty() {
            return Ok(None);
        }
        let mut out = String::from("{\"streams\":");
        streams.push(&mut out);
        out.push('}');
        Ok(Some(out))
    }

    fn unseen(&mut self, batch: &RecordBatch) -> Option<RecordBatch> {
        let times = batch.column_by_name("time")?.as_primitive_opt::<TimestampNanosecondType>()?.clone();
        let lines = batch.column_by_name("line")?.as_string_opt::<i32>()?.clone();
        let streams = batch.column_by_name("stream")?.as_dictionary_opt::<UInt32Type>()?.clone();
        let sets = streams.values().as_binary_opt::<i32>()?.clone();
        let mut ranges: Vec<RecordBatch> = Vec::new();
        for row in 0..batch.num_rows() {
            let stream = hash_bytes(sets.value(streams.keys().value(row) as usize));
            let key = hash_bytes(lines.value(row).as_bytes())
                ^ stream.rotate_left(17)
                ^ (times.value(row) as u64).rotate_left(31);
            if self.seen.insert(key) {
                self.order.push_back(key);
                ranges.push(batch.slice(row, 1));
            }
        }
        while self.order.len() > REMEMBERED {
            if let Some(old) = self.order.pop_front() {
                self.seen.remove(&old);
            }
        }
        match ranges.len() {
            0 => None,
            n if n == batch.num_rows() => Some(batch.clone()),
            _ => arrow_select::concat::concat_batches(&batch.schema(), &ranges).ok(),
        }
    }
}

async fn close(mut socket: WebSocket, reason: &str) {
    let mut end = reason.len().min(120);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = Utf8Bytes::from(reason.get(..end).unwrap_or_default().to_owned());
    let frame = CloseFrame { code: axum::extract::ws::close_code::ERROR, reason };
    if let Err(error) = socket.send(Message::Close(Some(frame))).await {
        tracing::debug!(%error, "the tail's client left before the close frame");
    }
}
