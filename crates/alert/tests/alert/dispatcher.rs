//! The dispatcher on its stage: waiting, repeating, ending, silences, restarts, failing receivers.

use crate::stage::{MINUTE, START, Stage, ended, firing};
use gw_alert::SilenceRequest;
use gw_base::{Matcher, World};
use serde_json::Value;

const CONFIG: &str = "route:\n  receiver: hook\n  group_by: [alertname]\n  group_wait: 10s\n  group_interval: 1m\n  repeat_interval: 10m\nreceivers:\n- name: hook\n  webhook_configs: [{url: 'http://hook.example/a'}]\n";

fn states(body: &Value) -> (String, Vec<String>) {
    let alerts = body["alerts"].as_array().unwrap().iter();
    let shown = alerts
        .map(|alert| format!("{} {}", alert["labels"]["job"].as_str().unwrap(), alert["status"].as_str().unwrap()));
    (body["status"].as_str().unwrap().to_owned(), shown.collect())
}

#[tokio::test]
async fn a_group_waits_repeats_and_ends() {
    let stage = Stage::new("life", CONFIG).await;
    let (a, b) = (firing("alertname=X,job=a", START, START), firing("alertname=X,job=b", START, START));
    stage.fire(vec![a.clone()]).await;
    stage.fire(vec![b.clone()]).await;
    let posts = stage.posts(1, MINUTE).await;
    assert_eq!(states(&posts[0].1), ("firing".to_owned(), vec!["a firing".to_owned(), "b firing".to_owned()]));
    assert_eq!(posts[0].1["groupKey"], "{}:{alertname=\"X\"}");
    let posts = stage.posts(1, MINUTE * 9).await;
    assert!(posts.is_empty(), "nothing changed: {posts:?}");
    assert_eq!(stage.posts(1, MINUTE * 3).await.len(), 1, "an unchanged group is repeated");
    let now = stage.world.now();
    stage.fire(vec![ended(&a, now)]).await;
    let posts = stage.posts(1, MINUTE * 2).await;
    assert_eq!(states(&posts[0].1), ("firing".to_owned(), vec!["a resolved".to_owned(), "b firing".to_owned()]));
    stage.fire(vec![ended(&b, stage.world.now())]).await;
    let posts = stage.posts(1, MINUTE * 2).await;
    assert_eq!(states(&posts[0].1), ("resolved".to_owned(), vec!["b resolved".to_owned()]));
    stage.until(|| stage.dispatcher.snapshot().is_empty()).await;
    stage.stop().await;
}

#[tokio::test]
async fn a_restart_neither_repeats_nor_loses() {
    let stage = Stage::new("restart", &CONFIG.replace("10m", "4h")).await;
    stage.fire(vec![firing("alertname=X,job=a", START, START)]).await;
    assert_eq!(stage.posts(1, MINUTE).await.len(), 1);
    let stage = stage.restart(MINUTE * 2).await;
    let now = stage.world.now();
    stage.fire(vec![firing("alertname=X,job=a", now, now)]).await;
    assert!(stage.posts(1, MINUTE * 4).await.is_empty(), "it was sent before the restart");
    assert_eq!(stage.dispatcher.snapshot()[0].alerts[0].alert.starts_at, START, "the earliest start stays");
    // The next process never hears of the alert again: it must say that it has ended.
    let stage = stage.restart(MINUTE * 90).await;
    let posts = stage.posts(1, MINUTE * 8).await;
    assert_eq!(states(&posts[0].1), ("resolved".to_owned(), vec!["a resolved".to_owned()]));
    stage.stop().await;
}

#[tokio::test]
async fn silenced_alerts_wait_for_the_end_of_the_silence() {
    let stage = Stage::new("silenced", CONFIG).await;
    let request = SilenceRequest {
        id: None,
        matchers: vec![Matcher::equal("job", "a")],
        starts_at: START,
        ends_at: START + MINUTE * 5,
        created_by: "admin".to_owned(),
        comment: String::new(),
    };
    let silence = stage.dispatcher.silences().set(request).await.unwrap();
    stage.fire(vec![firing("alertname=X,job=a", START, START)]).await;
    assert_eq!(stage.dispatcher.snapshot()[0].alerts[0].silenced_by, [silence.id]);
    assert!(stage.posts(1, MINUTE * 4).await.is_empty());
    assert_eq!(stage.posts(1, MINUTE * 2).await.len(), 1);
    stage.stop().await;
}

#[tokio::test]
async fn receivers_that_fail_are_tried_again_and_refusals_are_not() {
    let stage = Stage::new("failing", CONFIG).await;
    *stage.receivers.answers.lock().unwrap() = vec![200, 503, 500];
    stage.fire(vec![firing("alertname=X,job=a", START, START)]).await;
    assert_eq!(stage.posts(3, MINUTE).await.len(), 3);
    assert!(stage.posts(1, MINUTE * 3).await.is_empty());
    *stage.receivers.answers.lock().unwrap() = vec![400; 1];
    stage.fire(vec![firing("alertname=Y,job=a", stage.world.now(), stage.world.now())]).await;
    assert_eq!(stage.posts(2, MINUTE).await.len(), 1, "not again within the flush");
    assert_eq!(stage.posts(1, MINUTE * 2).await.len(), 1, "but with the next flush");
    stage.stop().await;
}

#[tokio::test]
async fn alerts_that_came_and_went_unsaid_are_not_said() {
    let stage = Stage::new("unsaid", CONFIG).await;
    let alert = firing("alertname=X,job=a", START, START);
    stage.fire(vec![alert.clone()]).await;
    stage.fire(vec![ended(&alert, stage.world.now())]).await;
    assert!(stage.posts(1, MINUTE * 3).await.is_empty());
    stage.until(|| stage.dispatcher.snapshot().is_empty()).await;
    stage.stop().await;
}

#[tokio::test]
async fn without_configuration_alerts_are_grouped_and_shown() {
    let stage = Stage::new("nowhere", "{}").await;
    stage.fire(vec![firing("alertname=X,job=a", START, START)]).await;
    assert!(stage.posts(1, MINUTE * 2).await.is_empty());
    let groups = stage.dispatcher.snapshot();
    assert_eq!((groups[0].receiver.as_str(), groups[0].labels.to_string()), ("none", "{alertname=\"X\"}".to_owned()));
    stage.stop().await;
}

#[tokio::test]
async fn a_bad_configuration_leaves_the_old_one_running() {
    let stage = Stage::new("reload", CONFIG).await;
    let bad = gw_config::yaml("alert", "route: {receiver: nobody}\n").unwrap();
    assert_eq!(
        stage.dispatcher.reload(bad).unwrap_err().to_string(),
        "alert: undefined receiver \"nobody\" used in route"
    );
    stage.fire(vec![firing("alertname=X,job=a", START, START)]).await;
    let other = gw_config::yaml("alert", &CONFIG.replace("hook.example/a", "hook.example/b")).unwrap();
    stage.dispatcher.reload(other).unwrap();
    assert_eq!(stage.posts(1, MINUTE).await[0].0, "http://hook.example/b");
    stage.stop().await;
}
