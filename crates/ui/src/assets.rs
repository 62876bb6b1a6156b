//! The table of embedded files and what HTTP needs to know of each.

use std::hash::{Hash as _, Hasher as _};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One file of the built UI.
pub(crate) struct Asset {
    /// Path below `ui/dist`, such as `assets/index-4f2a.js`.
    pub(crate) path: &'static str,
    /// The file as built.
    pub(crate) plain: &'static [u8],
    /// The same file compressed, where it is worth it.
    pub(crate) gzip: Option<&'static [u8]>,
}

impl Asset {
    /// The media type by the file's ending.
    pub(crate) fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "html" => "text/html; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "json" | "map" => "application/json",
            "png" => "image/png",
            "woff2" => "font/woff2",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// Whether the name carries a hash of the content, so that the file may be cached for ever.
    pub(crate) fn is_hashed(&self) -> bool {
        self.path.starts_with("assets/")
    }
}

/// Finds a file by its path below `ui/dist`.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// An entity tag of these bytes, quotes included. Not cryptographic: it tells builds apart, it does not defend.
pub(crate) fn entity_tag(bytes: &[u8]) -> String {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// FNV-1a, written out because the tag must be the same in every process and build.
struct Fnv(u64);

impl std::hash::Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
