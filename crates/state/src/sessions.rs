//! Signing in with a password, and the sessions that follow from it.

use std::time::Duration;

use gw_base::Timestamp;
use sqlx_core::query::query;
use sqlx_core::row::Row;

use crate::users::user_of;
use crate::{State, StateError, User, secrets};

/// How long a session lives after it was last used.
pub(crate) const LIFETIME: Duration = Duration::from_hours(14 * 24);
/// A session's end is moved at most this often, so that reading pages does not write.
const SLIDE_AFTER: Duration = Duration::from_hours(1);

/// A new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The secret for the cookie; only its hash is stored.
    pub secret: String,
    /// How long the browser may keep it.
    pub lifetime: Duration,
}

impl State {
    /// Checks a password and starts a session. `address` is where the request came from, for the limit on failures.
    ///
    /// # Errors
    /// [`StateError::WrongCredentials`] alike for an unknown user and a wrong password, [`StateError::Throttled`] after ten
    /// failures within a minute.
    pub async fn login(&self, name: &str, password: &str, address: &str) -> Result<SignedIn, StateError> {
        let user = self.check_password(name, password, address).await?;
        self.start_session(user).await
    }

    /// Starts a session for somebody who proved who they are just now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn start_session(&self, user: User) -> Result<SignedIn, StateError> {
        let (secret, now) = (secrets::new_secret(&*self.inner.world), self.now());
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        query("DELETE FROM sessions WHERE expires_at <= ?").bind(now.nanos()).execute(&mut *transaction).await?;
        query("INSERT INTO sessions (hash, user, created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(secrets::sha256(&secret))
            .bind(&user.name)
            .bind(now.nanos())
            .bind((now + LIFETIME).nanos())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(SignedIn { user, secret, lifetime: LIFETIME })
    }

    /// Checks a password without starting a session.
    ///
    /// # Errors
    /// As [`State::login`].
    pub async fn check_password(&self, name: &str, password: &str, address: &str) -> Result<User, StateError> {
        let now = self.inner.world.elapsed();
        if let Some(wait) = self.inner.throttle.wait(name, address, now) {
            return Err(StateError::Throttled(wait));
        }
        let row = query("SELECT * FROM users WHERE name = ?").bind(name).fetch_optional(self.pool()).await?;
        let hash = row.as_ref().map(|row| row.try_get("password_hash")).transpose()?;
        let same = self.inner.hasher.verify(hash, password).await?;
        match row.filter(|_| same) {
            Some(row) => {
                self.inner.throttle.succeeded(name, address);
                user_of(&row)
            }
            None => {
                self.inner.throttle.failed(name, address, now);
                Err(StateError::WrongCredentials)
            }
        }
    }

    /// The account behind a session's secret, or `None` when there is no such session or it has expired. Being asked
    /// moves the session's end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn session(&self, secret: &str) -> Result<Option<User>, StateError> {
        let (hash, now) = (secrets::sha256(secret), self.now());
        let row = query(
            "SELECT users.*, sessions.expires_at FROM sessions JOIN users ON users.name = sessions.user \
             WHERE sessions.hash = ? AND sessions.expires_at > ?",
        )
        .bind(&hash)
        .bind(now.nanos())
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let expires_at = Timestamp::from_nanos(row.try_get("expires_at")?);
        if expires_at + SLIDE_AFTER < now + LIFETIME {
            query("UPDATE sessions SET expires_at = ? WHERE hash = ?")
                .bind((now + LIFETIME).nanos())
                .bind(&hash)
                .execute(self.pool())
                .await?;
        }
        user_of(&row).map(Some)
    }

    /// Ends a session; ending one that is not there is fine.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn logout(&self, secret: &str) -> Result<(), StateError> {
        query("DELETE FROM sessions WHERE hash = ?").bind(secrets::sha256(secret)).execute(self.pool()).await?;
        Ok(())
    }
}
