//! Real gateways on loopback, watched: their metrics scraped, their access logs followed and parsed, their traces taken.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http;

use crate::backend::Backend;
use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, built_by_go, eventually, program};
use crate::ports;
use crate::product::{Gatewatch, PASSWORD};

/// A real gateway in front of the backend.
struct Gateway {
    daemon: Daemon,
    web: u16,
    folder: Folder,
    _backend: Backend,
}

impl Gateway {
    /// Sends 20 good requests and 5 that fail, once it answers.
    fn traffic(&mut self) -> Result<()> {
        let web = self.web;
        let daemon = &mut self.daemon;
        eventually("the gateway answers", PATIENCE, || {
            daemon.check_alive()?;
            Ok(http::request(web, "GET", "/", &[], b"").ok().filter(|answer| answer.status == 200))
        })?;
        for number in 0..25 {
            let path = if number % 5 == 4 { "/fail".to_owned() } else { format!("/cart?item={number}") };
            let answer = http::request(web, "GET", &path, &[("user-agent", "black-box/1")], b"")?;
            ensure!(answer.status == if number % 5 == 4 { 500 } else { 200 }, "{path}: {}", answer.status);
        }
        Ok(())
    }
}

/// A configuration that scrapes `metrics` every second and follows the access log.
fn watching(job: &str, metrics: Option<u16>, parser: &str, log: &Path) -> String {
    let scrape = metrics.map_or_else(String::new, |port| {
        format!(
            "  scrape:\n    interval: 1s\n    timeout: 1s\n    configs:\n\
             \x20     - job_name: {job}\n        static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
        )
    });
    let path = log.display();
    let tail = format!("  tail:\n    - paths: ['{path}']\n      labels: {{job: {job}}}\n      parser: {parser}\n");
    format!("collect:\n{scrape}{tail}")
}

/// The access log came in whole and parsed: 5 failures by their status, 20 others by their path.
fn check_access_log(product: &Gatewatch, job: &str) -> Result<()> {
    let count = |query: &str| -> Result<usize> { Ok(product.lines(query)?.len()) };
    let failures = format!("{{job=\"{job}\"}} | status = \"500\" | method = \"GET\"");
    eventually("the failures are found by their status", PATIENCE, || {
        let found = count(&failures)?;
        ensure!(found <= 5, "{found} failures of 5");
        Ok(Some(()).filter(|()| found == 5))
    })?;
    let found = count(&format!("{{job=\"{job}\"}} | status = \"200\" | path =~ \"/cart.*\""))?;
    ensure!(found == 20, "{found} of 20 requests are found by their path");
    let agent = count(&format!("{{job=\"{job}\"}} |= \"black-box/1\""))?;
    ensure!(agent == 25, "{agent} of 25 lines are found by a word");
    Ok(())
}

fn await_value(product: &Gatewatch, query: &str) -> Result<()> {
    eventually(query, PATIENCE, || Ok(Some(()).filter(|()| product.instant(query).is_ok_and(|rows| !rows.is_empty()))))
}

/// The gateway page knows the gateway, that it is up, and that something goes through it.
fn check_page(product: &Gatewatch, kind: &str) -> Result<()> {
    let login = format!("{{\"username\":\"admin\",\"password\":\"{PASSWORD}\"}}");
    let answer = product.post_json(1003, "/api/gw/login", &login)?.success()?;
    let cookie = answer.header("set-cookie").and_then(|text| text.split(';').next()).context("a session cookie")?;
    let port = product.port(1003);
    eventually("the gateway page shows it", PATIENCE, || {
        let page = http::request(port, "GET", "/api/gw/gateway", &[("cookie", cookie)], b"")?.success()?.json()?;
        let gateways = page["gateways"].as_array().context("a list of gateways")?;
        let up = gateways.iter().any(|gateway| gateway["kind"] == kind && gateway["up"] == true);
        let busy = ["entrypoints", "routers", "services"].iter().any(|part| {
            page[*part]
                .as_array()
                .is_some_and(|rows| rows.iter().any(|row| row["rate"].as_f64().is_some_and(|rate| rate > 0.0)))
        });
        ensure!(up && busy, "{page}");
        Ok(Some(()))
    })
}

fn nginx() -> Result<Option<Gateway>> {
    let Some(nginx) = program("nginx")? else { return Ok(None) };
    let (folder, backend, web) = (Folder::new()?, Backend::start()?, ports::free()?);
    let place = folder.path().display();
    let config = folder.write(
        "nginx.conf",
        &format!(
            "pid {place}/pid;\nerror_log {place}/error.log;\nworker_processes 1;\nevents {{}}\nhttp {{\n\
             access_log {place}/access.log combined;\n\
             client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;\n\
             uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
             server {{ listen 127.0.0.1:{web}; location / {{ proxy_pass http://127.0.0.1:{}; }} }}\n}}\n",
            backend.port()
        ),
    )?;
    let mut command = Command::new(nginx);
    command.arg("-c").arg(config).args(["-g", "daemon off;", "-e"]).arg(folder.path().join("start.log"));
    let daemon = Daemon::start(&mut command, &folder.path().join("nginx.log"))?;
    Ok(Some(Gateway { daemon, web, folder, _backend: backend }))
}

#[test]
fn nginx_access_log() -> Result<()> {
    let Some(mut gateway) = nginx()? else { return Ok(()) };
    let log = gateway.folder.path().join("access.log");
    let product = Gatewatch::start_with(&watching("nginx", None, "nginx", &log), &[])?;
    gateway.traffic()?;
    check_access_log(&product, "nginx")?;

    // Rotation: the file is renamed, nginx reopens, nothing is lost and nothing comes twice.
    std::fs::rename(&log, log.with_extension("log.1"))?;
    gateway.daemon.signal(rustix::process::Signal::USR1)?;
    eventually("nginx reopened its log", PATIENCE, || Ok(Some(()).filter(|()| log.exists())))?;
    for _ in 0..10 {
        http::request(gateway.web, "GET", "/after", &[], b"")?.success()?;
    }
    let query = "{job=\"nginx\"} | path = \"/after\"";
    eventually("lines after the rotation", PATIENCE, || {
        Ok(Some(()).filter(|()| product.lines(query).is_ok_and(|found| found.len() == 10)))
    })?;
    check_access_log(&product, "nginx")?;
    product.finish()
}

#[test]
fn a_promtail_file_follows_nginx() -> Result<()> {
    let Some(mut gateway) = nginx()? else { return Ok(()) };
    let log = gateway.folder.path().join("access.log");
    let promtail = gateway.folder.write(
        "promtail.yml",
        &format!(
            "clients: [{{url: 'http://127.0.0.1:3100/loki/api/v1/push'}}]\n\
             scrape_configs:\n- job_name: web\n  static_configs:\n\
             \x20 - targets: [localhost]\n    labels: {{job: imported, __path__: '{}'}}\n\
             \x20 pipeline_stages:\n\
             \x20 - regex: {{expression: '\"(?P<verb>[A-Z]+) [^\"]*\" (?P<code>[0-9]+) '}}\n\
             \x20 - labels: {{verb: null, code: null}}\n",
            log.display()
        ),
    )?;
    let product = Gatewatch::start_with("", &["--import", &format!("promtail={}", promtail.display())])?;
    gateway.traffic()?;
    eventually("lines with the labels that the stages made", PATIENCE, || {
        Ok(Some(()).filter(|()| {
            product.lines("{job=\"imported\", verb=\"GET\", code=\"500\"}").is_ok_and(|found| found.len() == 5)
        }))
    })?;
    product.finish()
}

#[test]
fn haproxy_metrics() -> Result<()> {
    let Some(haproxy) = program("haproxy")? else { return Ok(()) };
    let (folder, backend, web, metrics) = (Folder::new()?, Backend::start()?, ports::free()?, ports::free()?);
    let config = folder.write(
        "haproxy.cfg",
        &format!(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n\
             frontend shop\n  bind 127.0.0.1:{web}\n  default_backend carts\n\
             backend carts\n  server one 127.0.0.1:{}\n\
             frontend metrics\n  bind 127.0.0.1:{metrics}\n  http-request use-service prometheus-exporter if {{ path /metrics }}\n",
            backend.port()
        ),
    )?;
    let daemon =
        Daemon::start(Command::new(haproxy).arg("-db").arg("-f").arg(config), &folder.path().join("haproxy.log"))?;
    let mut gateway = Gateway { daemon, web, folder, _backend: backend };
    let log = gateway.folder.path().join("none.log");
    let product = Gatewatch::start_with(&watching("haproxy", Some(metrics), "none", &log), &[])?;
    gateway.traffic()?;
    await_value(&product, "haproxy_frontend_http_responses_total{proxy=\"shop\", code=\"5xx\"} == 5")?;
    await_value(&product, "haproxy_backend_http_requests_total{proxy=\"carts\"} >= 25")?;
    for _ in 0..3 {
        gateway.traffic()?;
    }
    check_page(&product, "haproxy")?;
    product.finish()
}

#[test]
fn caddy_metrics_and_access_log() -> Result<()> {
    let Some(caddy) = program("caddy")? else { return Ok(()) };
    let (folder, backend, web, admin) = (Folder::new()?, Backend::start()?, ports::free()?, ports::free()?);
    let log = folder.path().join("access.log");
    let config = folder.write(
        "Caddyfile",
        &format!(
            "{{\n admin 127.0.0.1:{admin}\n servers {{\n  metrics\n }}\n}}\n\
             http://127.0.0.1:{web} {{\n log {{\n  output file {}\n  format json\n }}\n reverse_proxy 127.0.0.1:{}\n}}\n",
            log.display(),
            backend.port()
        ),
    )?;
    let mut command = Command::new(caddy);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(config).env("HOME", folder.path());
    let daemon = Daemon::start(&mut command, &folder.path().join("caddy.log"))?;
    let mut gateway = Gateway { daemon, web, folder, _backend: backend };
    let product = Gatewatch::start_with(&watching("caddy", Some(admin), "none", &log), &[])?;
    gateway.traffic()?;
    await_value(&product, "sum(caddy_http_requests_total) >= 25")?;
    let query = "{job=\"caddy\"} | json | status = \"500\"";
    eventually("the failures are found in the JSON log", PATIENCE, || {
        Ok(Some(()).filter(|()| product.lines(query).is_ok_and(|found| found.len() == 5)))
    })?;
    for _ in 0..3 {
        gateway.traffic()?;
    }
    check_page(&product, "caddy")?;
    product.finish()
}

/// Traefik with metrics, an access log in the given format, and traces sent to `otlp`.
fn traefik(otlp: u16, format: &str, metrics: u16) -> Result<Option<Gateway>> {
    let Some(traefik) = built_by_go("GATEWATCH_TEST_TRAEFIK") else { return Ok(None) };
    let (folder, backend, web) = (Folder::new()?, Backend::start()?, ports::free()?);
    let routes = folder.write(
        "routes.yml",
        &format!(
            "http:\n  routers:\n    shop: {{rule: 'PathPrefix(`/`)', service: carts, entryPoints: [web]}}\n\
             \x20 services:\n    carts: {{loadBalancer: {{servers: [{{url: 'http://127.0.0.1:{}'}}]}}}}\n",
            backend.port()
        ),
    )?;
    let config = folder.write(
        "traefik.yml",
        &format!(
            "global: {{checkNewVersion: false, sendAnonymousUsage: false}}\n\
             entryPoints:\n  web: {{address: '127.0.0.1:{web}'}}\n  metrics: {{address: '127.0.0.1:{metrics}'}}\n\
             providers: {{file: {{filename: '{}'}}}}\n\
             metrics: {{prometheus: {{entryPoint: metrics, addRoutersLabels: true}}}}\n\
             accessLog: {{filePath: '{}', format: {format}, fields: {{headers: {{names: {{User-Agent: keep}}}}}}}}\n\
             tracing: {{serviceName: edge, otlp: {{http: {{endpoint: 'http://127.0.0.1:{otlp}/v1/traces'}}}}}}\n",
            routes.display(),
            folder.path().join("access.log").display()
        ),
    )?;
    let mut command = Command::new(traefik);
    command.arg(format!("--configFile={}", config.display()));
    let daemon = Daemon::start(&mut command, &folder.path().join("traefik.log"))?;
    Ok(Some(Gateway { daemon, web, folder, _backend: backend }))
}

/// The product is started first with the log's path, because Traefik needs to know where to send traces.
fn watch_traefik(format: &str, parser: &str) -> Result<()> {
    let (own, metrics) = (Folder::new()?, ports::free()?);
    let link = own.path().join("log");
    let config = watching("traefik", Some(metrics), parser, &link.join("access.log"));
    let product = Gatewatch::start_with(&config, &[])?;
    let Some(mut gateway) = traefik(product.port(4318), format, metrics)? else { return Ok(()) };
    std::os::unix::fs::symlink(gateway.folder.path(), &link)?;
    gateway.traffic()?;
    check_access_log(&product, "traefik")?;
    await_value(&product, "sum(traefik_service_requests_total{code=\"500\"}) == 5")?;
    await_value(&product, "sum(traefik_router_requests_total) >= 25")?;
    eventually("its traces are searchable", PATIENCE, || {
        let services = product.get(1005, "/api/services")?.success()?.json()?;
        Ok(Some(()).filter(|()| services["data"].as_array().is_some_and(|names| names.contains(&"edge".into()))))
    })?;
    for _ in 0..3 {
        gateway.traffic()?;
    }
    check_page(&product, "traefik")?;
    product.finish()
}

#[test]
fn traefik_with_a_json_access_log() -> Result<()> {
    watch_traefik("json", "traefik")
}

#[test]
fn traefik_with_a_common_access_log() -> Result<()> {
    watch_traefik("common", "traefik")
}
