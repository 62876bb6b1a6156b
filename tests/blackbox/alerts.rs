//! From a rule to a message: firing and resolved notifications in Alertmanager's form, and a silence that holds one back.

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, unix_nanos};
use crate::product::{Gatewatch, PASSWORD};
use crate::wire::{self, Series};

const RULES: &str = "groups:\n- name: shop\n  interval: 1s\n  rules:\n\
    \x20 - alert: Broken\n    expr: broken == 1\n    labels: {severity: critical}\n\
    \x20   annotations: {summary: 'shelf {{ $labels.shelf }} is broken'}\n";

fn set(product: &Gatewatch, shelf: &str, value: f64) -> Result<()> {
    let millis = i64::try_from(unix_nanos() / 1_000_000)?;
    let body = wire::remote_write(&[Series::new("broken", &[("shelf", shelf)], millis, value)])?;
    wire::send_remote_write(&mut product.connect(1002)?, &body)?.success()?;
    Ok(())
}

/// Waits for a notification about a shelf with a status; keeps the series fresh meanwhile.
fn await_message(receiver: &Backend, shelf: &str, status: &str) -> Result<Value> {
    eventually(&format!("{shelf} is told as {status}"), PATIENCE, || {
        for body in receiver.bodies() {
            let message: Value = serde_json::from_str(&body)?;
            let alerts = message["alerts"].as_array().context("a list of alerts")?;
            if alerts.iter().any(|alert| alert["labels"]["shelf"] == shelf && alert["status"] == status) {
                return Ok(Some(message));
            }
        }
        Ok(None)
    })
}

#[test]
fn an_alert_is_told_silenced_and_resolved() -> Result<()> {
    let (receiver, folder) = (Backend::start()?, Folder::new()?);
    let rules = folder.write("rules.yml", RULES)?;
    let product = Gatewatch::start_with(
        &format!(
            "detect:\n  default_rules: false\n  rule_files: ['{}']\nalert:\n\
             \x20 route: {{receiver: hook, group_by: [alertname, shelf], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}}\n\
             \x20 receivers:\n  - name: hook\n    webhook_configs: [{{url: 'http://127.0.0.1:{}/hook'}}]\n",
            rules.display(),
            receiver.port()
        ),
        &[],
    )?;
    let token = format!("Basic {}", base64(format!("admin:{PASSWORD}").as_bytes()));
    let silence = json!({
        "matchers": [{"name": "shelf", "value": "b", "is_regex": false, "is_equal": true}], "duration": 3600, "comment": "known"
    });
    let headers = [("authorization", token.as_str()), ("content-type", "application/json"), ("x-gatewatch", "1")];
    http::request(product.port(1003), "POST", "/api/gw/silences", &headers, silence.to_string().as_bytes())?
        .success()?;

    set(&product, "a", 1.0)?;
    set(&product, "b", 1.0)?;
    let message = await_message(&receiver, "a", "firing")?;
    ensure!(message["version"] == "4" && message["status"] == "firing" && message["receiver"] == "hook", "{message}");
    ensure!(message["groupLabels"] == json!({"alertname": "Broken", "shelf": "a"}), "{message}");
    ensure!(message["commonAnnotations"]["summary"] == "shelf a is broken", "{message}");
    let alert = &message["alerts"][0];
    ensure!(alert["labels"]["severity"] == "critical" && alert["fingerprint"].is_string(), "{alert}");
    ensure!(alert["startsAt"].is_string() && alert["generatorURL"].is_string(), "{alert}");

    set(&product, "a", 0.0)?;
    set(&product, "c", 1.0)?;
    let resolved = await_message(&receiver, "a", "resolved")?;
    ensure!(resolved["status"] == "resolved", "{resolved}");
    await_message(&receiver, "c", "firing")?;
    let told = receiver.bodies();
    ensure!(!told.iter().any(|body| body.contains("shelf b is broken")), "a silenced alert was told: {told:?}");
    product.finish()
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().enumerate().fold(0_u32, |word, (place, byte)| word | u32::from(*byte) << (16 - 8 * place));
        for place in 0..4 {
            let letter = char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]);
            text.push(if place > chunk.len() { '=' } else { letter });
        }
    }
    text
}
