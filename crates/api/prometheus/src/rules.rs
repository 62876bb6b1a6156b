//! `/api/v1/rules` and `/api/v1/alerts`.

use axum::response::Response;
use gw_alert::Matchers;
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
    /// Label conditions, of which one list must hold.
    matchers: Vec<Matchers>,
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
    let matchers = given.all("match[]").map(|text| crate::params::selector("match[]", text));
    let matchers = matchers.collect::<Result<_, _>>()?;
    let wanted = Wanted { alerting, recording, names: given.all("rule_name[]").collect(), matchers, with_alerts };
    let page = Page::read(given)?;
    let (groups, files): (Vec<&str>, Vec<&str>) = (given.all("rule_group[]").collect(), given.all("file[]").collect());
    let listed = |wanted: &[&str], name: &str| wanted.is_empty() || wanted.contains(&name);
    let groups_of_book = book.groups();
    let listed =
        groups_of_book.iter().filter(|group| listed(&groups, &group.key.name) && listed(&files, &group.key.file));
    let (page, next) = page.cut(listed.map(|group| (token(group), &**group)).collect())?;
    let shown: Vec<Value> = page.into_iter().filter_map(|group| show_group(group, &wanted)).collect();
    let mut data = json!({"groups": shown});
    if let (Some(fields), Some(next)) = (data.as_object_mut(), next) {
        fields.insert("groupNextToken".to_owned(), json!(next));
    }
    Ok(render::success(&data.to_string()))
}

/// Which groups of the list a request wants.
struct Page<'a> {
    limit: Option<usize>,
    /// The first group, as the answer before named it.
    from: Option<&'a str>,
}

impl<'a> Page<'a> {
    fn read(given: &'a Params) -> Result<Self, ApiError> {
        let limit = given.get("group_limit").map(|text| match text.parse::<usize>() {
            Ok(limit) if limit > 0 => Ok(limit),
            _ => Err(ApiError::parameter("group_limit", "group_limit must be a positive number")),
        });
        let (limit, from) = (limit.transpose()?, given.get("group_next_token"));
        if limit.is_none() && from.is_some() {
            let why = "group_limit needs to be set in order to paginate over the groups";
            return Err(ApiError::parameter("group_limit", why));
        }
        Ok(Self { limit, from })
    }

    /// The groups of this page and the token of the next.
    fn cut<T>(&self, groups: Vec<(String, T)>) -> Result<(Vec<T>, Option<String>), ApiError> {
        let first = match self.from {
            None => 0,
            Some(token) => {
                let found = groups.iter().position(|(own, _)| own == token);
                let why = format!("invalid group_next_token {token:?}. were rule groups changed?");
                found.ok_or_else(|| ApiError::parameter("group_next_token", why))?
            }
        };
        let last = self.limit.map_or(groups.len(), |limit| first.saturating_add(limit).min(groups.len()));
        let next = groups.get(last).map(|(token, _)| token.clone());
        Ok((groups.into_iter().skip(first).take(last - first).map(|(_, group)| group).collect(), next))
    }
}

/// Names a group between requests.
fn token(group: &GroupView) -> String {
    let key = format!("{};{}", group.key.file, group.key.name);
    format!("{:016x}", gw_base::labels::hash_bytes(key.as_bytes()))
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
        .filter(|view| wanted.matchers.is_empty() || wanted.matchers.iter().any(|all| all.matches(&view.rule.labels)))
        .map(|view| show_rule(view, wanted.with_alerts))
        .collect();
    let filtered = !(wanted.alerting && wanted.recording && wanted.names.is_empty() && wanted.matchers.is_empty());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_their_tokens() {
        let groups = || ["a", "b", "c"].map(|name| (name.to_owned(), name)).to_vec();
        let given = Params::default();
        let first = Page::read(&given).unwrap();
        assert_eq!(first.cut(groups()).unwrap(), (vec!["a", "b", "c"], None));
        let given = Params::parse("group_limit=2");
        let (page, next) = Page::read(&given).unwrap().cut(groups()).unwrap();
        assert_eq!((page, next.as_deref()), (vec!["a", "b"], Some("c")));
        let given = Params::parse("group_limit=2&group_next_token=c");
        assert_eq!(Page::read(&given).unwrap().cut(groups()).unwrap(), (vec!["c"], None));
        let given = Params::parse("group_limit=2&group_next_token=x");
        assert!(Page::read(&given).unwrap().cut(groups()).is_err());
        assert!(Page::read(&Params::parse("group_next_token=c")).is_err());
        assert!(Page::read(&Params::parse("group_limit=-1")).is_err());
    }
}
