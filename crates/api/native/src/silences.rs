//! Silences: seen by all, written by editors.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::{delete, get};
use axum::{Extension, Json, Router};
use gw_alert::{SilenceRequest, Silences};
use gw_base::{Kind, MatchOp, Matcher, Timestamp};
use gw_serve::{Fault, Permission, Principal, Services, access};
use gw_state::Silence;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The routes.
pub(crate) fn routes(silences: Silences) -> Router<Services> {
    let (listed, made, ended) = (silences.clone(), silences.clone(), silences);
    let list = move |state: State<Services>| async move { list(&listed, &state.0) };
    let create = move |state: State<Services>, who: Extension<Principal>, body: Option<Json<NewSilence>>| async move {
        create(&made, &state.0, &who.0, body).await
    };
    let remove = move |who: Extension<Principal>, id: Path<String>| async move { remove(&ended, &who.0, &id.0).await };
    Router::new().route("/silences", get(list).post(create)).route("/silences/{id}", delete(remove))
}

/// A matcher as this API writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatcherBody {
    name: String,
    value: String,
    #[serde(default)]
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

const fn yes() -> bool {
    true
}

impl MatcherBody {
    fn of(matcher: &Matcher) -> Self {
        Self {
            name: matcher.name.clone(),
            value: matcher.value.clone(),
            is_regex: matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex),
            is_equal: matches!(matcher.op, MatchOp::Equal | MatchOp::Regex),
        }
    }

    fn matcher(self) -> Matcher {
        let op = match (self.is_regex, self.is_equal) {
            (false, true) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (true, false) => MatchOp::NotRegex,
        };
        Matcher::new(self.name, op, self.value)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSilence {
    /// Changes this one instead of making a new one.
    id: Option<String>,
    matchers: Vec<MatcherBody>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    /// Seconds from the start, in place of `ends_at`.
    duration: Option<f64>,
    #[serde(default)]
    comment: String,
}

fn show(silence: &Silence, now: Timestamp) -> Value {
    json!({
        "id": silence.id,
        "matchers": silence.matchers.iter().map(MatcherBody::of).collect::<Vec<_>>(),
        "starts_at": silence.starts_at.to_string(),
        "ends_at": silence.ends_at.to_string(),
        "created_by": silence.created_by,
        "comment": silence.comment,
        "state": silence.state(now).as_str(),
    })
}

fn list(silences: &Silences, services: &Services) -> Json<Value> {
    let now = services.world.now();
    Json(json!({"silences": silences.list().iter().map(|silence| show(silence, now)).collect::<Vec<_>>()}))
}

async fn create(
    silences: &Silences,
    services: &Services,
    who: &Principal,
    body: Option<Json<NewSilence>>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    access::require(Some(who), Permission::Write)?;
    let invalid = |message: &str| Fault::new(Kind::Invalid, message);
    let Json(given) = body.ok_or_else(|| {
        invalid("the body takes matchers [{name, value, is_regex, is_equal}], starts_at, ends_at or duration, comment")
    })?;
    let now = services.world.now();
    let starts_at = time(given.starts_at.as_deref())?.unwrap_or(now);
    let ends_at = match (time(given.ends_at.as_deref())?, given.duration) {
        (Some(_), Some(_)) => return Err(invalid("give ends_at or duration, not both")),
        (None, None) => return Err(invalid("give ends_at, or duration in seconds")),
        (Some(at), None) => at,
        (None, Some(seconds)) => match Duration::try_from_secs_f64(seconds) {
            Ok(duration) => starts_at.max(now) + duration,
            Err(error) => return Err(invalid(&format!("duration {seconds}: {error}"))),
        },
    };
    let request = SilenceRequest {
        id: given.id,
        matchers: given.matchers.into_iter().map(MatcherBody::matcher).collect(),
        starts_at,
        ends_at,
        created_by: who.name.clone(),
        comment: given.comment,
    };
    let silence = silences.set(request).await?;
    Ok((StatusCode::CREATED, Json(show(&silence, silence.updated_at))))
}

fn time(text: Option<&str>) -> Result<Option<Timestamp>, Fault> {
    text.map(|text| {
        text.parse().map_err(|error: gw_base::time::TimeError| Fault::new(Kind::Invalid, error.to_string()))
    })
    .transpose()
}

async fn remove(silences: &Silences, who: &Principal, id: &str) -> Result<StatusCode, Fault> {
    access::require(Some(who), Permission::Write)?;
    silences.expire(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
