//! The binary under the originals' names: their flags, defaults, exit codes and words, translated into our configuration.
//!
//! A personality is chosen by the name that the binary is called by (a symlink `node_exporter`), or by the first word
//! (`gatewatch node_exporter --web.listen-address=:9100`). It holds no logic of its own beyond the translation.

mod cadvisor;
mod goflag;
mod kingpin;
mod node_exporter;
mod prometheus;
mod web_config;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use gw_config::Environment;

/// What an original leaves behind when it ends.
pub(crate) struct Ending {
    /// Exit code, as the original gives it.
    code: u8,
    /// What is told on the error output.
    words: Option<String>,
}

impl Ending {
    const WELL: Self = Self { code: 0, words: None };

    fn with(code: u8, words: impl Into<String>) -> Self {
        Self { code, words: Some(words.into()) }
    }
}

type Run = fn(&[String], &Environment) -> Ending;

/// Every personality.
static PERSONALITIES: &[(&str, Run)] =
    &[("cadvisor", cadvisor::run), ("node_exporter", node_exporter::run), ("prometheus", prometheus::run)];

/// A personality that the command line names, and the words meant for it.
pub(crate) struct Personality {
    run: Run,
    words: Vec<String>,
}

/// The personality that the words of the command line name.
pub(crate) fn of(words: &[OsString]) -> Option<Personality> {
    let texts: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let called = texts.first().and_then(|name| Path::new(name).file_name()).and_then(|name| name.to_str());
    let find = |name: &str| PERSONALITIES.iter().find(|(known, _)| *known == name);
    let (skip, (_, run)) = match called.and_then(find) {
        Some(found) => (1, found),
        None => (2, texts.get(1).and_then(|word| find(word))?),
    };
    Some(Personality { run: *run, words: texts.into_iter().skip(skip).collect() })
}

impl Personality {
    /// Runs until it is told to stop.
    pub(crate) fn run(self, environment: &Environment) -> ExitCode {
        let ending = (self.run)(&self.words, environment);
        if let Some(words) = ending.words {
            // A closed stderr leaves nobody to tell.
            writeln!(std::io::stderr(), "{words}").unwrap_or_default();
        }
        ExitCode::from(ending.code)
    }
}

/// Prints on the standard output, which may be closed.
fn say(text: &str) {
    writeln!(std::io::stdout(), "{text}").unwrap_or_default();
}

/// Tells on the error output, which may be closed.
fn warn(text: &str) {
    writeln!(std::io::stderr(), "{text}").unwrap_or_default();
}

/// Resolves when the process is told to stop.
async fn stopped() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// `host:port`, where Go takes an empty host as every address.
fn listen_address(text: &str) -> String {
    match text.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::of as choose;
    use super::*;

    #[test]
    fn names_and_first_words_choose() {
        let of = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            choose(&words).map(|personality| personality.words)
        };
        assert_eq!(of(&["/usr/bin/node_exporter", "--version"]).unwrap(), ["--version"]);
        assert_eq!(of(&["gatewatch", "prometheus", "--help"]).unwrap(), ["--help"]);
        assert!(of(&["gatewatch", "run"]).is_none() && of(&["gatewatch"]).is_none());
    }

    #[test]
    fn wrong_flags_end_as_the_originals_end() {
        let run = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let personality = choose(&words).unwrap();
            let ending = (personality.run)(&personality.words, &Environment::default());
            (ending.code, ending.words.unwrap_or_default())
        };
        let (code, words) = run(&["node_exporter", "--nope"]);
        assert_eq!((code, words.as_str()), (1, "node_exporter: error: unknown long flag '--nope', try --help"));
        let (code, words) =
            run(&["node_exporter", "--collector.diskstats.device-include=a", "--collector.diskstats.device-exclude=b"]);
        assert_eq!(code, 1);
        assert!(words.contains("device-exclude & device-include are mutually exclusive"), "{words}");
        let (code, words) = run(&["cadvisor", "-nope"]);
        assert_eq!(code, 2);
        assert!(words.starts_with("flag provided but not defined: -nope\nUsage of cadvisor:"), "{words}");
        let (code, words) = run(&["cadvisor", "-disable_metrics=nope"]);
        assert_eq!(code, 255);
        assert!(words.contains("unsupported metric \"nope\" specified"), "{words}");
        let (code, words) = run(&["prometheus", "--nope"]);
        assert_eq!(code, 2);
        assert!(words.starts_with("Error parsing command line arguments: unknown long flag '--nope'"), "{words}");
        let (code, words) = run(&["prometheus", "--config.file=/nonexistent/p.yml"]);
        assert_eq!(code, 2);
        assert!(words.contains("Error loading config (--config.file=/nonexistent/p.yml)"), "{words}");
    }
}
