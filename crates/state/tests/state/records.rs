//! The file itself, and the documents in it.

use std::sync::Arc;
use std::time::Duration;

use crate::place::Place;
use gw_base::{HasKind, Kind, MatchOp, Matcher};
use gw_state::{Dashboard, FILE_NAME, Silence, SilenceState, State, StateError};

#[tokio::test]
async fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("private");
    let state = place.open().await;
    state.put("a", &[("k".to_owned(), Some(vec![1]))]).await.unwrap();
    for entry in std::fs::read_dir(&place.dir).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let place = Place::new("damaged");
    std::fs::write(place.dir.join(FILE_NAME), b"this is not a database at all, not even nearly").unwrap();
    let error = State::open(&place.dir, Arc::new(place.world.clone())).await.unwrap_err();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("restore a copy"), "{error}");
}

#[tokio::test]
async fn garbage_inside_the_file_is_found() {
    let place = Place::new("garbage");
    let state = place.open().await;
    let value = Some(vec![7; 100_000]);
    state.put("a", &[("k".to_owned(), value)]).await.unwrap();
    state.close().await;
    let path = place.dir.join(FILE_NAME);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..8192].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let error = State::open(&place.dir, Arc::new(place.world.clone())).await.unwrap_err();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_file_of_a_later_release_is_left_alone() {
    let place = Place::new("newer");
    place.open().await.close().await;
    let options = sqlx_sqlite::SqliteConnectOptions::new().filename(place.dir.join(FILE_NAME));
    let pool = sqlx_sqlite::SqlitePool::connect_with(options).await.unwrap();
    sqlx_core::query::query("INSERT INTO schema_version VALUES (99, 0)").execute(&pool).await.unwrap();
    pool.close().await;
    let error = State::open(&place.dir, Arc::new(place.world.clone())).await.unwrap_err();
    assert!(matches!(error, StateError::Newer { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn silences_come_back_whole() {
    let place = Place::new("silences");
    let state = place.open().await;
    let now = place.now();
    let silence = Silence {
        id: state.new_id(),
        matchers: vec![Matcher::equal("job", "a"), Matcher::new("env", MatchOp::NotRegex, "dev|test")],
        starts_at: now,
        ends_at: now + Duration::from_hours(2),
        updated_at: now,
        created_by: "admin".to_owned(),
        comment: "deploy".to_owned(),
    };
    state.put_silences(std::slice::from_ref(&silence)).await.unwrap();
    assert_eq!(state.silences().await.unwrap(), std::slice::from_ref(&silence));
    assert_eq!(silence.state(now), SilenceState::Active);
    assert_eq!(silence.state(now - Duration::from_secs(1)), SilenceState::Pending);
    assert_eq!(silence.state(silence.ends_at), SilenceState::Expired);
    state.forget_silences(silence.ends_at).await.unwrap();
    assert_eq!(state.silences().await.unwrap().len(), 1);
    state.forget_silences(silence.ends_at + Duration::from_secs(1)).await.unwrap();
    assert!(state.silences().await.unwrap().is_empty());
}

#[tokio::test]
async fn monitors_keep_their_numbers() {
    let place = Place::new("monitors");
    let state = place.open().await;
    let first = state.add_monitor(&serde_json::json!({"name": "shop"})).await.unwrap();
    let second = state.add_monitor(&serde_json::json!({"name": "api"})).await.unwrap();
    state.change_monitor(first, &serde_json::json!({"name": "store"})).await.unwrap();
    state.delete_monitor(second).await.unwrap();
    let third = state.add_monitor(&serde_json::json!({"name": "new"})).await.unwrap();
    assert!(third > second, "a number is never used again");
    let monitors: Vec<(i64, serde_json::Value)> = state.monitors().await.unwrap();
    assert_eq!(monitors[0], (first, serde_json::json!({"name": "store"})));
    assert_eq!(state.delete_monitor(second).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(state.monitors::<Vec<u8>>().await.unwrap_err().kind(), Kind::Internal);
}

#[tokio::test]
async fn two_editors_of_a_dashboard_do_not_overwrite_each_other() {
    let place = Place::new("dashboards");
    let state = place.open().await;
    let mut dashboard = Dashboard {
        uid: "gw".to_owned(),
        version: 0,
        title: "Gateway".to_owned(),
        body: "{}".to_owned(),
        updated_at: place.now(),
        updated_by: "admin".to_owned(),
    };
    assert_eq!(state.save_dashboard(&dashboard).await.unwrap(), 1);
    assert_eq!(state.save_dashboard(&dashboard).await.unwrap_err().kind(), Kind::Conflict);
    dashboard.version = 1;
    assert_eq!(state.save_dashboard(&dashboard).await.unwrap(), 2);
    assert_eq!(state.save_dashboard(&dashboard).await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(state.dashboard("gw").await.unwrap().version, 2);
    state.delete_dashboard("gw").await.unwrap();
    assert_eq!(state.dashboard("gw").await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn keyed_values_are_written_all_or_none() {
    let place = Place::new("kv");
    let state = place.open().await;
    let (a, b) = ("a".to_owned(), "b".to_owned());
    state.put("n", &[(a.clone(), Some(vec![1])), (b.clone(), Some(vec![2]))]).await.unwrap();
    state.put("n", &[(a, None), (b.clone(), Some(vec![3]))]).await.unwrap();
    assert_eq!(state.list("n").await.unwrap(), [(b, vec![3])]);
    assert_eq!(state.get("other", "b").await.unwrap(), None);
}
