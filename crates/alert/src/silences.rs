//! Silences: what makes one valid, how one is changed, and which alerts are covered now.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gw_base::{Labels, MatchOp, Matcher, Timestamp, World};
use gw_state::{Silence, SilenceState, State};

use crate::AlertError;
use crate::matchers::Matchers;

/// How long silences are shown after their end.
const RETENTION: Duration = Duration::from_hours(120);
/// Matchers of one silence.
const MAX_MATCHERS: usize = 64;
/// Bytes of a comment.
const MAX_COMMENT: usize = 16 << 10;

/// What is wanted of a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceRequest {
    /// The silence to change; `None` makes a new one.
    pub id: Option<String>,
    /// Conditions that must all hold.
    pub matchers: Vec<Matcher>,
    /// From when; a time in the past means now.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who wants it.
    pub created_by: String,
    /// Why.
    pub comment: String,
}

/// All silences, compiled, backed by the state. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Silences {
    state: State,
    world: Arc<dyn World>,
    items: Arc<RwLock<Vec<Item>>>,
    /// Writers take turns, so that what is read before a write still holds at the write.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Clone)]
struct Item {
    silence: Silence,
    matchers: Matchers,
}

impl Silences {
    /// Reads the silences that are stored.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn open(state: State, world: Arc<dyn World>) -> Result<Self, AlertError> {
        state.forget_silences(world.now() - RETENTION).await?;
        let mut items = Vec::new();
        for silence in state.silences().await? {
            match Matchers::new(silence.matchers.clone()) {
                Ok(matchers) => items.push(Item { silence, matchers }),
                Err(error) => tracing::warn!(id = %silence.id, %error, "a stored silence is left out"),
            }
        }
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        Ok(Self { state, world, items: Arc::new(RwLock::new(items)), turn })
    }

    /// Makes or changes a silence and returns it as it now is. Changing what it covers, or one that is over, makes a new
    /// one and ends the old.
    ///
    /// # Errors
    /// [`AlertError::Silence`] when it is not valid, [`AlertError::NoSilence`] when there is none of that id.
    pub async fn set(&self, request: SilenceRequest) -> Result<Silence, AlertError> {
        let _turn = self.turn.lock().await;
        let now = self.world.now();
        let matchers = check(&request, now)?;
        let old = match &request.id {
            Some(id) => Some(self.find(id).ok_or_else(|| AlertError::NoSilence(id.clone()))?),
            None => None,
        };
        let mut changes = Vec::new();
        let (id, starts_at) = match old {
            Some(old) if can_become(&old, &request, now) => (old.id, request.starts_at),
            Some(old) => {
                if old.state(now) != SilenceState::Expired {
                    changes.push(ended(old, now));
                }
                (self.state.new_id(), request.starts_at.max(now))
            }
            None => (self.state.new_id(), request.starts_at.max(now)),
        };
        let silence = Silence {
            id,
            matchers: request.matchers,
            starts_at,
            ends_at: request.ends_at,
            updated_at: now,
            created_by: request.created_by,
            comment: request.comment,
        };
        changes.push(silence.clone());
        self.state.put_silences(&changes).await?;
        let mut items = self.items.write().unwrap_or_else(PoisonError::into_inner);
        for changed in changes {
            items
                .iter_mut()
                .filter(|item| item.silence.id == changed.id)
                .for_each(|item| item.silence = changed.clone());
        }
        items.retain(|item| item.silence.id != silence.id);
        items.push(Item { silence: silence.clone(), matchers });
        Ok(silence)
    }

    /// Ends a silence now; one that is over stays as it is.
    ///
    /// # Errors
    /// [`AlertError::NoSilence`] when there is none of that id.
    pub async fn expire(&self, id: &str) -> Result<(), AlertError> {
        let _turn = self.turn.lock().await;
        let now = self.world.now();
        let old = self.find(id).ok_or_else(|| AlertError::NoSilence(id.to_owned()))?;
        if old.state(now) == SilenceState::Expired {
            return Ok(());
        }
        let changed = ended(old, now);
        self.state.put_silences(std::slice::from_ref(&changed)).await?;
        let mut items = self.items.write().unwrap_or_else(PoisonError::into_inner);
        items.iter_mut().filter(|item| item.silence.id == id).for_each(|item| item.silence = changed.clone());
        Ok(())
    }

    /// All silences: active by their end, pending by their start, expired with the last ended first.
    #[must_use]
    pub fn list(&self) -> Vec<Silence> {
        let now = self.world.now();
        let items = self.items.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Silence> = items.iter().map(|item| item.silence.clone()).collect();
        drop(items);
        all.sort_by_key(|silence| match silence.state(now) {
            SilenceState::Active => (0, silence.ends_at.nanos(), silence.id.clone()),
            SilenceState::Pending => (1, silence.starts_at.nanos(), silence.id.clone()),
            SilenceState::Expired => (2, silence.ends_at.nanos().saturating_neg(), silence.id.clone()),
        });
        all
    }

    /// The silence of an id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Silence> {
        let items = self.items.read().unwrap_or_else(PoisonError::into_inner);
        items.iter().find(|item| item.silence.id == id).map(|item| item.silence.clone())
    }

    /// Ids of the active silences that cover an alert.
    #[must_use]
    pub fn covering(&self, labels: &Labels, now: Timestamp) -> Vec<String> {
        let items = self.items.read().unwrap_or_else(PoisonError::into_inner);
        let active = items.iter().filter(|item| item.silence.state(now) == SilenceState::Active);
        active.filter(|item| item.matchers.matches(labels)).map(|item| item.silence.id.clone()).collect()
    }

    /// Forgets silences that ended long ago; to be called now and then.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn prune(&self) -> Result<(), AlertError> {
        let before = self.world.now() - RETENTION;
        self.state.forget_silences(before).await?;
        self.items.write().unwrap_or_else(PoisonError::into_inner).retain(|item| item.silence.ends_at >= before);
        Ok(())
    }
}

fn check(request: &SilenceRequest, now: Timestamp) -> Result<Matchers, AlertError> {
    let refuse = |why: &str| Err(AlertError::Silence(why.to_owned()));
    if request.matchers.is_empty() {
        return refuse("at least one matcher required");
    }
    if request.matchers.len() > MAX_MATCHERS {
        return refuse(&format!("more than {MAX_MATCHERS} matchers"));
    }
    if request.comment.len() > MAX_COMMENT {
        return refuse(&format!("comment longer than {MAX_COMMENT} bytes"));
    }
    for (at, matcher) in request.matchers.iter().enumerate() {
        if matcher.name.is_empty() {
            return refuse(&format!("invalid label matcher {at}: invalid label name {:?}", matcher.name));
        }
    }
    let matchers = Matchers::new(request.matchers.clone()).map_err(|error| AlertError::Silence(error.to_string()))?;
    if request.matchers.iter().all(matches_nothing) {
        return refuse("at least one matcher must not match the empty string");
    }
    if request.ends_at < request.starts_at {
        return refuse("end time must not be before start time");
    }
    if request.ends_at <= now {
        return refuse("end time can't be in the past");
    }
    Ok(matchers)
}

/// Whether a matcher also holds for alerts that lack the label.
fn matches_nothing(matcher: &Matcher) -> bool {
    match matcher.op {
        MatchOp::Equal => matcher.value.is_empty(),
        MatchOp::NotEqual => !matcher.value.is_empty(),
        MatchOp::Regex | MatchOp::NotRegex => {
            Matchers::new([matcher.clone()]).is_ok_and(|compiled| compiled.matches(&Labels::empty()))
        }
    }
}

/// Wire: an edit stays the same silence only while the past of alerts is not rewritten (`silence.canUpdate`).
fn can_become(old: &Silence, new: &SilenceRequest, now: Timestamp) -> bool {
    if old.matchers != new.matchers {
        return false;
    }
    match old.state(now) {
        SilenceState::Active => new.starts_at == old.starts_at && new.ends_at >= now,
        SilenceState::Pending => new.starts_at >= now,
        SilenceState::Expired => false,
    }
}

fn ended(old: Silence, now: Timestamp) -> Silence {
    let starts_at = if old.state(now) == SilenceState::Pending { now } else { old.starts_at };
    Silence { starts_at, ends_at: now, updated_at: now, ..old }
}
