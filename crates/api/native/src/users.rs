//! Accounts, for administrators.

use axum::extract::{Path, State};
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use gw_base::Kind;
use gw_serve::{Fault, Permission, Principal, Services, access};
use gw_state::{Role, UserChange};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::show;

/// The routes.
pub(crate) fn routes() -> Router<Services> {
    Router::new().route("/users", get(list).post(create)).route("/users/{name}", patch(change).delete(remove))
}

fn administer(principal: &Principal) -> Result<(), Fault> {
    access::require(Some(principal), Permission::Administer)
}

async fn list(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<Value>, Fault> {
    administer(&principal)?;
    let users: Vec<Value> = services.state.users().await?.iter().map(show).collect();
    Ok(Json(json!({"users": users})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    password: String,
    role: Role,
}

async fn create(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
    body: Option<Json<NewUser>>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    administer(&principal)?;
    let Json(given) = body
        .ok_or_else(|| Fault::new(Kind::Invalid, "the body takes name, password and role (admin, editor, viewer)"))?;
    let user = services.state.create_user(&given.name, &given.password, given.role).await?;
    Ok((StatusCode::CREATED, Json(show(&user))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    role: Option<Role>,
    password: Option<String>,
}

async fn change(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    body: Option<Json<Change>>,
) -> Result<Json<Value>, Fault> {
    administer(&principal)?;
    let Json(given) = body.ok_or_else(|| Fault::new(Kind::Invalid, "the body takes role and password"))?;
    let change = UserChange { role: given.role, password: given.password, language: None };
    Ok(Json(show(&services.state.change_user(&name, change).await?)))
}

async fn remove(
    State(services): State<Services>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Result<StatusCode, Fault> {
    administer(&principal)?;
    if name == principal.name {
        return Err(Fault::new(Kind::Conflict, "you cannot delete the account that you are using"));
    }
    services.state.delete_user(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
