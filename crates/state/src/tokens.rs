//! API tokens: long-lived secrets of programs, each with a role.

use std::time::Duration;

use gw_base::Timestamp;
use sqlx_core::query::query;
use sqlx_core::row::Row;
use sqlx_sqlite::SqliteRow;

use crate::error::is_duplicate;
use crate::users::role_of;
use crate::{Role, State, StateError, secrets};

/// What every token starts with, so that leaked ones are recognised by scanners.
const PREFIX: &str = "gw_";
const LONGEST_NAME: usize = 128;
/// The time of last use is written at most this often.
const TOUCH_AFTER: Duration = Duration::from_mins(1);

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Identifier for deletion.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token just made, with the secret that is shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The token.
    pub token: Token,
    /// `gw_...`
    pub secret: String,
}

impl State {
    /// All tokens by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tokens(&self) -> Result<Vec<Token>, StateError> {
        let rows = query("SELECT * FROM tokens ORDER BY name").fetch_all(self.pool()).await?;
        rows.iter().map(token_of).collect()
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`StateError::Refused`] for an unfit name, [`StateError::Conflict`] when the name is taken.
    pub async fn create_token(&self, name: &str, role: Role, created_by: &str) -> Result<NewToken, StateError> {
        if name.trim().is_empty() || name.len() > LONGEST_NAME {
            return Err(StateError::Refused(format!("a token needs a name of 1 to {LONGEST_NAME} bytes")));
        }
        let world = &*self.inner.world;
        let secret = format!("{PREFIX}{}", secrets::new_secret(world));
        let token = Token {
            id: secrets::new_uuid(world),
            name: name.to_owned(),
            role,
            created_by: created_by.to_owned(),
            created_at: self.now(),
            last_used_at: None,
        };
        query("INSERT INTO tokens (id, hash, name, role, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(&token.id)
            .bind(secrets::sha256(&secret))
            .bind(name)
            .bind(role.as_str())
            .bind(created_by)
            .bind(token.created_at.nanos())
            .execute(self.pool())
            .await
            .map_err(|error| match is_duplicate(&error) {
                true => StateError::Conflict(format!("a token named {name:?} exists already")),
                false => error.into(),
            })?;
        Ok(NewToken { token, secret })
    }

    /// Deletes a token; from then on it opens nothing.
    ///
    /// # Errors
    /// [`StateError::Missing`] when there is none of that id.
    pub async fn delete_token(&self, id: &str) -> Result<(), StateError> {
        let deleted = query("DELETE FROM tokens WHERE id = ?").bind(id).execute(self.pool()).await?;
        match deleted.rows_affected() {
            0 => Err(StateError::Missing { what: "token", name: id.to_owned() }),
            _ => Ok(()),
        }
    }

    /// The token behind a secret, or `None`. Being asked counts as use.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn token(&self, secret: &str) -> Result<Option<Token>, StateError> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let row = query("SELECT * FROM tokens WHERE hash = ?")
            .bind(secrets::sha256(secret))
            .fetch_optional(self.pool())
            .await?;
        let Some(token) = row.as_ref().map(token_of).transpose()? else { return Ok(None) };
        let now = self.now();
        if token.last_used_at.is_none_or(|at| at + TOUCH_AFTER <= now) {
            query("UPDATE tokens SET last_used_at = ? WHERE id = ?")
                .bind(now.nanos())
                .bind(&token.id)
                .execute(self.pool())
                .await?;
        }
        Ok(Some(token))
    }
}

fn token_of(row: &SqliteRow) -> Result<Token, StateError> {
    let last_used_at: Option<i64> = row.try_get("last_used_at")?;
    Ok(Token {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        role: role_of(row)?,
        created_by: row.try_get("created_by")?,
        created_at: Timestamp::from_nanos(row.try_get("created_at")?),
        last_used_at: last_used_at.map(Timestamp::from_nanos),
    })
}
