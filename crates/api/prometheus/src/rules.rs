//! `/api/v1/rules` and `/api/v1/alerts`.

use axum::response::Response;
use gw_base::Timestamp;
use gw_detect::{AlertView, GroupView, RuleBook, RuleKind, RuleView};
use gw_serve::Params;
use serde_json::{Value, json};

use crate::errors::ApiError;
use crate::render;

/// Wire: Go's zero time, for a rule that has not been evaluated yet.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Which rules a request wants.
struct Wanted<'a> {
    alerting: bool,
    recording: bool,
    names: Vec<&'a str>,
    with_alerts: bool,
}

/// Groups and their rules.
pub(crate) fn rules(book: &RuleBook, given: &Params) -> Result<Response, ApiError> {
    let kind = given.get("type").unwrap_or("").to_ascii_lowercase();
    let (alerting, recording) = match kind.as_str() {
        "" => (true, true),
        "alert" => (true, false),
        "record" => (false, true),
        other => return Err(ApiError::parameter("type", format!("not supported value {other:?}"))),
    };
    let with_alerts = match given.get("exclude_alerts") {
        None => true,
        Some(text) => !text.parse::<bool>().map_err(|error| ApiError::parameter("exclude_alerts", error))?,
    };
    let wanted = Wanted { alerting, recording, names: given.all("rule_name[]").collect(), with_alerts };
    let (groups, files): (Vec<&str>, Vec<&str>) = (given.all("rule_group[]").collect(), given.all("file[]").collect());
    let listed = |wanted: &[&str], name: &str| wanted.is_empty() || wanted.contains(&name);
    let shown: Vec<Value> = book
        .groups()
        .iter()
        .filter(|group| listed(&groups, &group.key.name) && listed(&files, &group.key.file))
        .filter_map(|group| show_group(group, &wanted))
        .collect();
    Ok(render::success(&json!({"groups": shown}).to_string()))
}

/// Wire: a group of which a filter leaves no rule is left out; one that is empty in its file stays.
fn show_group(group: &GroupView, wanted: &Wanted<'_>) -> Option<Value> {
    let rules: Vec<Value> = group
        .rules
        .iter()
        .filter(|view| match view.rule.kind {
            RuleKind::Alerting(_) => wanted.alerting,
            RuleKind::Recording => wanted.recording,
        })
        .filter(|view| wanted.names.is_empty() || wanted.names.contains(&view.rule.name.as_str()))
        .map(|view| show_rule(view, wanted.with_alerts))
        .collect();
    let filtered = !(wanted.alerting && wanted.recording && wanted.names.is_empty());
    if rules.is_empty() && filtered {
        return None;
    }
    Some(json!({
        "name": group.key.name,
        "file": group.key.file,
        "interval": group.interval.as_secs_f64(),
        "limit": group.limit,
        "evaluationTime": group.evaluation_time.as_secs_f64(),
        "lastEvaluation": time(group.last_evaluation),
        "rules": rules,
    }))
}

fn show_rule(view: &RuleView, with_alerts: bool) -> Value {
    let mut shown = json!({
        "name": view.rule.name,
        "query": view.rule.query,
        "labels": render::label_map(&view.rule.labels, true),
        "health": view.health.as_str(),
        "evaluationTime": view.evaluation_time.as_secs_f64(),
        "lastEvaluation": time(view.last_evaluation),
        "type": "recording",
    });
    let Some(fields) = shown.as_object_mut() else { return shown };
    if let Some(error) = &view.last_error {
        fields.insert("lastError".to_owned(), json!(error));
    }
    if let RuleKind::Alerting(alerting) = &view.rule.kind {
        fields.insert("type".to_owned(), json!("alerting"));
        fields.insert("state".to_owned(), json!(view.state.as_str()));
        fields.insert("duration".to_owned(), json!(alerting.hold_for.as_secs_f64()));
        fields.insert("keepFiringFor".to_owned(), json!(alerting.keep_firing_for.as_secs_f64()));
        fields.insert("annotations".to_owned(), render::label_map(&alerting.annotations, true));
        if with_alerts {
            fields.insert("alerts".to_owned(), view.alerts.iter().map(show_alert).collect());
        }
    }
    shown
}

/// All pending and firing alerts.
pub(crate) fn alerts(book: &RuleBook) -> Response {
    let groups = book.groups();
    let alerts = groups.iter().flat_map(|group| &group.rules).flat_map(|view| &view.alerts);
    render::success(&json!({"alerts": alerts.map(show_alert).collect::<Vec<_>>()}).to_string())
}

fn show_alert(alert: &AlertView) -> Value {
    let mut value = String::new();
    gw_serve::text::push_value(&mut value, alert.value);
    let mut shown = json!({
        "labels": render::label_map(&alert.labels, true),
        "annotations": render::label_map(&alert.annotations, true),
        "state": alert.state.as_str(),
        "activeAt": alert.active_at.to_string(),
        "value": value,
    });
    if let (Some(fields), Some(since)) = (shown.as_object_mut(), alert.keep_firing_since) {
        fields.insert("keepFiringSince".to_owned(), json!(since.to_string()));
    }
    shown
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| NEVER.to_owned(), |at| at.to_string())
}
