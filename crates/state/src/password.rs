//! Password hashing: argon2id, off the reactor, a few at a time.

use argon2::password_hash::{Output, ParamsString, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use gw_base::World;
use tokio::sync::Semaphore;

use crate::StateError;
use crate::secrets::random_bytes;

/// OWASP's first recommendation for argon2id; each hash records these, so they may change later.
const MEMORY_KIB: u32 = 19_456;
const ITERATIONS: u32 = 2;
const LANES: u32 = 1;

/// Hashes that run at once; each holds 19 MiB.
const AT_ONCE: usize = 2;
/// Hashes that run or wait; more are turned away, or a flood of sign-ins would queue without end.
const IN_LINE: usize = 64;

const SHORTEST: usize = 8;
const LONGEST_BYTES: usize = 1024;

#[derive(Debug)]
pub(crate) struct Hasher {
    running: Semaphore,
    line: Semaphore,
    /// A hash of no password, checked when the user does not exist so that both take the same time.
    decoy: Result<String, String>,
}

impl Hasher {
    pub(crate) fn new(world: &dyn World) -> Self {
        let decoy = decoy(world);
        Self { running: Semaphore::new(AT_ONCE), line: Semaphore::new(IN_LINE), decoy }
    }

    /// Hashes a new password after checking that it may be one.
    pub(crate) async fn hash(&self, world: &dyn World, password: &str) -> Result<String, StateError> {
        if password.chars().count() < SHORTEST || password.len() > LONGEST_BYTES {
            let refusal = format!("a password needs {SHORTEST} characters or more, and at most {LONGEST_BYTES} bytes");
            return Err(StateError::Refused(refusal));
        }
        let (password, salt) = (password.to_owned(), random_bytes::<16>(world));
        self.off_reactor(move || hash_now(&password, salt)).await?.map_err(StateError::Hashing)
    }

    /// Whether `password` is the one behind `hash`. Without a hash it takes as long and says no.
    pub(crate) async fn verify(&self, hash: Option<String>, password: &str) -> Result<bool, StateError> {
        if password.len() > LONGEST_BYTES {
            return Ok(false);
        }
        let exists = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.decoy.clone().map_err(StateError::Hashing)?,
        };
        let password = password.to_owned();
        let same = self.off_reactor(move || verify_now(&hash, &password)).await?;
        Ok(same.map_err(StateError::Hashing)? && exists)
    }

    async fn off_reactor<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, StateError> {
        let _place = self.line.try_acquire().map_err(|_full| StateError::Crowded)?;
        let _turn = self.running.acquire().await.map_err(|_closed| StateError::Crowded)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| StateError::Hashing(error.to_string()))
    }
}

fn params() -> Result<Params, String> {
    Params::new(MEMORY_KIB, ITERATIONS, LANES, None).map_err(|error| error.to_string())
}

/// What a hash looks like, its bytes being random: it takes as long to check as any other, but none to make.
fn decoy(world: &dyn World) -> Result<String, String> {
    let salt = SaltString::encode_b64(&random_bytes::<16>(world)).map_err(|error| error.to_string())?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params()?).map_err(|error| error.to_string())?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&random_bytes::<32>(world)).map_err(|error| error.to_string())?),
    };
    Ok(hash.to_string())
}

fn hash_now(password: &str, salt: [u8; 16]) -> Result<String, String> {
    let params = params()?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon.hash_password(password.as_bytes(), &salt).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// The comparison inside takes the same time for any two hashes.
fn verify_now(hash: &str, password: &str) -> Result<bool, String> {
    let parsed = PasswordHash::new(hash).map_err(|error| error.to_string())?;
    match Argon2::default().verify_password(password.as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoy_is_checked_like_any_hash_and_never_fits() {
        let world = gw_base::FakeWorld::new(gw_base::Timestamp::EPOCH, 7);
        let (decoy, real) = (decoy(&world).unwrap(), hash_now("a password", [7; 16]).unwrap());
        let shape = |hash: &str| hash.split('$').map(str::len).collect::<Vec<_>>();
        assert_eq!(shape(&decoy), shape(&real));
        assert_eq!(decoy.split('$').nth(3), real.split('$').nth(3), "the same work");
        assert_eq!((verify_now(&decoy, "a password"), verify_now(&real, "a password")), (Ok(false), Ok(true)));
    }
}
