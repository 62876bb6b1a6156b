//! What is said on the way and at the end.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use gw_base::World;
use gw_import::tsdb::{Progress, Summary};

/// How often progress is told.
const EVERY: Duration = Duration::from_secs(2);

/// Tells progress on stderr: one line that is written over on a terminal, lines elsewhere.
pub(super) struct Teller {
    world: Arc<dyn World>,
    told: Option<Duration>,
    terminal: bool,
}

impl Teller {
    pub(super) fn new(world: Arc<dyn World>) -> Self {
        Self { world, told: None, terminal: std::io::stderr().is_terminal() }
    }

    pub(super) fn tell(&mut self, progress: Progress<'_>) {
        let name = progress.reading.file_name().unwrap_or_default().to_string_lossy();
        self.say(&format!("{} of {}: {name}", progress.done + 1, progress.of));
    }

    pub(super) fn say(&mut self, text: &str) {
        let now = self.world.elapsed();
        if self.told.is_some_and(|told| now.saturating_sub(told) < EVERY) {
            return;
        }
        self.told = Some(now);
        let (begin, end) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        // A closed stderr leaves nobody to tell.
        write!(std::io::stderr(), "{begin}{text}{end}").unwrap_or_default();
    }

    pub(super) fn end(&self) {
        if self.terminal && self.told.is_some() {
            write!(std::io::stderr(), "\r\x1b[K").unwrap_or_default();
        }
    }
}

/// The summary of an import, line by line.
pub(super) fn print(summary: &Summary) -> String {
    let mut text = String::new();
    let mut line = |name: &str, count: u64| writeln!(text, "{name:<24}{:>16}", grouped(count)).unwrap_or_default();
    line("blocks", summary.blocks);
    line("log segments", summary.segments);
    line("series", summary.series);
    line("float samples", summary.samples);
    line("histogram samples", summary.histograms);
    line("exemplars", summary.exemplars);
    line("metric descriptions", summary.families);
    for (name, count) in [
        ("deleted samples", summary.deleted),
        ("held by blocks already", summary.passed_over),
        ("damaged pieces", summary.damaged),
    ] {
        if count > 0 {
            line(name, count);
        }
    }
    if let Some((first, last)) = summary.times {
        writeln!(text, "{:<24}{} to {}", "time range", day(first), day(last)).unwrap_or_default();
    }
    for note in &summary.notes {
        writeln!(text, "note: {note}").unwrap_or_default();
    }
    text
}

/// A time as people read it.
pub(super) fn day(millis: i64) -> String {
    gw_base::Timestamp::from_millis(millis).to_string()
}

/// Digits in groups of three.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let groups = digits.as_bytes().split_at(first);
    let rest = groups.1.chunks(3).map(String::from_utf8_lossy);
    let head = (first > 0).then(|| String::from_utf8_lossy(groups.0));
    head.into_iter().chain(rest).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
    }
}
