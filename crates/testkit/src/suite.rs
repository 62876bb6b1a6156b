//! A data-driven suite: many small cases in one test function, counted, with the known failures named.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Result;

use crate::environment::report;

/// Runs cases, remembers which failed and why, and judges them at the end against the failures that are allowed.
///
/// ```ignore
/// let mut suite = Suite::new("promqltest aggregators");
/// for case in cases { suite.case(&case.name, || case.run()); }
/// suite.finish_with(&[("aggregators.test:412", "limitk is not written yet")]);
/// ```
#[derive(Debug)]
pub struct Suite {
    name: String,
    passed: usize,
    failed: Vec<(String, String)>,
}

impl Suite {
    /// Starts an empty suite; `name` opens each line that it prints.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), passed: 0, failed: Vec::new() }
    }

    /// Runs one case. An error and a panic both count as its failure; the suite goes on.
    pub fn case(&mut self, name: &str, run: impl FnOnce() -> Result<()>) {
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => self.passed += 1,
            Ok(Err(error)) => self.failed.push((name.to_owned(), format!("{error:#}"))),
            Err(payload) => {
                let text = payload.downcast_ref::<String>().cloned();
                let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                self.failed.push((name.to_owned(), format!("panicked: {}", text.as_deref().unwrap_or("no message"))));
            }
        }
    }

    /// Ends the suite; every case must have passed.
    ///
    /// # Panics
    /// When a case failed, or none ran.
    pub fn finish(self) {
        self.finish_with(&[]);
    }

    /// Ends the suite: prints its `passed/failed/total` line, then asserts that exactly the cases of `allowed` (name, reason)
    /// failed. An allowance that is no longer needed fails too, so that the list can only shrink.
    ///
    /// # Panics
    /// When another case failed, an allowed one passed, or no case ran.
    pub fn finish_with(self, allowed: &[(&str, &str)]) {
        let total = self.passed + self.failed.len();
        report(&format!("{}: {} passed, {} failed, {total} total", self.name, self.passed, self.failed.len()));
        let reason = |name: &str| allowed.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason);
        let mut faults = Vec::new();
        for (name, error) in &self.failed {
            match reason(name) {
                Some(reason) => report(&format!("  known: {name}: {reason}")),
                None => faults.push(format!("  {name}: {error}")),
            }
        }
        for (name, _) in allowed.iter().filter(|(name, _)| !self.failed.iter().any(|(failed, _)| failed == name)) {
            faults.push(format!("  {name}: allowed to fail, and did not: remove the allowance"));
        }
        assert!(total > 0, "{}: no case ran", self.name);
        assert!(faults.is_empty(), "{}: {} unexpected\n{}", self.name, faults.len(), faults.join("\n"));
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn sample() -> Suite {
        let mut suite = Suite::new("sample");
        suite.case("good", || Ok(()));
        suite.case("bad", || bail!("wrong"));
        suite
    }

    #[test]
    fn allowed_failures_pass() {
        sample().finish_with(&[("bad", "known")]);
    }

    #[test]
    #[should_panic(expected = "bad: wrong")]
    fn other_failures_do_not() {
        sample().finish();
    }

    #[test]
    #[should_panic(expected = "remove the allowance")]
    fn a_stale_allowance_fails() {
        sample().finish_with(&[("bad", "known"), ("good", "was broken")]);
    }

    #[test]
    #[should_panic(expected = "no case ran")]
    fn an_empty_suite_fails() {
        Suite::new("empty").finish();
    }

    #[test]
    #[should_panic(expected = "panicked: oh")]
    fn a_panic_is_a_failure() {
        let mut suite = Suite::new("panics");
        suite.case("one", || panic!("oh"));
        suite.finish();
    }
}
