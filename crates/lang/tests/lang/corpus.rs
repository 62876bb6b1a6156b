//! The own corpora, `corpus/lang/LANGUAGE/*.test`.
//!
//! A case is a query of one or more lines, then a line `=> CANONICAL`, `=> same` or `!! ERROR`; a line of `=>` alone is
//! followed by a canonical form of several lines. `##` begins a comment line, an empty line ends a case.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use gw_testkit::Suite;

/// What a case expects.
enum Expected {
    Printed(String),
    Same,
    Refused(String),
}

/// Runs every case of a language; `parse` gives the canonical text or the error.
pub(crate) fn run(language: &str, parse: impl Fn(&str) -> Result<String, String>) {
    let mut suite = Suite::new(&format!("corpus/lang/{language}"));
    for file in files(language) {
        let text = fs::read_to_string(&file).expect("a corpus file is readable");
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
        for (line, block) in blocks(&text) {
            suite.case(&format!("{name}:{line}"), || check(&block, &parse));
        }
    }
    suite.finish();
}

fn check(block: &str, parse: &impl Fn(&str) -> Result<String, String>) -> Result<()> {
    let (query, expected) = split(block).context("a case ends in `=> TEXT` or `!! ERROR`")?;
    match (expected, parse(&query)) {
        (Expected::Same, Ok(printed)) => ensure!(printed == query, "printed {printed:?}"),
        (Expected::Printed(wanted), Ok(printed)) => {
            ensure!(printed == wanted, "printed {printed:?}, wanted {wanted:?}");
            let again = parse(&printed);
            ensure!(again.as_ref() == Ok(&printed), "not stable: {printed:?} became {again:?}");
        }
        (Expected::Refused(wanted), Err(error)) => {
            ensure!(error == wanted, "refused with {error:?}, wanted {wanted:?}");
        }
        (Expected::Refused(wanted), Ok(printed)) => bail!("accepted as {printed:?}, wanted {wanted:?}"),
        (_, Err(error)) => bail!("refused: {error}"),
    }
    Ok(())
}

fn split(block: &str) -> Option<(String, Expected)> {
    let at = block.rfind("\n=>").or_else(|| block.rfind("\n!!"))?;
    let (query, verdict) = (block.get(..at)?, block.get(at + 1..)?);
    let (sign, text) = verdict.split_at_checked(3)?;
    let expected = match sign {
        "=> " if text == "same" => Expected::Same,
        "=> " | "=>\n" => Expected::Printed(text.to_owned()),
        "!! " => Expected::Refused(text.to_owned()),
        _ => return None,
    };
    Some((query.to_owned(), expected))
}

/// The cases with the number of their first line.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with("##")) {
        if line.is_empty() {
            open = false;
        } else if let (true, Some((_, block))) = (open, found.last_mut()) {
            block.push('\n');
            block.push_str(line);
        } else {
            found.push((index + 1, line.to_owned()));
            open = true;
        }
    }
    found
}

fn files(language: &str) -> Vec<PathBuf> {
    let folder = gw_testkit::package().join("../../corpus/lang").join(language);
    let entries = fs::read_dir(&folder).expect("the corpus folder exists");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}
