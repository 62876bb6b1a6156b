//! Keyed values of other parts that must survive a restart: accepted endpoints, alert state, the notification log.

use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::row::Row;

use crate::{State, StateError};

impl State {
    /// The value of a key.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn get(&self, namespace: &str, key: &str) -> Result<Option<Vec<u8>>, StateError> {
        let value = query_scalar("SELECT value FROM kv WHERE namespace = ? AND key = ?")
            .bind(namespace)
            .bind(key)
            .fetch_optional(self.pool())
            .await?;
        Ok(value)
    }

    /// All keys of a namespace with their values, in key order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list(&self, namespace: &str) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        let rows = query("SELECT key, value FROM kv WHERE namespace = ? ORDER BY key")
            .bind(namespace)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok((row.try_get("key")?, row.try_get("value")?))).collect()
    }

    /// Writes values, `None` deletes; all or none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put(&self, namespace: &str, changes: &[(String, Option<Vec<u8>>)]) -> Result<(), StateError> {
        let now = self.now().nanos();
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        for (key, value) in changes {
            let statement = match value {
                Some(value) => query("INSERT OR REPLACE INTO kv VALUES (?, ?, ?, ?)")
                    .bind(namespace)
                    .bind(key)
                    .bind(value)
                    .bind(now),
                None => query("DELETE FROM kv WHERE namespace = ? AND key = ?").bind(namespace).bind(key),
            };
            statement.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
