//! API tokens, for administrators.

use axum::extract::{Path, State};
use axum::routing::{delete, get};
use axum::{Extension, Json, Router};
use gw_base::{Kind, Timestamp};
use gw_serve::{Fault, Permission, Principal, Services, access};
use gw_state::{Role, Token};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// The routes.
pub(crate) fn routes() -> Router<Services> {
    Router::new().route("/tokens", get(list).post(create)).route("/tokens/{id}", delete(remove))
}

fn show(token: &Token) -> Value {
    let last_used_at = token.last_used_at.map(|at: Timestamp| at.to_string());
    json!({
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "created_by": token.created_by,
        "created_at": token.created_at.to_string(),
        "last_used_at": last_used_at,
    })
}

async fn list(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<Value>, Fault> {
    access::require(Some(&principal), Permission::Administer)?;
    let tokens: Vec<Value> = services.state.tokens().await?.iter().map(show).collect();
    Ok(Json(json!({"tokens": tokens})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    role: Role,
}

async fn create(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
    body: Option<Json<NewToken>>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    access::require(Some(&principal), Permission::Administer)?;
    let Json(given) =
        body.ok_or_else(|| Fault::new(Kind::Invalid, "the body takes name and role (admin, editor, viewer)"))?;
    let made = services.state.create_token(&given.name, given.role, &principal.name).await?;
    Ok((StatusCode::CREATED, Json(json!({"id": made.token.id, "token": made.secret}))))
}

async fn remove(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    access::require(Some(&principal), Permission::Administer)?;
    services.state.delete_token(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
