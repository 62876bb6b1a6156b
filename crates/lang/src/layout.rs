//! What the multi-line printers share.

use std::fmt::{self, Display, Write};

/// Spaces in front of a line of that level.
pub(crate) fn indent(level: usize) -> String {
    "  ".repeat(level)
}

/// Whether the one-line form has at most `width` bytes. Stops printing where it has more, so that asking at every level of a
/// tree stays cheap.
pub(crate) fn fits(node: &dyn Display, width: usize) -> bool {
    write!(Budget(width), "{node}").is_ok()
}

struct Budget(usize);

impl Write for Budget {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}
