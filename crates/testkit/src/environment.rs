//! The few environment variables that steer tests, read in one place.

use std::path::PathBuf;

/// Whether the tests run under continuous integration (`CI=true`), where absent data is a failure and goldens are not
/// rewritten.
#[must_use]
pub fn under_ci() -> bool {
    variable("CI").is_some_and(|value| value == "true")
}

/// Whether golden files are to be rewritten (`UPDATE=1`).
pub(crate) fn update_goldens() -> bool {
    variable("UPDATE").is_some_and(|value| value == "1")
}

/// How long a fuzz target is to run (`GATEWATCH_FUZZ_SECONDS`), when it is to run long.
pub(crate) fn fuzz_seconds() -> Option<u64> {
    variable("GATEWATCH_FUZZ_SECONDS").and_then(|value| value.parse().ok())
}

/// The folder that holds the conformance areas, where one was named (`GW_CONFORMANCE`).
pub(crate) fn conformance_folder() -> Option<PathBuf> {
    variable("GW_CONFORMANCE").map(PathBuf::from)
}

/// The folder of the package under test: cargo and `cargo xtask test` both start tests there. The folder that a test was
/// compiled in may be another clone's, since clones share a build folder.
///
/// # Panics
/// When that folder is gone.
#[must_use]
pub fn package() -> PathBuf {
    std::env::current_dir().expect("tests start in the folder of their package")
}

#[expect(clippy::disallowed_methods, reason = "tests read their own switches; the ban is for the product")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Prints a line into the output of the running test.
#[expect(clippy::print_stdout, reason = "a test report goes to the output that the test runner captures")]
pub(crate) fn report(line: &str) {
    println!("{line}");
}

/// The one script that a person at the terminal wants to run (`GW_SCRIPT`).
pub(crate) fn chosen_script() -> Option<String> {
    variable("GW_SCRIPT")
}
