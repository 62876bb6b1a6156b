//! Whose data it is.

use std::fmt;
use std::sync::Arc;

/// A tenant's name: 1 to 64 characters of `A-Z a-z 0-9 - _ .`, safe as a folder name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Arc<str>);

/// Why a tenant name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tenant name {0:?} is not 1 to 64 of the characters A-Z a-z 0-9 - _ . (and not only dots)")]
pub struct TenantError(pub String);

impl Tenant {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`TenantError`] when the name is empty, too long or has other characters.
    pub fn new(name: &str) -> Result<Self, TenantError> {
        let good = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && name.bytes().any(|b| b != b'.');
        if good { Ok(Self(Arc::from(name))) } else { Err(TenantError(name.to_owned())) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    /// The one tenant of an installation that has no tenants.
    fn default() -> Self {
        Self(Arc::from("default"))
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
