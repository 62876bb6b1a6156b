//! Silences: what is refused, how they change, in which order they are listed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gw_alert::{SilenceRequest, Silences};
use gw_base::{FakeWorld, HasKind, Kind, Labels, MatchOp, Matcher, Timestamp, World};
use gw_state::{SilenceState, State};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_hours(1);

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

async fn open(name: &str, world: &FakeWorld) -> (Silences, Folder) {
    let folder = Folder(std::env::temp_dir().join(format!("gw-silences-{}-{name}", std::process::id())));
    let shared: Arc<dyn World> = Arc::new(world.clone());
    let state = State::open(&folder.0, Arc::clone(&shared)).await.unwrap();
    (Silences::open(state, shared).await.unwrap(), folder)
}

fn request(matchers: Vec<Matcher>) -> SilenceRequest {
    SilenceRequest {
        id: None,
        matchers,
        starts_at: NOW,
        ends_at: NOW + HOUR,
        created_by: "admin".to_owned(),
        comment: "c".to_owned(),
    }
}

#[tokio::test]
async fn invalid_ones_are_refused() {
    let (silences, _folder) = open("invalid", &FakeWorld::new(NOW, 1)).await;
    let good = || vec![Matcher::equal("a", "b")];
    let matcher = |op, value: &str| vec![Matcher::new("a", op, value)];
    for (request, words) in [
        (request(vec![]), "at least one matcher required"),
        (request(matcher(MatchOp::Equal, "")), "at least one matcher must not match the empty string"),
        (request(matcher(MatchOp::Regex, "")), "at least one matcher must not match the empty string"),
        (request(matcher(MatchOp::NotEqual, "b")), "at least one matcher must not match the empty string"),
        (request(matcher(MatchOp::Regex, "((")), "invalid regular expression \"((\""),
        (request(vec![Matcher::equal("", "b")]), "invalid label name"),
        (SilenceRequest { ends_at: NOW - HOUR, ..request(good()) }, "end time must not be before start time"),
        (SilenceRequest { starts_at: NOW - HOUR, ends_at: NOW, ..request(good()) }, "end time can't be in the past"),
    ] {
        let error = silences.set(request).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains(words), "{error}, not {words}");
    }
    let unknown = SilenceRequest { id: Some("x".to_owned()), ..request(good()) };
    assert_eq!(silences.set(unknown).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(silences.expire("x").await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn edits_keep_the_past() {
    let world = FakeWorld::new(NOW, 2);
    let (silences, _folder) = open("edits", &world).await;
    let first = silences.set(request(vec![Matcher::equal("a", "b")])).await.unwrap();
    world.advance(HOUR / 2);
    let longer =
        SilenceRequest { id: Some(first.id.clone()), ends_at: NOW + HOUR * 3, ..request(first.matchers.clone()) };
    assert_eq!(silences.set(longer).await.unwrap().id, first.id, "a new end is the same silence");
    let other = SilenceRequest { id: Some(first.id.clone()), ..request(vec![Matcher::equal("a", "c")]) };
    let second = silences.set(other).await.unwrap();
    assert_ne!(second.id, first.id, "other matchers are another silence");
    assert_eq!(second.starts_at, world.now(), "which does not begin in the past");
    assert_eq!(silences.find(&first.id).unwrap().state(world.now()), SilenceState::Expired);
    let covers = |value: &str| silences.covering(&Labels::from_pairs([("a", value)]), world.now());
    assert_eq!((covers("b"), covers("c")), (vec![], vec![second.id.clone()]));
    silences.expire(&second.id).await.unwrap();
    silences.expire(&second.id).await.unwrap();
    assert_eq!(covers("c"), Vec::<String>::new());
}

#[tokio::test]
async fn the_list_has_what_matters_first() {
    let world = FakeWorld::new(NOW, 3);
    let (silences, _folder) = open("list", &world).await;
    let set = |from: Duration, to: Duration| {
        let request =
            SilenceRequest { starts_at: NOW + from, ends_at: NOW + to, ..request(vec![Matcher::equal("a", "b")]) };
        silences.set(request)
    };
    let short = set(Duration::ZERO, HOUR).await.unwrap().id;
    let later = set(HOUR * 9, HOUR * 12).await.unwrap().id;
    let long = set(Duration::ZERO, HOUR * 8).await.unwrap().id;
    let soon = set(HOUR * 4, HOUR * 5).await.unwrap().id;
    let longer = set(Duration::ZERO, HOUR * 9).await.unwrap().id;
    world.advance(HOUR * 2);
    let ids: Vec<String> = silences.list().into_iter().map(|silence| silence.id).collect();
    assert_eq!(ids, [long, longer, soon, later, short]);
    world.advance(HOUR * 150);
    silences.prune().await.unwrap();
    assert!(silences.list().is_empty());
}
