//! Silences: what makes one valid, and which alerts it covers.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gw_base::{Labels, Matcher, Timestamp, World};
use gw_state::{Silence, SilenceState, State};

use crate::AlertError;
use crate::matchers::{self, CompiledMatcher};

/// How long expired silences are kept for looking at.
const KEPT: Duration = Duration::from_hours(5 * 24);

/// A silence to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSilence {
    /// Conditions that must all hold.
    pub matchers: Vec<Matcher>,
    /// From when; now unless given.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who makes it.
    pub created_by: String,
    /// Why.
    pub comment: String,
}

/// All silences, ready to be asked. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Silences {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    world: Arc<dyn World>,
    ready: RwLock<Vec<(Silence, Vec<CompiledMatcher>)>>,
}

impl Silences {
    /// Reads the silences that are kept.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn open(state: State, world: Arc<dyn World>) -> Result<Self, AlertError> {
        let silences = Self { inner: Arc::new(Inner { state, world, ready: RwLock::default() }) };
        silences.reload().await?;
        Ok(silences)
    }

    /// All silences, those that end last first.
    #[must_use]
    pub fn list(&self) -> Vec<Silence> {
        let mut all: Vec<Silence> = self.read().iter().map(|(silence, _)| silence.clone()).collect();
        all.sort_by(|a, b| b.ends_at.cmp(&a.ends_at).then_with(|| a.id.cmp(&b.id)));
        all
    }

    /// Makes a silence.
    ///
    /// # Errors
    /// [`AlertError::Silence`] when it is not valid.
    pub async fn create(&self, new: NewSilence) -> Result<Silence, AlertError> {
        let now = self.inner.world.now();
        check(&new, now)?;
        let silence = Silence {
            id: self.inner.state.new_id(),
            matchers: new.matchers,
            starts_at: new.starts_at.unwrap_or(now).max(now),
            ends_at: new.ends_at,
            updated_at: now,
            created_by: new.created_by,
            comment: new.comment,
        };
        self.inner.state.put_silences(std::slice::from_ref(&silence)).await?;
        self.reload().await?;
        Ok(silence)
    }

    /// Ends a silence now.
    ///
    /// # Errors
    /// [`AlertError::NoSilence`] when there is none of that id.
    pub async fn expire(&self, id: &str) -> Result<(), AlertError> {
        let now = self.inner.world.now();
        let found = self.read().iter().find(|(silence, _)| silence.id == id).map(|(silence, _)| silence.clone());
        let mut silence = found.ok_or_else(|| AlertError::NoSilence(id.to_owned()))?;
        if silence.state(now) == SilenceState::Expired {
            return Err(AlertError::Silence(format!("silence {id} already expired")));
        }
        silence.starts_at = silence.starts_at.min(now);
        silence.ends_at = now;
        silence.updated_at = now;
        self.inner.state.put_silences(&[silence]).await?;
        self.reload().await
    }

    /// Forgets silences that ended long ago.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn forget_old(&self) -> Result<(), AlertError> {
        self.inner.state.forget_silences(self.inner.world.now() - KEPT).await?;
        self.reload().await
    }

    /// Ids of the active silences that cover an alert.
    #[must_use]
    pub fn covering(&self, labels: &Labels, now: Timestamp) -> Vec<String> {
        let ready = self.read();
        let active = ready.iter().filter(|(silence, _)| silence.state(now) == SilenceState::Active);
        active
            .filter(|(_, compiled)| matchers::all_match(compiled, labels))
            .map(|(silence, _)| silence.id.clone())
            .collect()
    }

    async fn reload(&self) -> Result<(), AlertError> {
        let kept = self.inner.state.silences().await?;
        let ready = kept.into_iter().map(|silence| {
            let compiled = matchers::compile(&silence.matchers)?;
            Ok((silence, compiled))
        });
        let ready = ready.collect::<Result<Vec<_>, AlertError>>()?;
        *self.inner.ready.write().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Vec<(Silence, Vec<CompiledMatcher>)>> {
        self.inner.ready.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(new: &NewSilence, now: Timestamp) -> Result<(), AlertError> {
    let refused = |text: &str| Err(AlertError::Silence(text.to_owned()));
    if new.matchers.is_empty() {
        return refused("at least one matcher required");
    }
    let compiled = matchers::compile(&new.matchers)?;
    // Wire: a silence that an alert without any label would match covers everything by accident.
    let meaningful = compiled.iter().any(|matcher| !matcher.matches(&Labels::empty()));
    if !meaningful {
        return refused("at least one matcher must not match the empty string");
    }
    let starts_at = new.starts_at.unwrap_or(now);
    if new.ends_at <= starts_at {
        return refused("end time must be after start time");
    }
    if new.ends_at <= now {
        return refused("end time can't be in the past");
    }
    if new.created_by.is_empty() {
        return refused("creator information missing");
    }
    Ok(())
}
