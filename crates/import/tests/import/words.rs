//! What is taken over, what is noted, and the words of refusals.

use std::path::Path;

use gw_import::{prometheus, promtail};

#[test]
fn a_prometheus_file_becomes_jobs_and_rule_files() {
    let text = "
global: {scrape_interval: 30s, evaluation_interval: 20s, sample_limit: 5, external_labels: {site: a}}
rule_files: [rules/*.yml]
remote_write: [{url: 'http://elsewhere'}]
scrape_configs:
  - job_name: shop
    scrape_interval: 5s
    file_sd_configs: [{files: [sd/*.json]}]
    static_configs: [{targets: ['a:1']}]
";
    let imported = prometheus::read("p.yml", text, Path::new("/etc/prom")).unwrap();
    let job = &imported.scrape[0];
    assert_eq!(job.scrape_interval.unwrap().to_string(), "5s");
    assert_eq!(job.scrape_timeout.unwrap().to_string(), "5s");
    assert_eq!((job.sample_limit, job.file_sd_configs[0].files[0].as_str()), (5, "/etc/prom/sd/*.json"));
    assert_eq!(imported.rule_files, ["/etc/prom/rules/*.yml"]);
    assert_eq!(imported.evaluation_interval.unwrap().to_string(), "20s");
    assert_eq!(imported.notes, ["remote_write is left out: samples stay in Gatewatch's own store"]);
}

#[test]
fn refusals_name_place_and_remedy() {
    let prom = |text: &str| prometheus::read("p.yml", text, Path::new("")).unwrap_err().to_string();
    assert!(prom("scrap_configs: []").starts_with("p.yml:1:1: unknown field \"scrap_configs\" at the top level"));
    assert!(prom("scrap_configs: []").ends_with("(did you mean \"scrape_configs\"?)"));
    assert_eq!(
        prom("scrape_configs: [{job_name: a, consul_sd_configs: [{server: x}]}]"),
        "p.yml:1:51: scrape_configs[0].consul_sd_configs: not supported yet; targets come from static_configs and file_sd_configs"
    );
    assert_eq!(
        prom("scrape_configs: [{job_name: a}, {job_name: a}]"),
        "p.yml: scrape_configs[1]: job name \"a\" is taken already, give each job its own"
    );
    let tail = |text: &str| promtail::read("t.yml", text).unwrap_err().to_string();
    assert_eq!(
        tail("scrape_configs: [{job_name: a, pipeline_stages: [{multiline: {firstline: x}}]}]"),
        "t.yml:1:50: scrape_configs[0].pipeline_stages[0]: unknown value \"multiline\", expected one of json, regex, labels, timestamp"
    );
    assert!(
        tail("scrape_configs: [{job_name: a, journal: {}}]").contains("scrape_configs[0].journal: not supported yet")
    );
    assert!(
        tail("scrape_configs: [{job_name: a, static_configs: [{labels: {}}]}]").contains("label __path__ is missing")
    );
}

#[test]
fn a_promtail_file_becomes_followed_files() {
    let text = "
server: {http_listen_port: 9080}
positions: {filename: /tmp/positions.yaml}
clients: [{url: 'http://loki:3100/loki/api/v1/push'}]
scrape_configs:
  - job_name: system
    pipeline_stages:
      - json: {expressions: {level: , msg: message}}
      - labels: {level: }
    static_configs:
      - targets: [localhost]
        labels: {job: varlogs, host: a, __path__: '/var/log/{a,b}/*.log', __path_exclude__: /var/log/a/x.log}
";
    let imported = promtail::read("t.yml", text).unwrap();
    let tail = &imported.tail[0];
    assert_eq!(tail.paths, ["/var/log/a/*.log", "/var/log/b/*.log"]);
    assert_eq!(tail.exclude, ["/var/log/a/x.log"]);
    assert_eq!(tail.labels.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>(), ["host=a", "job=varlogs"]);
    assert_eq!(tail.stages.len(), 2);
    assert_eq!(imported.notes.len(), 3);
}
