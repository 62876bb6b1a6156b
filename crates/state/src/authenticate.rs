//! The one question that every port asks: who is this?

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gw_base::{Map, World};
use sha2::{Digest, Sha256};

use crate::{Permission, Role, State, StateError, User, secrets};

/// What a request shows of who sends it.
#[derive(Debug, Clone, Copy)]
pub enum Credentials<'a> {
    /// The session cookie's value.
    Session(&'a str),
    /// `Authorization: Bearer ...`: an API token, or a session's secret.
    Bearer(&'a str),
    /// `Authorization: Basic ...`, already split. A password that is an API token is taken as one, whatever the name, because
    /// many clients can send nothing else.
    Basic {
        /// User name.
        name: &'a str,
        /// Password or API token.
        password: &'a str,
        /// Where the request came from.
        address: &'a str,
    },
}

/// Somebody who proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// User name, or the name of the token.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// How they proved it.
    pub via: Via,
}

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A session cookie: writes must carry the header that no cross-site form can send.
    Cookie,
    /// A session's secret as bearer token.
    Session,
    /// An API token of this id.
    Token(String),
    /// A password with the request.
    Password,
}

impl Principal {
    /// Whether they may do that.
    #[must_use]
    pub const fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }
}

impl State {
    /// Finds out who it is.
    ///
    /// # Errors
    /// [`StateError::WrongCredentials`] when it is nobody known, [`StateError::Throttled`] after too many wrong passwords.
    pub async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Principal, StateError> {
        match credentials {
            Credentials::Session(secret) => self.by_session(secret, Via::Cookie).await,
            Credentials::Bearer(secret) => match self.by_token(secret).await? {
                Some(principal) => Ok(principal),
                None => self.by_session(secret, Via::Session).await,
            },
            Credentials::Basic { name, password, address } => match self.by_token(password).await? {
                Some(principal) => Ok(principal),
                None => self.by_password(name, password, address).await,
            },
        }
    }

    async fn by_session(&self, secret: &str, via: Via) -> Result<Principal, StateError> {
        let user = self.session(secret).await?.ok_or(StateError::WrongCredentials)?;
        Ok(Principal { name: user.name, role: user.role, via })
    }

    async fn by_token(&self, secret: &str) -> Result<Option<Principal>, StateError> {
        let token = self.token(secret).await?;
        Ok(token.map(|token| Principal { name: token.name, role: token.role, via: Via::Token(token.id) }))
    }

    /// Clients with basic authentication send the password each time; hashing it each time would cost 30 ms of CPU a
    /// request, so a pair that was right is remembered for a minute.
    async fn by_password(&self, name: &str, password: &str, address: &str) -> Result<Principal, StateError> {
        let (verified, now) = (&self.inner.verified, self.inner.world.elapsed());
        let user = match verified.get(name, password, now) {
            Some(user) => user,
            None => {
                let user = self.check_password(name, password, address).await?;
                verified.put(&user, password, now);
                user
            }
        };
        Ok(Principal { name: user.name, role: user.role, via: Via::Password })
    }
}

const REMEMBERED: Duration = Duration::from_mins(1);
const PAIRS: usize = 256;

/// Name-password pairs that were right a moment ago, as hashes under a key that lives only in this process.
#[derive(Debug)]
pub(crate) struct VerifiedPairs {
    key: [u8; 32],
    pairs: Mutex<Map<[u8; 32], (User, Duration)>>,
}

impl VerifiedPairs {
    pub(crate) fn new(world: &dyn World) -> Self {
        Self { key: secrets::random_bytes(world), pairs: Mutex::default() }
    }

    /// Forgets a user whose password, role or existence changed.
    pub(crate) fn forget(&self, name: &str) {
        self.lock().retain(|_, (user, _)| user.name != name);
    }

    fn get(&self, name: &str, password: &str, now: Duration) -> Option<User> {
        let pairs = self.lock();
        pairs.get(&self.digest(name, password)).filter(|(_, until)| *until > now).map(|(user, _)| user.clone())
    }

    fn put(&self, user: &User, password: &str, now: Duration) {
        let mut pairs = self.lock();
        if pairs.len() >= PAIRS {
            pairs.retain(|_, (_, until)| *until > now);
        }
        if pairs.len() < PAIRS {
            pairs.insert(self.digest(&user.name, password), (user.clone(), now + REMEMBERED));
        }
    }

    fn digest(&self, name: &str, password: &str) -> [u8; 32] {
        let length = (name.len() as u64).to_le_bytes();
        let parts: [&[u8]; 4] = [&self.key, &length, name.as_bytes(), password.as_bytes()];
        parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Map<[u8; 32], (User, Duration)>> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
