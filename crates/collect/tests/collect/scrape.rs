//! Scraping against a page server: labels, staleness, limits, negotiation, target files.

use std::io::Write as _;
use std::sync::Arc;

use crate::harness::{Rig, Server, quiet};
use gw_collect::CollectConfig;
use gw_collect::board::Health;
use gw_collect::config::ScrapeSection;

fn config(yaml: &str) -> CollectConfig {
    let scrape: ScrapeSection = gw_config::yaml("test.yaml", yaml).unwrap();
    CollectConfig { scrape, ..quiet() }
}

fn job(server: &Server, more: &str) -> CollectConfig {
    config(&format!(
        "interval: 1s\ntimeout: 1s\nconfigs:\n  - job_name: shop\n    static_configs: [{{targets: ['{}'], labels: {{zone: a}}}}]\n{more}",
        server.address
    ))
}

fn scrapes(server: &Server) -> usize {
    server.requests.lock().unwrap().len()
}

/// Waits until a scrape that began after now is stored.
async fn one_more(rig: &Rig, server: &Server) {
    let before = rig.memory.batches.lock().unwrap().len();
    let asked = scrapes(server);
    rig.until("one more scrape", |rig| rig.memory.batches.lock().unwrap().len() > before && scrapes(server) > asked)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn type_and_unit_become_labels_where_the_page_tells_them() {
    let server = Server::start();
    server.say(
        "# TYPE hits counter\nhits{__type__=\"own\"} 3\n# TYPE lat histogram\nlat_bucket{le=\"1\"} 2\n\
         # TYPE odd untyped\nodd 1\nbare{__unit__=\"m\"} 1\n",
    );
    let mut config = job(&server, "");
    config.scrape.type_and_unit_labels = true;
    let rig = Rig::start(config);
    one_more(&rig, &server).await;
    let samples = rig.memory.samples();
    let common = format!("instance={},job=shop", server.address);
    assert_eq!(samples[0], format!("hits{{__type__=counter,{common},zone=a}} 3"));
    assert_eq!(samples[1], format!("lat_bucket{{__type__=histogram,{common},le=1,zone=a}} 2"));
    assert_eq!(samples[2], format!("odd{{{common},zone=a}} 1"), "a type that is not known is not told");
    assert_eq!(samples[3], format!("bare{{{common},zone=a}} 1"), "the labels are the server's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_collide_and_series_end() {
    let server = Server::start();
    server.say("# HELP hits Hits.\n# TYPE hits counter\nhits{job=\"own\",path=\"/\"} 3\ngone 1\n");
    let rig = Rig::start(job(&server, ""));
    one_more(&rig, &server).await;
    let instance = &server.address;
    let samples = rig.memory.samples();
    assert_eq!(samples[0], format!("hits{{exported_job=own,instance={instance},job=shop,path=/,zone=a}} 3"));
    assert_eq!(samples[1], format!("gone{{instance={instance},job=shop,zone=a}} 1"));
    let common = format!("{{instance={instance},job=shop,zone=a}}");
    for line in [
        format!("up{common} 1"),
        format!("scrape_samples_scraped{common} 2"),
        format!("scrape_samples_post_metric_relabeling{common} 2"),
        format!("scrape_series_added{common} 2"),
    ] {
        assert!(samples.contains(&line), "{line} is not in {samples:#?}");
    }
    server.say("hits{job=\"own\",path=\"/\"} 4\n");
    one_more(&rig, &server).await;
    assert!(rig.memory.samples().contains(&format!("gone{common} stale")));
    let status = &rig.runtime.board().targets()[0];
    assert_eq!(
        (status.health, status.samples, status.url.as_str()),
        (Health::Up, 1, &*format!("http://{instance}/metrics"))
    );

    server.answer.lock().unwrap().0 = 503;
    rig.until("a failed scrape", |rig| rig.memory.samples().contains(&format!("up{common} 0"))).await;
    let hits = format!("hits{{exported_job=own,instance={instance},job=shop,path=/,zone=a}} stale");
    assert!(rig.memory.samples().contains(&hits));
    let status = &rig.runtime.board().targets()[0];
    assert_eq!(status.error.as_deref(), Some("server returned HTTP status 503 Service Unavailable"));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_target_ends_and_an_unchanged_one_goes_on() {
    let (first, second) = (Server::start(), Server::start());
    first.say("a 1\n");
    second.say("b 1\n");
    let folder = crate::harness::folder();
    let file = folder.join("targets.json");
    let write = |targets: &[&str]| {
        let list = serde_json::json!([{"targets": targets, "labels": {"from": "file"}}]);
        std::fs::write(&file, list.to_string()).unwrap();
    };
    write(&[&first.address, &second.address]);
    let yaml = format!(
        "interval: 1s\ntimeout: 1s\nconfigs: [{{job_name: f, file_sd_configs: [{{files: ['{}/*.json']}}]}}]",
        folder.display()
    );
    let rig = Rig::start(config(&yaml));
    rig.until("both", |rig| rig.runtime.board().targets().iter().filter(|t| t.health == Health::Up).count() == 2).await;
    write(&[&first.address]);
    let label = |name: &str, server: &Server| format!("{name}{{from=file,instance={},job=f}}", server.address);
    let (b, up) = (format!("{} stale", label("b", &second)), format!("{} stale", label("up", &second)));
    rig.until("markers", |rig| {
        let samples = rig.memory.samples();
        samples.contains(&b) && samples.contains(&up)
    })
    .await;
    assert_eq!(rig.runtime.board().targets().len(), 1);
    assert!(!rig.memory.samples().contains(&format!("{} stale", label("a", &first))));
    std::fs::write(&file, "not json").unwrap();
    one_more(&rig, &first).await;
    assert_eq!(rig.runtime.board().targets().len(), 1, "a broken file keeps its last targets");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_times_and_compressed_open_metrics() {
    let server = Server::start();
    let page = "# TYPE lat histogram\n# UNIT lat \nlat_bucket{le=\"1.0\"} 2 # {trace_id=\"a\"} 0.5 1700000000.5\n# TYPE old gauge\nold 7 1600000000\nsecret_x 1\n# EOF\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(page.replace("# UNIT lat \n", "").as_bytes()).unwrap();
    *server.answer.lock().unwrap() =
        (200, "application/openmetrics-text; version=1.0.0; charset=utf-8", gzip.finish().unwrap());
    let rig = Rig::start(job(
        &server,
        "    params: {match: ['a b', c]}\n    basic_auth: {username: u, password: p}\n    metric_relabel_configs:\n      - {source_labels: [__name__], regex: 'secret_.*', action: drop}\n      - {regex: zone, action: labeldrop}\n",
    ));
    one_more(&rig, &server).await;
    let samples = rig.memory.samples();
    assert_eq!(samples[0], format!("lat_bucket{{instance={},job=shop,le=1.0}} 2", server.address));
    assert!(!samples.iter().any(|line| line.starts_with("secret_x")));
    assert!(samples.iter().any(|line| line.starts_with("scrape_samples_scraped") && line.ends_with(" 3")));
    assert!(
        samples.iter().any(|line| line.starts_with("scrape_samples_post_metric_relabeling") && line.ends_with(" 2"))
    );
    let request = server.requests.lock().unwrap()[0].clone();
    assert_eq!(request["request"], "GET /metrics?match=a+b&match=c HTTP/1.1");
    assert_eq!(request["authorization"], "Basic dTpw");
    assert!(request["accept"].starts_with("application/openmetrics-text;version=1.0.0"));
    assert_eq!(request["x-prometheus-scrape-timeout-seconds"], "1");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_fail_the_whole_scrape() {
    for (more, page, error) in [
        ("    sample_limit: 1\n", "a 1\nb 2\n", "line 2: sample limit exceeded"),
        (
            "    label_limit: 4\n",
            "a{x=\"1\"} 1\n",
            "line 1: label_limit exceeded (metric: a, number of labels: 5, limit: 4)",
        ),
        ("    body_size_limit: 4B\n", "abc 1\n", "body size limit exceeded (4 bytes)"),
        ("", "a 1\nb b b\n", "line 2: expected a value, got \"b\""),
    ] {
        let server = Server::start();
        server.say(page);
        let rig = Rig::start(job(&server, more));
        rig.until("a failure", |rig| rig.runtime.board().targets().iter().any(|t| t.health == Health::Down)).await;
        assert_eq!(rig.runtime.board().targets()[0].error.as_deref(), Some(error));
        rig.until("up", |rig| rig.memory.samples().iter().any(|line| line.starts_with("up{"))).await;
        assert!(rig.memory.samples().iter().all(|line| line.starts_with("up") || line.starts_with("scrape_")));
        rig.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_keeps_what_did_not_change() {
    let server = Server::start();
    server.say("a 1\n");
    let first = job(&server, "");
    let rig = Rig::start(first.clone());
    one_more(&rig, &server).await;
    let mut second = first.clone();
    second.scrape.configs[0].honor_labels = true;
    rig.runtime.reload(second.clone()).unwrap();
    one_more(&rig, &server).await;
    second.scrape.configs.push(second.scrape.configs[0].clone());
    let error = rig.runtime.reload(second).unwrap_err().to_string();
    assert_eq!(error, "collect.scrape.configs[1]: job name \"shop\" is taken already, give each job its own");
    rig.runtime.reload(Arc::unwrap_or_clone(Arc::new(quiet()))).unwrap();
    rig.until("no target", |rig| rig.runtime.board().targets().is_empty()).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_removed_while_it_is_scraped_stays_removed() {
    let server = Server::start();
    server.say("a 1\n");
    let rig = Rig::start(job(&server, ""));
    one_more(&rig, &server).await;
    let (held, asked) = (server.hold(), scrapes(&server));
    rig.until("a scrape under way", |_| scrapes(&server) > asked).await;
    rig.runtime.reload(quiet()).unwrap();
    rig.until("no target", |rig| rig.runtime.board().targets().is_empty()).await;
    drop(held);
    rig.until("last words", |rig| rig.memory.samples().last().is_some_and(|line| line.ends_with(" stale"))).await;
    assert_eq!(rig.runtime.board().targets(), []);
    rig.stop().await;
}
