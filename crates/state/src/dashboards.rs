//! Dashboards as documents with versions, so that two people who edit one do not overwrite each other.

use gw_base::Timestamp;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::row::Row;
use sqlx_sqlite::SqliteRow;

use crate::error::is_duplicate;
use crate::{State, StateError};

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboard {
    /// Identifier.
    pub uid: String,
    /// Counts up from 1 with each change.
    pub version: i64,
    /// Title.
    pub title: String,
    /// The document, JSON.
    pub body: String,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Who changed it last.
    pub updated_by: String,
}

impl State {
    /// All dashboards by title.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn dashboards(&self) -> Result<Vec<Dashboard>, StateError> {
        let rows = query("SELECT * FROM dashboards ORDER BY title, uid").fetch_all(self.pool()).await?;
        rows.iter().map(dashboard_of).collect()
    }

    /// One dashboard.
    ///
    /// # Errors
    /// [`StateError::Missing`] when there is none of that uid.
    pub async fn dashboard(&self, uid: &str) -> Result<Dashboard, StateError> {
        let row = query("SELECT * FROM dashboards WHERE uid = ?").bind(uid).fetch_optional(self.pool()).await?;
        row.as_ref().map_or_else(|| Err(missing(uid)), dashboard_of)
    }

    /// Writes a dashboard whose `version` is the one that was edited, 0 for a new one, and returns the new version.
    /// `updated_at` is set here.
    ///
    /// # Errors
    /// [`StateError::Conflict`] when somebody else has written it meanwhile.
    pub async fn save_dashboard(&self, dashboard: &Dashboard) -> Result<i64, StateError> {
        let text = match dashboard.version {
            0 => {
                "INSERT INTO dashboards (title, body, updated_at, updated_by, uid, version) VALUES (?, ?, ?, ?, ?, ? + 1) RETURNING version"
            }
            _ => {
                "UPDATE dashboards SET title = ?, body = ?, updated_at = ?, updated_by = ?, version = version + 1 WHERE uid = ? AND version = ? RETURNING version"
            }
        };
        let conflict = || StateError::Conflict(format!("dashboard {:?} was changed by somebody else", dashboard.uid));
        let version: Option<i64> = query_scalar(text)
            .bind(&dashboard.title)
            .bind(&dashboard.body)
            .bind(self.now().nanos())
            .bind(&dashboard.updated_by)
            .bind(&dashboard.uid)
            .bind(dashboard.version)
            .fetch_optional(self.pool())
            .await
            .map_err(|error| if is_duplicate(&error) { conflict() } else { error.into() })?;
        version.ok_or_else(conflict)
    }

    /// Deletes a dashboard.
    ///
    /// # Errors
    /// [`StateError::Missing`] when there is none of that uid.
    pub async fn delete_dashboard(&self, uid: &str) -> Result<(), StateError> {
        let deleted = query("DELETE FROM dashboards WHERE uid = ?").bind(uid).execute(self.pool()).await?;
        if deleted.rows_affected() == 0 { Err(missing(uid)) } else { Ok(()) }
    }
}

fn dashboard_of(row: &SqliteRow) -> Result<Dashboard, StateError> {
    Ok(Dashboard {
        uid: row.try_get("uid")?,
        version: row.try_get("version")?,
        title: row.try_get("title")?,
        body: row.try_get("body")?,
        updated_at: Timestamp::from_nanos(row.try_get("updated_at")?),
        updated_by: row.try_get("updated_by")?,
    })
}

fn missing(uid: &str) -> StateError {
    StateError::Missing { what: "dashboard", name: uid.to_owned() }
}
