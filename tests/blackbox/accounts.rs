//! Accounts, roles, tokens and the native API that the web UI speaks.

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http::{self, Answer};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::outside::{PATIENCE, eventually};
use crate::product::{Gatewatch, PASSWORD};

/// Somebody who is signed in by cookie.
pub(crate) struct Person<'product> {
    product: &'product Gatewatch,
    cookie: String,
}

impl<'product> Person<'product> {
    pub(crate) fn sign_in(product: &'product Gatewatch, name: &str, password: &str) -> Result<Self> {
        let body = json!({"username": name, "password": password}).to_string();
        let answer = product.post_json(1003, "/api/gw/login", &body)?.success()?;
        let cookie = answer.header("set-cookie").context("a session cookie")?;
        ensure!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        Ok(Self { product, cookie: cookie.split(';').next().unwrap_or_default().to_owned() })
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.send("GET", path, &Value::Null, true)?.success()?.json()
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value, marked: bool) -> Result<Answer> {
        let mut headers = vec![("cookie", self.cookie.as_str()), ("content-type", "application/json")];
        if marked {
            headers.push(("x-gatewatch", "1"));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        http::request(self.product.port(1003), method, path, &headers, body.as_bytes())
    }
}

#[test]
fn roles_decide_who_may_write() -> Result<()> {
    let product = Gatewatch::start()?;
    ensure!(product.get(1003, "/api/gw/me")?.status == 401, "nobody is signed in");
    let wrong = product.post_json(1003, "/api/gw/login", "{\"username\":\"admin\",\"password\":\"guess\"}")?;
    ensure!(wrong.status == 401 && wrong.json()?["error"]["kind"] == "denied", "{}", wrong.text());

    let admin = Person::sign_in(&product, "admin", PASSWORD)?;
    ensure!(admin.get("/api/gw/me")?["role"] == "admin");
    let viewer = json!({"name": "eun", "password": "a long enough password", "role": "viewer"});
    let unmarked = admin.send("POST", "/api/gw/users", &viewer, false)?;
    ensure!(unmarked.status == 403, "a cross-site form could write: {}", unmarked.status);
    admin.send("POST", "/api/gw/users", &viewer, true)?.success()?;

    let viewer = Person::sign_in(&product, "eun", "a long enough password")?;
    ensure!(viewer.get("/api/gw/overview")?["tiles"].as_array().is_some_and(|tiles| tiles.len() == 4));
    let matcher = json!({"name": "alertname", "value": "X", "is_regex": false, "is_equal": true});
    let silence = json!({"matchers": [matcher], "duration": 3600, "comment": "night work"});
    let denied = viewer.send("POST", "/api/gw/silences", &silence, true)?;
    ensure!(denied.status == 403, "a viewer wrote a silence: {}", denied.status);
    ensure!(viewer.send("GET", "/api/gw/users", &Value::Null, true)?.status == 403, "a viewer reads the accounts");
    let made = admin.send("POST", "/api/gw/silences", &silence, true)?.success()?.json()?;
    ensure!(made["state"] == "active" && made["created_by"] == "admin", "{made}");
    let listed = viewer.get("/api/gw/silences")?;
    ensure!(listed["silences"].as_array().is_some_and(|all| all.len() == 1), "{listed}");
    product.finish()
}

#[test]
fn tokens_sign_programs_in() -> Result<()> {
    let product = Gatewatch::start()?;
    let admin = Person::sign_in(&product, "admin", PASSWORD)?;
    let made =
        admin.send("POST", "/api/gw/tokens", &json!({"name": "ci", "role": "viewer"}), true)?.success()?.json()?;
    let token = format!("Bearer {}", made["token"].as_str().context("the token, shown once")?);
    let ask = |path: &str| http::request(product.port(1003), "GET", path, &[("authorization", &token)], b"");
    ensure!(ask("/api/gw/status")?.success()?.json()?["version"].is_string());
    ensure!(ask("/api/gw/users")?.status == 403, "a viewer's token reads the accounts");
    let listed = admin.get("/api/gw/tokens")?.to_string();
    ensure!(!listed.contains(token.trim_start_matches("Bearer ")), "the list shows the secret");
    let path = format!("/api/gw/tokens/{}", made["id"].as_str().map_or_else(|| made["id"].to_string(), str::to_owned));
    admin.send("DELETE", &path, &Value::Null, true)?.success()?;
    ensure!(ask("/api/gw/status")?.status == 401, "a deleted token still works");
    product.finish()
}

#[test]
fn sql_reads_every_signal() -> Result<()> {
    let product = Gatewatch::start()?;
    let lines: Vec<_> =
        (0..7).map(|number| (crate::outside::unix_nanos() + number, format!("line {number}"))).collect();
    let push = String::from_utf8(crate::wire::loki_push(&[("job", "sql")], &lines))?;
    product.post_json(1004, "/loki/api/v1/push", &push)?.success()?;
    let admin = Person::sign_in(&product, "admin", PASSWORD)?;
    let ask = |query: &str| admin.send("POST", "/api/gw/sql", &json!({"query": query}), true);
    let answer = ask("select count(*) as n from logs where line like 'line %'")?.success()?.json()?;
    ensure!(answer["columns"][0]["name"] == "n" && answer["rows"][0][0] == 7, "{answer}");
    for table in ["metrics", "spans", "events"] {
        ask(&format!("select * from {table} limit 1"))?.success().with_context(|| format!("table {table}"))?;
    }
    let wrong = ask("select nothing from nowhere")?;
    ensure!(wrong.status == 400 || wrong.status == 404, "{}: {}", wrong.status, wrong.text());
    ensure!(ask("drop table logs")?.status == 400, "SQL may write");
    product.finish()
}

#[test]
fn a_monitor_sees_a_service_come_and_go() -> Result<()> {
    let product = Gatewatch::start()?;
    let backend = Backend::start()?;
    let admin = Person::sign_in(&product, "admin", PASSWORD)?;
    let target = format!("http://127.0.0.1:{}/", backend.port());
    let monitor = json!({
        "name": "shop", "kind": "http", "target": target, "interval": 1, "timeout": 1, "retries": 0,
        "expect": {"status": "200-299", "keyword": "ok", "tls_days": 14}, "paused": false
    });
    let made = admin.send("POST", "/rooms/uptime/api/monitors", &monitor, true)?.success()?.json()?;
    let path = format!(
        "/rooms/uptime/api/monitors/{}",
        made["id"].as_str().map_or_else(|| made["id"].to_string(), str::to_owned)
    );
    let state = |wanted: &str| {
        eventually(&format!("the monitor is {wanted}"), PATIENCE, || {
            Ok(Some(()).filter(|()| admin.get(&path).is_ok_and(|found| found["state"] == wanted)))
        })
    };
    state("up")?;
    let metrics = product.get(1009, "/metrics")?.success()?.text();
    ensure!(metrics.contains("monitor_status{") && metrics.contains("monitor_name=\"shop\""), "{metrics}");
    drop(backend);
    state("down")?;
    let incident = admin.get(&path)?["incidents"][0].clone();
    ensure!(incident["end"].is_null() && incident["reason"].is_string(), "{incident}");
    product.finish()
}

#[test]
fn rules_fire_and_their_alerts_are_shown() -> Result<()> {
    let folder = crate::folder::Folder::new()?;
    folder.write(
        "rules.yml",
        "groups:\n- name: shop\n  interval: 1s\n  rules:\n\
         \x20 - record: job:up:sum\n    expr: sum by (job) (up)\n\
         \x20 - alert: ShopDown\n    expr: up{job=\"shop\"} == 0\n    labels: {severity: critical}\n\
         \x20   annotations: {summary: '{{ $labels.instance }} is down, value {{ $value }}'}\n",
    )?;
    let config = folder.write(
        "prometheus.yml",
        "rule_files: [rules.yml]\nscrape_configs:\n- job_name: shop\n  scrape_interval: 1s\n  static_configs: [{targets: ['127.0.0.1:1']}]\n",
    )?;
    let product = Gatewatch::start_with("", &["--import", &format!("prometheus={}", config.display())])?;
    let alert = eventually("the alert fires", PATIENCE, || {
        let answer = product.get(1002, "/api/v1/alerts")?.success()?.json()?;
        let all = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        Ok(all.into_iter().find(|alert| alert["labels"]["alertname"] == "ShopDown" && alert["state"] == "firing"))
    })?;
    ensure!(alert["annotations"]["summary"] == "127.0.0.1:1 is down, value 0", "{alert}");
    eventually("the recorded series is there", PATIENCE, || {
        Ok(Some(()).filter(|()| product.instant("job:up:sum{job=\"shop\"}").is_ok_and(|found| !found.is_empty())))
    })?;
    let rules = product.get(1002, "/api/v1/rules")?.success()?.json()?;
    let groups = rules["data"]["groups"].as_array().context("a list of groups")?;
    ensure!(
        groups
            .iter()
            .any(|group| group["name"] == "shop" && group["rules"].as_array().is_some_and(|all| all.len() == 2)),
        "{rules}"
    );
    let admin = Person::sign_in(&product, "admin", PASSWORD)?;
    eventually("the alert is on the page", PATIENCE, || {
        Ok(Some(()).filter(|()| admin.get("/api/gw/alerts").is_ok_and(|page| page.to_string().contains("ShopDown"))))
    })?;
    product.finish()
}
