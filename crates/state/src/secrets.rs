//! Random secrets, and the hashes of them that are stored in their place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gw_base::World;
use sha2::{Digest, Sha256};

/// Draws `N` random bytes; `N` is a multiple of 8.
pub(crate) fn random_bytes<const N: usize>(world: &dyn World) -> [u8; N] {
    let mut bytes = [0u8; N];
    for chunk in bytes.chunks_mut(8) {
        let word = world.random().to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    bytes
}

/// A new secret of 256 bits, printable.
pub(crate) fn new_secret(world: &dyn World) -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>(world))
}

/// A password that a person can type: 20 characters without look-alikes, 100 bits.
pub(crate) fn new_password(world: &dyn World) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
    random_bytes::<24>(world).iter().take(20).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// A random (version 4) UUID.
pub(crate) fn new_uuid(world: &dyn World) -> String {
    let mut bytes = random_bytes::<16>(world);
    bytes[6] = (bytes[6] & 0x0F) | 0x40;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0F] {
            text.push(char::from_digit(u32::from(digit), 16).expect("a nibble is below 16"));
        }
    }
    text
}

/// The hash that stands for a secret at rest. Secrets have 256 random bits, so no salt and no stretching is needed, and
/// finding a row by the hash tells nothing by its timing.
pub(crate) fn sha256(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
