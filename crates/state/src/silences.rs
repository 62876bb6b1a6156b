//! Silences at rest. What makes a silence valid, and which alerts it covers, is known by `gw-alert`.

use gw_base::{MatchOp, Matcher, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx_core::query::query;
use sqlx_core::row::Row;
use sqlx_sqlite::SqliteRow;

use crate::{State, StateError, secrets};

/// A time in which alerts that match are not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Random UUID.
    pub id: String,
    /// Conditions that must all hold.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When it was written last.
    pub updated_at: Timestamp,
    /// Who wrote it.
    pub created_by: String,
    /// Why.
    pub comment: String,
}

/// Where a silence is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SilenceState {
    /// Not begun.
    Pending,
    /// Holds now.
    Active,
    /// Over.
    Expired,
}

impl SilenceState {
    /// The name as it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Expired => "expired",
        }
    }
}

impl Silence {
    /// Where it is in its life at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> SilenceState {
        match () {
            () if now < self.starts_at => SilenceState::Pending,
            () if now >= self.ends_at => SilenceState::Expired,
            () => SilenceState::Active,
        }
    }
}

/// How matchers are stored, and written in the native API and in Alertmanager's.
#[derive(Debug, Serialize, Deserialize)]
struct StoredMatcher {
    name: String,
    value: String,
    is_regex: bool,
    is_equal: bool,
}

impl State {
    /// All silences that have not been forgotten, in order of their id.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be read.
    pub async fn silences(&self) -> Result<Vec<Silence>, StateError> {
        let rows = query("SELECT * FROM silences ORDER BY id").fetch_all(self.pool()).await?;
        rows.iter().map(silence_of).collect()
    }

    /// Writes silences whole, all or none; those with the id of a stored one replace it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_silences(&self, silences: &[Silence]) -> Result<(), StateError> {
        let mut transaction = self.pool().begin_with("BEGIN IMMEDIATE").await?;
        for silence in silences {
            let matchers: Vec<StoredMatcher> = silence.matchers.iter().map(store).collect();
            let document = |source| StateError::Document { what: "silence", key: silence.id.clone(), source };
            query("INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?, ?, ?, ?)")
                .bind(&silence.id)
                .bind(serde_json::to_string(&matchers).map_err(document)?)
                .bind(silence.starts_at.nanos())
                .bind(silence.ends_at.nanos())
                .bind(silence.updated_at.nanos())
                .bind(&silence.created_by)
                .bind(&silence.comment)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets silences that ended before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_silences(&self, before: Timestamp) -> Result<(), StateError> {
        query("DELETE FROM silences WHERE ends_at < ?").bind(before.nanos()).execute(self.pool()).await?;
        Ok(())
    }

    /// An identifier for something new: a random UUID.
    #[must_use]
    pub fn new_id(&self) -> String {
        secrets::new_uuid(&*self.inner.world)
    }
}

fn store(matcher: &Matcher) -> StoredMatcher {
    StoredMatcher {
        name: matcher.name.clone(),
        value: matcher.value.clone(),
        is_regex: matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex),
        is_equal: matches!(matcher.op, MatchOp::Equal | MatchOp::Regex),
    }
}

fn silence_of(row: &SqliteRow) -> Result<Silence, StateError> {
    let id: String = row.try_get("id")?;
    let matchers: Vec<StoredMatcher> = serde_json::from_str(row.try_get("matchers")?)
        .map_err(|source| StateError::Document { what: "silence", key: id.clone(), source })?;
    let op = |m: &StoredMatcher| match (m.is_regex, m.is_equal) {
        (false, true) => MatchOp::Equal,
        (false, false) => MatchOp::NotEqual,
        (true, true) => MatchOp::Regex,
        (true, false) => MatchOp::NotRegex,
    };
    Ok(Silence {
        id,
        matchers: matchers.iter().map(|m| Matcher::new(m.name.clone(), op(m), m.value.clone())).collect(),
        starts_at: Timestamp::from_nanos(row.try_get("starts_at")?),
        ends_at: Timestamp::from_nanos(row.try_get("ends_at")?),
        updated_at: Timestamp::from_nanos(row.try_get("updated_at")?),
        created_by: row.try_get("created_by")?,
        comment: row.try_get("comment")?,
    })
}
