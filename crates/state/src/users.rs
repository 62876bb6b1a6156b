//! Accounts of people.

use gw_base::Timestamp;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::row::Row;
use sqlx_sqlite::{SqliteConnection, SqliteRow};

use crate::error::is_duplicate;
use crate::{Role, State, StateError, secrets};

const LONGEST_NAME: usize = 64;
const LANGUAGES: [&str; 3] = ["", "en", "ko"];

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Name to sign in with.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// `ko`, `en`, or empty for what the browser asks for.
    pub language: String,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// What to change of an account; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// New role.
    pub role: Option<Role>,
    /// New password; all sessions of the account end with it.
    pub password: Option<String>,
    /// New language.
    pub language: Option<String>,
}

impl State {
    /// Makes sure that somebody can sign in: in a state without accounts, creates `admin`. With `password` it gets that
    /// one and `None` returns; else a random one is made and returned, this once.
    ///
    /// # Errors
    /// [`StateError::Refused`] when the password is too short.
    pub async fn ensure_admin(&self, password: Option<&str>) -> Result<Option<String>, StateError> {
        let accounts: i64 = query_scalar("SELECT count(*) FROM users").fetch_one(self.pool()).await?;
        if accounts > 0 {
            return Ok(None);
        }
        let generated = password.is_none().then(|| secrets::new_password(&*self.inner.world));
        let chosen = password.or(generated.as_deref()).expect("one of the two is there");
        self.create_user("admin", chosen, Role::Admin).await?;
        Ok(generated)
    }

    /// All accounts by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn users(&self) -> Result<Vec<User>, StateError> {
        let rows = query("SELECT * FROM users ORDER BY name").fetch_all(self.pool()).await?;
        rows.iter().map(user_of).collect()
    }

    /// One account.
    ///
    /// # Errors
    /// [`StateError::Missing`] when there is none of that name.
    pub async fn user(&self, name: &str) -> Result<User, StateError> {
        let row = query("SELECT * FROM users WHERE name = ?").bind(name).fetch_optional(self.pool()).await?;
        row.as_ref().map_or_else(|| Err(missing(name)), user_of)
    }

    /// Creates an account.
    ///
    /// # Errors
    /// [`StateError::Refused`] for an unfit name or password, [`StateError::Conflict`] when the name is taken.
    pub async fn create_user(&self, name: &str, password: &str, role: Role) -> Result<User, StateError> {
        check_name(name)?;
        let hash = self.inner.hasher.hash(&*self.inner.world, password).await?;
        let user = User { name: name.to_owned(), role, language: String::new(), created_at: self.now() };
        query("INSERT INTO users (name, password_hash, role, created_at) VALUES (?, ?, ?, ?)")
            .bind(name)
            .bind(hash)
            .bind(role.as_str())
            .bind(user.created_at.nanos())
            .execute(self.pool())
            .await
            .map_err(|error| match is_duplicate(&error) {
                true => StateError::Conflict(format!("a user named {name:?} exists already")),
                false => error.into(),
            })?;
        Ok(user)
    }

    /// Changes an account. A new password or role ends all its sessions.
    ///
    /// # Errors
    /// [`StateError::Missing`], [`StateError::Refused`], or [`StateError::Conflict`] when no admin would be left.
    pub async fn change_user(&self, name: &str, change: UserChange) -> Result<User, StateError> {
        let hash = match &change.password {
            Some(password) => Some(self.inner.hasher.hash(&*self.inner.world, password).await?),
            None => None,
        };
        if let Some(language) = change.language.as_deref().filter(|language| !LANGUAGES.contains(language)) {
            return Err(StateError::Refused(format!("language {language:?} is not one of \"ko\", \"en\", \"\"")));
        }
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        let changed = query(
            "UPDATE users SET role = coalesce(?, role), password_hash = coalesce(?, password_hash), \
             language = coalesce(?, language) WHERE name = ?",
        )
        .bind(change.role.map(Role::as_str))
        .bind(&hash)
        .bind(&change.language)
        .bind(name)
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(missing(name));
        }
        require_an_admin(&mut transaction).await?;
        if hash.is_some() || change.role.is_some() {
            query("DELETE FROM sessions WHERE user = ?").bind(name).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.inner.verified.forget(name);
        self.user(name).await
    }

    /// Deletes an account and its sessions.
    ///
    /// # Errors
    /// [`StateError::Missing`], or [`StateError::Conflict`] when no admin would be left.
    pub async fn delete_user(&self, name: &str) -> Result<(), StateError> {
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        let deleted = query("DELETE FROM users WHERE name = ?").bind(name).execute(&mut *transaction).await?;
        if deleted.rows_affected() == 0 {
            return Err(missing(name));
        }
        require_an_admin(&mut transaction).await?;
        transaction.commit().await?;
        self.inner.verified.forget(name);
        Ok(())
    }
}

async fn require_an_admin(connection: &mut SqliteConnection) -> Result<(), StateError> {
    let admins: i64 = query_scalar("SELECT count(*) FROM users WHERE role = 'admin'").fetch_one(connection).await?;
    if admins == 0 {
        return Err(StateError::Conflict("the last admin must stay; make another user admin first".to_owned()));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), StateError> {
    let good = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@'));
    if good {
        return Ok(());
    }
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    Err(StateError::Refused(format!("user name {shown:?} is not 1 to {LONGEST_NAME} of A-Z a-z 0-9 . _ - @")))
}

pub(crate) fn user_of(row: &SqliteRow) -> Result<User, StateError> {
    Ok(User {
        name: row.try_get("name")?,
        role: role_of(row)?,
        language: row.try_get("language")?,
        created_at: Timestamp::from_nanos(row.try_get("created_at")?),
    })
}

pub(crate) fn role_of(row: &SqliteRow) -> Result<Role, StateError> {
    let name: String = row.try_get("role")?;
    Role::parse(&name).ok_or_else(|| StateError::Refused(format!("stored role {name:?} is unknown")))
}

fn missing(name: &str) -> StateError {
    StateError::Missing { what: "user", name: name.to_owned() }
}
