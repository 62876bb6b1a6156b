//! What is said about rows that had to be left out while the rest was kept.

use std::fmt;

/// Rows left out for one reason. The sender should not send them again as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A short fixed word for counters, such as `line_too_long`.
    pub reason: &'static str,
    /// The first such row, told to people.
    pub message: String,
    /// How many rows.
    pub rows: u64,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.rows > 1 { write!(f, " (and {} more)", self.rows - 1) } else { Ok(()) }
    }
}

/// Collects [`Refusal`]s; memory is bounded by the number of distinct reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    /// Counts `rows` refused rows; `message` is asked for only when the reason is new.
    pub fn add(&mut self, reason: &'static str, rows: u64, message: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|refusal| refusal.reason == reason) {
            Some(refusal) => refusal.rows += rows,
            None => self.0.push(Refusal { reason, message: message(), rows }),
        }
    }

    /// Adds those of another list.
    pub fn append(&mut self, other: &Self) {
        other.0.iter().for_each(|refusal| self.add(refusal.reason, refusal.rows, || refusal.message.clone()));
    }

    /// Rows refused so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.iter().map(|refusal| refusal.rows).sum()
    }

    /// Whether nothing was refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list, in order of first sight.
    #[must_use]
    pub fn into_list(self) -> Vec<Refusal> {
        self.0
    }
}
