//! `/api/gw/hosts/live`: this machine each second as server-sent events, for as long as somebody looks.
//!
//! Each who looks wakes at whole seconds and asks for a reading that is at most as old as that second, so all of them share
//! one reading, and none is made when nobody looks. A stream ends by itself after a while: the browser opens the next one,
//! and proves again who it is.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gw_base::{Kind, World};
use gw_collect::{HostPages, LiveReading};
use gw_serve::Fault;
use http::header;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Streams at the same time.
pub(crate) const STREAMS: usize = 64;
/// Readings of one stream.
const READINGS: u32 = 600;
const SECOND: Duration = Duration::from_secs(1);
/// A reading that is younger was made for the same second.
const SAME: Duration = Duration::from_millis(500);

/// What the route stands on.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) pages: Arc<HostPages>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) streams: Arc<Semaphore>,
}

/// One who looks.
struct Watcher {
    machine: Machine,
    _place: OwnedSemaphorePermit,
    layout: Option<u64>,
    left: u32,
}

/// The stream.
pub(crate) async fn stream(State(machine): State<Machine>) -> Result<Response, Fault> {
    let busy = || Fault::new(Kind::Busy, format!("{STREAMS} pages are watching this machine, close one of them"));
    let place = Arc::clone(&machine.streams).try_acquire_owned().map_err(|_full| busy())?;
    let missing = "this machine is not watched, set collect.host.enabled to true";
    let first = read(&machine).await?.ok_or_else(|| Fault::new(Kind::NotFound, missing))?;
    let watcher = Watcher { machine, _place: place, layout: None, left: READINGS };
    let begin = (Some(first), watcher);
    let events = futures_util::stream::unfold(begin, |(first, mut watcher)| async move {
        let reading = match first {
            Some(first) => first,
            None => watcher.next().await?,
        };
        let text = watcher.render(&reading);
        Some((Ok::<_, std::convert::Infallible>(text), (None, watcher)))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(events)).into_response())
}

async fn read(machine: &Machine) -> Result<Option<Arc<LiveReading>>, Fault> {
    let pages = Arc::clone(&machine.pages);
    let done = tokio::task::spawn_blocking(move || pages.live(SAME)).await;
    done.map_err(|error| Fault::new(Kind::Internal, format!("reading the machine: {error}")))
}

impl Watcher {
    /// The reading of the next whole second; `None` ends the stream.
    async fn next(&mut self) -> Option<Arc<LiveReading>> {
        self.left = self.left.checked_sub(1)?;
        let into = self.machine.world.now().nanos().rem_euclid(SECOND.as_nanos() as i64);
        self.machine.world.sleep(SECOND.saturating_sub(Duration::from_nanos(into.unsigned_abs()))).await;
        read(&self.machine).await.ok().flatten()
    }

    /// The events of a reading: its series where they are new to this stream, and its values in their order.
    fn render(&mut self, reading: &LiveReading) -> String {
        let mut text = String::new();
        if self.layout.replace(reading.layout) != Some(reading.layout) {
            let series = reading.series.iter().map(|series| {
                let labels: Map<String, Value> =
                    series.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                json!({"name": series.name, "labels": labels})
            });
            let series: Vec<Value> = series.collect();
            text = format!("retry: 1000\nevent: series\ndata: {}\n\n", Value::from(series));
        }
        let values = json!({"at": reading.at.to_string(), "values": reading.values});
        text + &format!("event: reading\ndata: {values}\n\n")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use gw_base::{FakeWorld, Timestamp};
    use gw_collect::LiveSeries;
    use gw_collect::host::config::HostConfig;

    use super::*;

    fn text(chunk: Option<Result<axum::body::Bytes, axum::Error>>) -> String {
        let bytes = chunk.expect("the stream goes on").expect("the stream does not fail");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn a_stream_tells_this_machine_each_second_and_gives_its_place_back() {
        let world = Arc::new(FakeWorld::new(Timestamp::from_secs(60), 1));
        let pages = HostPages::of(&HostConfig::default(), Arc::<FakeWorld>::clone(&world)).expect("defaults are right");
        let machine = Machine {
            pages: Arc::new(pages),
            world: Arc::<FakeWorld>::clone(&world),
            streams: Arc::new(Semaphore::new(1)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        runtime.block_on(async {
            let answer = stream(State(machine.clone())).await.expect("there is a place");
            assert!(stream(State(machine.clone())).await.is_err(), "there is no second place");
            let mut body = answer.into_body().into_data_stream();
            let first = text(body.next().await);
            assert!(first.contains("event: series") && first.contains("node_cpu_seconds_total"), "{first}");
            let later = async { world.advance(SECOND) };
            let (second, ()) = futures_util::future::join(body.next(), later).await;
            let second = text(second);
            assert!(second.contains("\"at\":\"1970-01-01T00:01:01Z\""), "{second}");
            drop(body);
            assert!(stream(State(machine)).await.is_ok(), "the place is free again");
        });
    }

    #[test]
    fn series_are_told_once_and_values_in_their_order() {
        let streams = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&streams).try_acquire_owned().expect("there is a place");
        let world = Arc::new(FakeWorld::new(Timestamp::EPOCH, 1));
        let machine = Machine { pages: Arc::default(), world, streams };
        let mut watcher = Watcher { machine, _place: place, layout: None, left: 1 };
        let labels = vec![("device".to_owned(), "sda\"".to_owned())];
        let series: Arc<[LiveSeries]> = vec![LiveSeries { name: "a".to_owned(), labels }].into();
        let values = vec![f64::NAN];
        let mut reading = LiveReading { at: Timestamp::from_secs(1), layout: 3, series, values };
        let expected = "retry: 1000\nevent: series\ndata: [{\"labels\":{\"device\":\"sda\\\"\"},\"name\":\"a\"}]\n\n\
                        event: reading\ndata: {\"at\":\"1970-01-01T00:00:01Z\",\"values\":[null]}\n\n";
        assert_eq!(watcher.render(&reading), expected);
        reading.values = vec![0.5];
        assert_eq!(
            watcher.render(&reading),
            "event: reading\ndata: {\"at\":\"1970-01-01T00:00:01Z\",\"values\":[0.5]}\n\n"
        );
    }
}
