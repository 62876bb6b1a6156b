//! Uptime monitors as documents with numbers; their shape belongs to the crate that runs them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::row::Row;

use crate::{State, StateError};

impl State {
    /// All monitors with their numbers, oldest first.
    ///
    /// # Errors
    /// When the database refuses or a document does not have the shape `T`.
    pub async fn monitors<T: DeserializeOwned>(&self) -> Result<Vec<(i64, T)>, StateError> {
        let rows = query("SELECT id, body FROM monitors ORDER BY id").fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| {
                let id: i64 = row.try_get("id")?;
                let monitor = serde_json::from_str(row.try_get("body")?).map_err(|source| unreadable(id, source))?;
                Ok((id, monitor))
            })
            .collect()
    }

    /// Adds a monitor and returns its number, which no other monitor ever had.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_monitor<T: Serialize + Sync>(&self, monitor: &T) -> Result<i64, StateError> {
        let body = serde_json::to_string(monitor).map_err(|source| unreadable(0, source))?;
        let id = query_scalar("INSERT INTO monitors (body, updated_at) VALUES (?, ?) RETURNING id")
            .bind(body)
            .bind(self.now().nanos())
            .fetch_one(self.pool())
            .await?;
        Ok(id)
    }

    /// Replaces a monitor.
    ///
    /// # Errors
    /// [`StateError::Missing`] when there is none of that number.
    pub async fn change_monitor<T: Serialize + Sync>(&self, id: i64, monitor: &T) -> Result<(), StateError> {
        let body = serde_json::to_string(monitor).map_err(|source| unreadable(id, source))?;
        let changed = query("UPDATE monitors SET body = ?, updated_at = ? WHERE id = ?")
            .bind(body)
            .bind(self.now().nanos())
            .bind(id)
            .execute(self.pool())
            .await?;
        found(id, changed.rows_affected())
    }

    /// Deletes a monitor.
    ///
    /// # Errors
    /// [`StateError::Missing`] when there is none of that number.
    pub async fn delete_monitor(&self, id: i64) -> Result<(), StateError> {
        let deleted = query("DELETE FROM monitors WHERE id = ?").bind(id).execute(self.pool()).await?;
        found(id, deleted.rows_affected())
    }
}

fn found(id: i64, rows: u64) -> Result<(), StateError> {
    match rows {
        0 => Err(StateError::Missing { what: "monitor", name: id.to_string() }),
        _ => Ok(()),
    }
}

fn unreadable(id: i64, source: serde_json::Error) -> StateError {
    StateError::Document { what: "monitor", key: id.to_string(), source }
}
