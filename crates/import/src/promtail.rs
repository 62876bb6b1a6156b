//! Promtail's file: static paths with labels and the pipeline stages `json`, `regex`, `labels` and `timestamp`.

use std::collections::BTreeMap;
use std::path::Path;

use gw_collect::CollectConfig;
use gw_collect::config::{StageConfig, TailConfig};
use gw_config::ConfigError;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::ImportError;
use crate::paths::resolve;

/// What a Promtail file says, in our terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imported {
    /// Followed files.
    pub tail: Vec<TailConfig>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    server: Option<IgnoredAny>,
    client: Option<IgnoredAny>,
    clients: Option<IgnoredAny>,
    positions: Option<IgnoredAny>,
    target_config: Option<IgnoredAny>,
    limits_config: Option<IgnoredAny>,
    tracing: Option<IgnoredAny>,
    global: Option<IgnoredAny>,
    options: Option<IgnoredAny>,
    wal: Option<IgnoredAny>,
    scrape_configs: Vec<Job>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Job {
    job_name: String,
    pipeline_stages: Vec<StageConfig>,
    static_configs: Vec<Group>,
    #[serde(
        alias = "relabel_configs",
        alias = "journal",
        alias = "syslog",
        alias = "gcplog",
        alias = "loki_push_api",
        alias = "windows_events",
        alias = "kafka",
        alias = "azure_event_hubs",
        alias = "gelf",
        alias = "cloudflare",
        alias = "heroku_drain",
        alias = "kubernetes_sd_configs",
        alias = "consul_sd_configs",
        alias = "consulagent_sd_configs",
        alias = "docker_sd_configs",
        alias = "file_sd_configs",
        alias = "dns_sd_configs",
        alias = "decompression",
        alias = "encoding"
    )]
    other_sources: NotYet,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Group {
    /// Promtail demands it and does not use it.
    #[serde(rename = "targets")]
    _targets: Vec<String>,
    labels: BTreeMap<String, String>,
}

/// A key that is known and not supported.
#[derive(Debug, Default)]
struct NotYet;

impl<'de> Deserialize<'de> for NotYet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Err(serde::de::Error::custom("not supported yet; files come from static_configs with a __path__ label"))
    }
}

/// Reads a Promtail file.
///
/// # Errors
/// [`ImportError`] with the place of the first thing that is wrong or not supported.
pub fn load(path: &Path) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&name, &error))?;
    read(&name, &text)
}

/// Reads the text of a Promtail file.
///
/// # Errors
/// As [`load`].
pub fn read(name: &str, text: &str) -> Result<Imported, ImportError> {
    let file: File = gw_config::yaml(name, text)?;
    let mut tail = Vec::new();
    for (index, job) in file.scrape_configs.iter().enumerate() {
        for group in &job.static_configs {
            tail.push(
                follow(job, group)
                    .map_err(|message| ImportError::wrong(name, format!("scrape_configs[{index}]: {message}")))?,
            );
        }
    }
    let config = CollectConfig { tail, ..CollectConfig::default() };
    config.check().map_err(|error| ImportError::of_check(name, &error))?;
    Ok(Imported { tail: config.tail, notes: notes(&file) })
}

fn follow(job: &Job, group: &Group) -> Result<TailConfig, String> {
    let mut labels = group.labels.clone();
    let path = labels.remove("__path__").ok_or("static_configs: label __path__ is missing")?;
    let exclude = labels.remove("__path_exclude__");
    labels.retain(|name, _| !name.starts_with("__"));
    // Wire: Promtail gives streams without a job label the name of their scrape config.
    if !job.job_name.is_empty() {
        labels.entry("job".to_owned()).or_insert_with(|| job.job_name.clone());
    }
    Ok(TailConfig {
        paths: braces(&resolve(Path::new(""), &path)),
        exclude: exclude.map(|pattern| braces(&pattern)).unwrap_or_default(),
        labels,
        stages: job.pipeline_stages.clone(),
        ..TailConfig::default()
    })
}

/// Promtail's patterns know alternatives (`/var/log/{a,b}.log`); ours are single paths.
fn braces(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let Some((inside, after)) = rest.split_once('}') else { return vec![pattern.to_owned()] };
    let tails = braces(after);
    let joined = |word: &str| tails.iter().map(move |tail| format!("{before}{word}{tail}")).collect::<Vec<_>>();
    inside.split(',').flat_map(joined).collect()
}

fn notes(file: &File) -> Vec<String> {
    let given = [
        (file.client.is_some() || file.clients.is_some(), "clients is left out: lines go to Gatewatch's own store"),
        (file.positions.is_some(), "positions is left out: positions are kept in the data directory"),
        (file.server.is_some(), "server is left out: Gatewatch's own listeners serve"),
        (file.target_config.is_some(), "target_config is left out"),
        (file.limits_config.is_some(), "limits_config is left out: see intake and collect.limits"),
        (file.tracing.is_some(), "tracing is left out"),
        (file.global.is_some(), "global is left out"),
        (file.options.is_some(), "options is left out"),
        (file.wal.is_some(), "wal is left out: lines are acknowledged when they are durable"),
    ];
    given.into_iter().filter(|(given, _)| *given).map(|(_, note)| note.to_owned()).collect()
}
