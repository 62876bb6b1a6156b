//! The detector on its stage: recordings, the life of alerts, restarts, reloads.

use crate::stage::{MINUTE, START, Stage, labels};
use gw_base::Timestamp;
use gw_detect::{AlertState, Health, Schedule, parse_rules};

const ALERT: &str = "groups:\n- name: g\n  rules:\n  - alert: Down\n    expr: up == 0\n    for: 2m\n    labels: {severity: crit, who: '{{ $labels.job }}'}\n    annotations: {summary: '{{ $labels.job }} has {{ $value }}'}\n";

#[tokio::test]
async fn recordings_are_written_at_the_slot_and_end_with_a_stale_marker() {
    let mut stage = Stage::new(
        "groups:\n- name: g\n  query_offset: 30s\n  rules:\n  - record: job:up\n    expr: sum by (job) (up)\n    labels: {team: a}\n",
    );
    stage.engine.answer("sum by (job) (up)", vec![("job=a", 1.0), ("job=b", 2.0)]);
    let group = stage.tick().await;
    let slot = group.last_evaluation.unwrap();
    assert_eq!(stage.engine.asked.lock().unwrap()[0].1, slot - MINUTE / 2, "asked at the slot less the offset");
    assert_eq!(stage.written_at(), [slot - MINUTE / 2; 2]);
    assert_eq!(group.rules[0].health, Health::Good);
    stage.engine.answer("sum by (job) (up)", vec![("job=b", 3.0)]);
    stage.tick().await;
    assert_eq!(
        stage.written(),
        [(r#"job:up{job="b", team="a"}"#.to_owned(), Some(3.0)), (r#"job:up{job="a", team="a"}"#.to_owned(), None),]
    );
    stage.stop().await;
}

#[tokio::test]
async fn an_alert_waits_fires_and_resolves() {
    let mut stage = Stage::new(ALERT);
    stage.engine.answer("up == 0", vec![("__name__=up,job=a", 0.0)]);
    let group = stage.tick().await;
    let active_at = group.last_evaluation.unwrap();
    let view = &group.rules[0].alerts[0];
    assert_eq!((view.state, view.active_at), (AlertState::Pending, active_at));
    assert_eq!(view.labels, labels("alertname=Down,job=a,severity=crit,who=a"));
    assert_eq!(view.annotations, labels("summary=a has 0"));
    assert_eq!(
        stage.written(),
        [
            (
                r#"ALERTS{alertname="Down", alertstate="pending", job="a", severity="crit", who="a"}"#.to_owned(),
                Some(1.0)
            ),
            (
                r#"ALERTS_FOR_STATE{alertname="Down", job="a", severity="crit", who="a"}"#.to_owned(),
                Some(active_at.secs() as f64)
            ),
        ]
    );
    stage.tick().await;
    assert!(stage.sent().is_empty(), "a pending alert is not sent");
    let group = stage.tick().await;
    let fired_at = group.last_evaluation.unwrap();
    assert_eq!(group.rules[0].state, AlertState::Firing);
    let sent = stage.sent();
    assert_eq!((sent.len(), sent[0].starts_at, sent[0].ends_at), (1, fired_at, fired_at + MINUTE * 4));
    assert_eq!(sent[0].generator_url, "http://gw/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
    assert_eq!(sent[0].origin.as_ref().unwrap().group, "g");
    stage.written();
    stage.engine.answer("up == 0", vec![]);
    let group = stage.tick().await;
    let resolved_at = group.last_evaluation.unwrap();
    let sent = stage.sent();
    assert_eq!((sent[0].starts_at, sent[0].ends_at), (fired_at, resolved_at));
    assert!(stage.written().iter().all(|(_, value)| value.is_none()), "both series end");
    assert!(group.rules[0].alerts.is_empty());
    stage.stop().await;
}

#[tokio::test]
async fn resolved_alerts_are_sent_again_for_a_quarter_of_an_hour() {
    let mut stage = Stage::new(&ALERT.replace("for: 2m", "for: 0s"));
    stage.engine.answer("up == 0", vec![("job=a", 0.0)]);
    stage.tick().await;
    assert_eq!(stage.sent().len(), 1, "without `for` it fires at once");
    stage.engine.answer("up == 0", vec![]);
    let mut sent = 0;
    for _ in 0..30 {
        stage.tick().await;
        sent += stage.sent().len();
    }
    // At once, then at every second slot: the delay must have passed, not just come.
    assert_eq!(sent, 8);
    stage.stop().await;
}

#[tokio::test]
async fn an_alert_may_fire_on_after_its_element_is_gone() {
    let mut stage = Stage::new(&ALERT.replace("for: 2m", "keep_firing_for: 2m"));
    stage.engine.answer("up == 0", vec![("job=a", 0.0)]);
    stage.tick().await;
    stage.engine.answer("up == 0", vec![]);
    let group = stage.tick().await;
    assert_eq!(group.rules[0].alerts[0].keep_firing_since, group.last_evaluation);
    assert_eq!(stage.tick().await.rules[0].state, AlertState::Firing);
    assert_eq!(stage.tick().await.rules[0].state, AlertState::Inactive);
    stage.stop().await;
}

#[tokio::test]
async fn equal_alerts_too_many_alerts_and_failing_queries_are_errors_of_the_rule() {
    let mut stage = Stage::new(
        "groups:\n- name: g\n  limit: 1\n  rules:\n  - alert: A\n    expr: a\n  - alert: B\n    expr: b\n    labels: {job: same}\n  - record: r\n    expr: c\n  - alert: T\n    expr: t\n    annotations: {x: '{{ humanize \"y\" }}'}\n",
    );
    stage.engine.answer("a", vec![("job=a", 1.0), ("job=b", 1.0)]);
    stage.engine.answer("b", vec![("job=a", 1.0), ("job=b", 1.0)]);
    stage.engine.fail("c", "too much");
    stage.engine.answer("t", vec![("", 1.0)]);
    let group = stage.tick().await;
    let errors: Vec<_> = group.rules.iter().map(|rule| rule.last_error.clone().unwrap_or_default()).collect();
    assert_eq!(
        errors,
        [
            "exceeded limit of 1 with 2 alerts",
            "vector contains metrics with the same labelset after applying alert labels",
            "too much",
            "",
        ]
    );
    assert_eq!((group.rules[2].health, group.rules[2].failures), (Health::Bad, 1));
    let text = group.rules[3].alerts[0].annotations.get("x").unwrap();
    assert!(text.starts_with("<error expanding template: error executing template __alert_T: "), "{text}");
    stage.stop().await;
}

/// What the store would answer after an outage: active since `active`, last written at `down`.
fn remember(stage: &Stage, firing: bool, active: Timestamp, down: Timestamp) {
    let series = "alertname=Down,job=a,severity=crit,who=a";
    let for_state: &'static str = Box::leak(format!("__name__=ALERTS_FOR_STATE,{series}").into_boxed_str());
    let alerts: &'static str = Box::leak(format!("__name__=ALERTS,alertstate=firing,{series}").into_boxed_str());
    stage.engine.window("ALERTS_FOR_STATE{alertname=\"Down\"}[1h]", vec![(for_state, down)]);
    stage.engine.answer("ALERTS_FOR_STATE{alertname=\"Down\"}", vec![(for_state, active.secs() as f64)]);
    let firing_now = if firing { vec![(alerts, 1.0)] } else { vec![] };
    stage.engine.answer("ALERTS{alertname=\"Down\",alertstate=\"firing\"}", firing_now);
}

#[tokio::test]
async fn alerts_go_on_after_a_restart() {
    for (hold, firing, active_before, down_before, expected_state, expected_active) in [
        // It fired before: it fires on, at once.
        ("20m", true, 30, 5, AlertState::Firing, 30),
        // A short `for` that had fired: upstream forgets it.
        ("2m", true, 30, 5, AlertState::Firing, 30),
        // Much is left: the time down does not count.
        ("30m", false, 15, 5, AlertState::Pending, 10),
        // Less than the grace period is left: it gets the grace period.
        ("20m", false, 20, 5, AlertState::Pending, 10),
    ] {
        let mut stage = Stage::new(&ALERT.replace("2m", hold));
        let slot = stage.settled().await;
        let schedule = Schedule::new(&slot.key, slot.interval);
        let first = schedule.after(schedule.slot(START));
        remember(&stage, firing, first - MINUTE * active_before, first - MINUTE * down_before);
        stage.engine.answer("up == 0", vec![("job=a", 0.0)]);
        let group = stage.tick().await;
        assert_eq!(group.last_evaluation, Some(first));
        let alert = &group.rules[0].alerts[0];
        let since = alert.active_at.since(first - MINUTE * expected_active).abs();
        assert_eq!(
            (alert.state, since < 1_000_000_000),
            (expected_state, true),
            "{hold} {firing}: {}",
            alert.active_at
        );
        let alive_at = first - MINUTE * down_before + MINUTE;
        assert!(
            stage
                .engine
                .asked
                .lock()
                .unwrap()
                .iter()
                .any(|(text, at)| text.starts_with("ALERTS_FOR_STATE") && *at == alive_at)
        );
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_reload_keeps_alerts_and_ends_series_of_rules_that_went() {
    let mut stage = Stage::new(&format!("{ALERT}  - record: r\n    expr: x\n"));
    stage.engine.answer("up == 0", vec![("job=a", 0.0)]);
    stage.engine.answer("x", vec![("", 1.0)]);
    let before = stage.tick().await.rules[0].alerts[0].active_at;
    stage.written();
    stage.detector.load(parse_rules("rules.yaml", &ALERT.replace("for: 2m", "for: 1m")).unwrap());
    let group = stage.tick().await;
    assert_eq!((group.rules.len(), group.rules[0].alerts[0].active_at), (1, before));
    assert_eq!(group.rules[0].state, AlertState::Firing, "the shorter `for` holds already");
    assert!(stage.written().contains(&("r".to_owned(), None)));
    stage.detector.load(Vec::new());
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(stage.detector.book().groups().is_empty());
    assert!(stage.written().iter().all(|(_, value)| value.is_none()));
    stage.stop().await;
}

#[tokio::test]
async fn missed_slots_are_counted_and_the_slot_stays_in_step() {
    let mut stage = Stage::new("groups:\n- name: g\n  rules:\n  - record: r\n    expr: x\n");
    let first = stage.tick().await.last_evaluation.unwrap();
    stage.world.advance(MINUTE * 5);
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    let group = stage.tick().await;
    assert_eq!(group.missed, 3, "the late slot is evaluated late, the last one at once");
    assert_eq!(group.last_evaluation.unwrap().since(first) % 60_000_000_000, 0);
    stage.stop().await;
}

#[test]
fn slots_follow_from_the_group_alone() {
    let keys = parse_rules("f", "groups: [{name: a}, {name: b}]").unwrap();
    let schedule = Schedule::new(&keys[0].key(), MINUTE);
    let slot = schedule.slot(START);
    assert!(slot <= START && START < schedule.after(slot));
    assert_eq!(schedule.slot(slot), slot);
    assert_eq!(schedule.next(slot, slot + MINUTE), (slot + MINUTE, 0));
    assert_eq!(schedule.next(slot, slot + MINUTE * 3), (slot + MINUTE * 3, 2));
    assert_eq!(schedule.next(slot, slot - MINUTE * 60), (slot + MINUTE, 0), "the clock went back");
    assert_ne!(Schedule::new(&keys[1].key(), MINUTE).slot(START), slot, "groups are spread");
}
