//! Suites of script files with many cases each: every file runs, is counted, and is held against what it passed before.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::environment::{chosen_script, report};

/// How many cases of a script passed, and line and reason of those that did not.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that did not.
    pub failures: Vec<String>,
}

/// What a script must pass.
#[derive(Debug, Clone, Copy)]
pub enum Bar<'a> {
    /// Every case.
    All,
    /// The count that a file of lines `SCRIPT COUNT` names, nothing where it names none.
    Floors(&'a Path),
}

/// Runs the scripts of `folder` whose names end in `extension`, prints passed/failed/total of each and their sum, and holds
/// each against the bar. `GW_SCRIPT=FILE` runs one and prints why its cases fail.
///
/// # Panics
/// When a script passes fewer cases than the bar asks for, when no case ran at all, or when a file cannot be read.
pub fn run_scripts(suite: &str, folder: &Path, extension: &str, bar: Bar<'_>, mut run: impl FnMut(&str) -> Outcome) {
    let floors = match bar {
        Bar::All => None,
        Bar::Floors(file) => Some(floors(file)),
    };
    let only = chosen_script();
    let (mut table, mut faults, mut passed, mut total) = (String::new(), Vec::new(), 0, 0);
    for file in files(folder, extension) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let outcome = run(&fs::read_to_string(&file).expect("a script is readable"));
        let all = outcome.passed + outcome.failures.len();
        (passed, total) = (passed + outcome.passed, total + all);
        writeln!(table, "{name} {}/{}/{all}", outcome.passed, outcome.failures.len()).expect("a String takes any text");
        if only.is_some() {
            outcome.failures.iter().for_each(|why| report(&format!("{name}:{why}")));
        }
        let floor = floors.as_ref().map_or(all, |floors| floors.get(&name).copied().unwrap_or(0));
        if outcome.passed < floor {
            let why = outcome.failures.join("\n    ");
            faults.push(format!("{name}: {} pass, {floor} must\n    {why}", outcome.passed));
        } else if outcome.passed > floor {
            report(&format!("{name}: {} pass, the floor is {floor}: raise it", outcome.passed));
        }
    }
    report(&format!(
        "{suite}: passed/failed/total\n{table}{suite}: {passed} passed, {} failed, {total} total",
        total - passed
    ));
    assert!(total > 0 || only.is_some(), "{suite}: no case ran");
    assert!(faults.is_empty(), "{suite}: fewer cases pass than must\n{}", faults.join("\n"));
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of scripts is readable");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn floors(file: &Path) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(file).expect("the floors are readable");
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, count)| Some((name.to_owned(), count.trim().parse().ok()?)))
        .collect()
}
