//! Monitors: states, retries, events, metrics, and what each kind says when it fails.

use std::sync::Arc;

use crate::harness::{Rig, Server, quiet};
use gw_collect::board::MonitorState;
use gw_collect::{MonitorSettings, MonitorSpec};

fn monitor(id: i64, yaml: &str) -> MonitorSpec {
    MonitorSpec { id, settings: gw_config::yaml::<MonitorSettings>("m", yaml).unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_are_pending_before_down() {
    let server = Server::start();
    server.say("all is well");
    let rig = Rig::start(quiet());
    let spec = monitor(
        4,
        &format!(
            "{{name: shop, kind: http, target: 'http://{}/', interval: 1, retries: 1, expect: {{keyword: well}}}}",
            server.address
        ),
    );
    rig.monitors.send(Arc::from([spec])).unwrap();
    let state = |rig: &Rig| rig.runtime.board().monitor(4).map(|status| status.beat.state);
    rig.until("up", |rig| state(rig) == Some(MonitorState::Up)).await;
    server.say("all is lost");
    rig.until("down", |rig| state(rig) == Some(MonitorState::Down)).await;
    rig.until("stored", |rig| rig.memory.events().iter().any(|(title, _)| title == "down")).await;
    let mut titles: Vec<String> = rig.memory.events().into_iter().map(|(title, _)| title).collect();
    titles.dedup();
    assert_eq!(titles, ["up", "pending", "down"]);
    let events = rig.memory.events();
    assert_eq!(events[0].1, "200 - OK");
    assert_eq!(events.last().unwrap().1, "200 - OK, but keyword \"well\" is not in the answer");
    let common = "job=uptime,monitor_hostname=null,monitor_id=4,monitor_name=shop,monitor_port=null,monitor_type=http";
    let samples = rig.memory.samples();
    assert!(
        samples
            .iter()
            .any(|line| *line == format!("monitor_status{{{common},monitor_url=http://{}/}} 0", server.address))
    );
    rig.monitors.send(Arc::default()).unwrap();
    rig.until("gone", |rig| rig.runtime.board().monitors().is_empty()).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_ends_after_its_monitor_was_paused_or_removed_is_too_late() {
    let server = Server::start();
    server.say("hello");
    let rig = Rig::start(quiet());
    let spec = |more: &str| {
        monitor(4, &format!("{{name: shop, kind: http, target: 'http://{}/', interval: 1{more}}}", server.address))
    };
    let state = |rig: &Rig| rig.runtime.board().monitor(4).map(|status| status.beat.state);
    let asked = || server.requests.lock().unwrap().len();
    for (then, expected) in [(vec![spec(", paused: true")], Some(MonitorState::Paused)), (Vec::new(), None)] {
        rig.monitors.send(Arc::from([spec("")])).unwrap();
        rig.until("up", |rig| state(rig) == Some(MonitorState::Up)).await;
        let (held, before) = (server.hold(), asked());
        rig.until("a check under way", |_| asked() > before).await;
        let stored = rig.memory.events().len();
        rig.monitors.send(Arc::from(then)).unwrap();
        rig.until("the change", |rig| state(rig) == expected).await;
        drop(held);
        rig.until("the beat of the check", |rig| rig.memory.events().len() > stored).await;
        assert_eq!(state(&rig), expected);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_says_what_it_found() {
    let server = Server::start();
    server.say("hello");
    let rig = Rig::start(quiet());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (yaml, state, message) in [
        (format!("{{name: a, kind: tcp, target: '{}'}}", server.address), MonitorState::Up, "connected"),
        (format!("{{name: a, kind: tcp, target: '{closed}'}}"), MonitorState::Down, "Connection refused"),
        (
            format!("{{name: a, kind: http, target: 'http://{}', expect: {{status: '404'}}}}", server.address),
            MonitorState::Down,
            "status 200 - OK, expected 404",
        ),
        (format!("{{name: a, kind: http, target: 'http://{closed}/'}}"), MonitorState::Down, "Connection refused"),
        (format!("{{name: a, kind: http, target: 'https://{}/'}}", server.address), MonitorState::Down, ""),
    ] {
        let beat = rig.runtime.test_monitor(&monitor(1, &yaml)).await;
        assert_eq!(beat.state, state, "{yaml}: {}", beat.message);
        assert!(beat.message.contains(message), "{yaml}: {}", beat.message);
    }
    let ping = rig.runtime.test_monitor(&monitor(1, "{name: a, kind: ping, target: 127.0.0.1, timeout: 2}")).await;
    let allowed = ping.state == MonitorState::Up && ping.message == "echo from 127.0.0.1";
    assert!(allowed || ping.message.contains("ping_group_range"), "{}", ping.message);
    assert!(rig.memory.events().is_empty(), "a test is not stored");
    rig.stop().await;
}

#[test]
fn wrong_settings_are_named() {
    for (yaml, error) in [
        ("{name: '', kind: http, target: x}", "name must have"),
        ("{name: a, kind: smtp, target: x}", "kind \"smtp\" is not known, use one of http, tcp, ping"),
        ("{name: a, kind: http, target: 'ftp://x'}", "is not a URL"),
        ("{name: a, kind: tcp, target: 'host'}", "is not host:port"),
        ("{name: a, kind: ping, target: 'http://x'}", "is not a host name"),
        ("{name: a, kind: ping, target: x, interval: 0}", "interval 0 must be"),
        ("{name: a, kind: ping, target: x, expect: {status: '2xx'}}", "expect.status \"2xx\""),
    ] {
        let settings: MonitorSettings = gw_config::yaml("m", yaml).unwrap();
        let said = settings.check().unwrap_err();
        assert!(said.contains(error), "{said}");
    }
}
