//! `/api/v1/read`: another Prometheus reads our samples.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gw_base::labels::Iter;
use gw_base::{Kind, Labels, Limits, MatchOp, Matcher};
use gw_batch::{Answer, Query, QueryError, Request, Selector, SeriesRow};
use gw_formats::remote_read::{self, ChunkedWriter, ReadQuery, ResponseType, SamplesWriter};
use gw_serve::{Services, Upload};
use http::{StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::room::Operations;

const CONTENT_TYPE: &str = "application/x-protobuf";
const STREAM_CONTENT_TYPE: &str = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/// Who reads, with what bounds.
#[derive(Clone)]
struct Reader {
    services: Services,
    external: Labels,
    samples: usize,
}

/// Answers a read request in the best form that its sender takes. Wire: errors are plain text.
pub(crate) async fn read(operations: Operations, services: Services, upload: Upload) -> Result<Response, Response> {
    let _running = operations.observed.begin_read();
    let slots = Arc::clone(&operations.reads);
    let slot = slots.acquire_owned().await.map_err(|_closed| plain(StatusCode::SERVICE_UNAVAILABLE, "stopping"))?;
    let request = remote_read::decode(&upload.body, &services.limits);
    let request = request.map_err(|error| plain(StatusCode::BAD_REQUEST, &error.to_string()))?;
    let reader =
        Reader { services, external: (operations.external_labels)(), samples: operations.settings.read.samples };
    let answers = reader.open(&request.queries).await?;
    // Wire: of the kinds that the client takes, its first counts.
    if request.accepted.first() == Some(&ResponseType::StreamedXorChunks) {
        return Ok(reader.stream(answers, ChunkedWriter::new(operations.settings.read.frame_bytes), slot));
    }
    reader.written(answers, slot).await
}

/// The slots of reads at the same time.
pub(crate) fn slots(concurrent: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(concurrent.clamp(1, Semaphore::MAX_PERMITS)))
}

/// An answer whose first batch was read already.
struct Opened {
    first: Option<arrow_array::RecordBatch>,
    rest: Answer,
}

impl Reader {
    /// Starts all queries and waits for their first batches, so that what fails does so before the answer begins.
    async fn open(&self, queries: &[ReadQuery]) -> Result<Vec<Opened>, Response> {
        let mut opened = Vec::with_capacity(queries.len());
        for query in queries {
            let mut rest = self.services.queries.query(self.query(query)).await.map_err(|error| self.failed(&error))?;
            let first = rest.batches.next().await.transpose().map_err(|error| self.failed(&error))?;
            opened.push(Opened { first, rest });
        }
        Ok(opened)
    }

    fn query(&self, query: &ReadQuery) -> Query {
        let matchers = query.matchers.iter().map(|matcher| without_external(matcher, &self.external)).collect();
        Query {
            tenant: self.services.default_tenant(),
            request: Request::Samples { selectors: vec![Selector::Matchers(matchers)], newest: false },
            range: query.range,
            limits: Limits { query_samples: self.samples, ..self.services.limits.clone() },
        }
    }

    async fn written(&self, answers: Vec<Opened>, slot: OwnedSemaphorePermit) -> Result<Response, Response> {
        let mut writer = SamplesWriter::default();
        for mut answer in answers {
            writer.result();
            let mut next = answer.first.take();
            while let Some(batch) = next {
                for row in SeriesRow::iter(&batch) {
                    writer.series(self.labels(row.labels), &row);
                }
                next = answer.rest.batches.next().await.transpose().map_err(|error| self.failed(&error))?;
            }
        }
        let body = writer.finish().map_err(|error| plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))?;
        drop(slot);
        Ok(([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CONTENT_ENCODING, "snappy")], body).into_response())
    }

    /// Frames as they are read: what is in memory is one batch, whatever was asked for.
    fn stream(self, answers: Vec<Opened>, writer: ChunkedWriter, slot: OwnedSemaphorePermit) -> Response {
        let queries = stream::iter(answers.into_iter().enumerate());
        let frames = queries.flat_map(move |(number, answer)| {
            let reader = self.clone();
            let batches = stream::iter(answer.first.map(Ok)).chain(answer.rest.batches);
            batches.map(move |batch| batch.map(|batch| reader.frames(number, &batch, writer)))
        });
        // The slot is free again when the last frame was taken, or the client went away.
        let held = frames.map(move |frames| {
            let _held = &slot;
            frames
        });
        ([(header::CONTENT_TYPE, STREAM_CONTENT_TYPE)], Body::from_stream(held)).into_response()
    }

    fn frames(&self, number: usize, batch: &arrow_array::RecordBatch, writer: ChunkedWriter) -> Bytes {
        let mut frames = Vec::new();
        for row in SeriesRow::iter(batch) {
            frames.extend_from_slice(&writer.series(number, &self.labels(row.labels), &row));
        }
        Bytes::from(frames)
    }

    /// The labels of a series with the external ones that it lacks, sorted.
    fn labels<'a>(&'a self, canonical: &'a [u8]) -> Vec<(&'a str, &'a str)> {
        let mut labels: Vec<(&str, &str)> = Iter::over(canonical).collect();
        let own = labels.len();
        for (name, value) in self.external.iter() {
            if !labels[..own].iter().any(|(other, _)| *other == name) {
                labels.push((name, value));
            }
        }
        labels.sort_unstable();
        labels
    }

    fn failed(&self, error: &QueryError) -> Response {
        match error.kind {
            // Wire: upstream's words (storage/remote/codec.go).
            Kind::TooMuch => plain(StatusCode::BAD_REQUEST, &format!("exceeded sample limit ({})", self.samples)),
            kind => plain(gw_serve::status_of(kind), &error.message),
        }
    }
}

/// Wire: a condition that an external label fulfils must find series without that label: they get it on the way out.
fn without_external(matcher: &Matcher, external: &Labels) -> Matcher {
    let fulfilled = matcher.op == MatchOp::Equal && external.get(&matcher.name) == Some(&matcher.value);
    if fulfilled { Matcher::equal(matcher.name.clone(), "") } else { matcher.clone() }
}

fn plain(status: StatusCode, message: &str) -> Response {
    (status, format!("{message}\n")).into_response()
}
