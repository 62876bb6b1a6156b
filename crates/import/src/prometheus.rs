//! `prometheus.yml`: scrape jobs and rule files.

use std::collections::BTreeMap;
use std::path::Path;

use gw_collect::CollectConfig;
use gw_collect::config::{
    CollectLimits, EscapingScheme, ScrapeConfig, ScrapeProtocol, ScrapeSection, ValidationScheme,
};
use gw_config::{ByteSize, ConfigError, PromDuration};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ImportError;
use crate::paths::{resolve, resolve_given};

/// What a `prometheus.yml` says, in our terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imported {
    /// Scrape jobs, with the defaults of `global` filled in and paths made absolute or relative to here.
    pub scrape: Vec<ScrapeConfig>,
    /// Rule files; the last part of a path may be a pattern.
    pub rule_files: Vec<String>,
    /// How often rules are evaluated, if it says.
    pub evaluation_interval: Option<PromDuration>,
    /// Labels of everything that leaves the installation.
    pub external_labels: BTreeMap<String, String>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    global: Global,
    runtime: Option<IgnoredAny>,
    rule_files: Vec<String>,
    scrape_config_files: Vec<String>,
    scrape_configs: Vec<ScrapeConfig>,
    alerting: Option<IgnoredAny>,
    remote_write: Option<IgnoredAny>,
    remote_read: Option<IgnoredAny>,
    storage: Option<IgnoredAny>,
    tracing: Option<IgnoredAny>,
    otlp: Option<IgnoredAny>,
}

/// The `global` section: defaults of jobs, and a few settings of the server itself.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Global {
    scrape_interval: PromDuration,
    scrape_timeout: PromDuration,
    evaluation_interval: Option<PromDuration>,
    rule_query_offset: Option<PromDuration>,
    external_labels: BTreeMap<String, String>,
    query_log_file: Option<String>,
    scrape_failure_log_file: Option<String>,
    body_size_limit: ByteSize,
    sample_limit: u64,
    target_limit: u64,
    label_limit: u64,
    label_name_length_limit: u64,
    label_value_length_limit: u64,
    keep_dropped_targets: Option<u64>,
    scrape_protocols: Vec<ScrapeProtocol>,
    metric_name_validation_scheme: Option<ValidationScheme>,
    metric_name_escaping_scheme: Option<EscapingScheme>,
    scrape_native_histograms: Option<bool>,
    always_scrape_classic_histograms: Option<bool>,
    convert_classic_histograms_to_nhcb: Option<bool>,
    extra_scrape_metrics: Option<bool>,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            scrape_interval: PromDuration::from_secs(60),
            scrape_timeout: PromDuration::from_secs(10),
            evaluation_interval: None,
            rule_query_offset: None,
            external_labels: BTreeMap::new(),
            query_log_file: None,
            scrape_failure_log_file: None,
            body_size_limit: ByteSize(0),
            sample_limit: 0,
            target_limit: 0,
            label_limit: 0,
            label_name_length_limit: 0,
            label_value_length_limit: 0,
            keep_dropped_targets: None,
            scrape_protocols: Vec::new(),
            metric_name_validation_scheme: None,
            metric_name_escaping_scheme: None,
            scrape_native_histograms: None,
            always_scrape_classic_histograms: None,
            convert_classic_histograms_to_nhcb: None,
            extra_scrape_metrics: None,
        }
    }
}

/// The content of a file of `scrape_config_files`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobsFile {
    scrape_configs: Vec<ScrapeConfig>,
}

/// Reads a `prometheus.yml` and the files that it names.
///
/// # Errors
/// [`ImportError`] with the place of the first thing that Prometheus itself would refuse, or that we do not support.
pub fn load(path: &Path) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&name, &error))?;
    let base = path.parent().unwrap_or(Path::new(""));
    read(&name, &text, base)
}

/// Reads the text of a `prometheus.yml` whose relative paths start at `base`.
///
/// # Errors
/// As [`load`].
pub fn read(name: &str, text: &str, base: &Path) -> Result<Imported, ImportError> {
    let mut file: File = gw_config::yaml(name, text)?;
    let mut jobs = std::mem::take(&mut file.scrape_configs);
    for pattern in &file.scrape_config_files {
        jobs.extend(more_jobs(&resolve(base, pattern))?);
    }
    check_global(name, &file)?;
    for job in &mut jobs {
        inherit(job, &file.global);
        resolve_paths(job, base);
    }
    let section = ScrapeSection {
        interval: file.global.scrape_interval,
        timeout: file.global.scrape_timeout,
        configs: jobs,
        ..ScrapeSection::default()
    };
    let config = CollectConfig { scrape: section, limits: CollectLimits::default(), ..CollectConfig::default() };
    config.check().map_err(|error| ImportError::of_check(name, &error))?;
    Ok(Imported {
        notes: notes(&file),
        scrape: config.scrape.configs,
        rule_files: file.rule_files.iter().map(|path| resolve(base, path)).collect(),
        evaluation_interval: file.global.evaluation_interval,
        external_labels: file.global.external_labels,
    })
}

fn more_jobs(pattern: &str) -> Result<Vec<ScrapeConfig>, ImportError> {
    let folder = pattern.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder.contains(['*', '?', '[']) {
        return Err(ImportError::wrong(pattern, "scrape_config_files: a pattern may stand in the last part only"));
    }
    let paths =
        glob::glob(pattern).map_err(|error| ImportError::wrong(pattern, format!("scrape_config_files: {error}")))?;
    let mut jobs = Vec::new();
    for path in paths.filter_map(Result::ok) {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| ConfigError::unreadable(&name, &error))?;
        let file: JobsFile = gw_config::yaml(&name, &text)?;
        let base = path.parent().unwrap_or(Path::new(""));
        jobs.extend(file.scrape_configs.into_iter().map(|mut job| {
            resolve_paths(&mut job, base);
            job
        }));
    }
    Ok(jobs)
}

fn check_global(name: &str, file: &File) -> Result<(), ImportError> {
    for (label, value) in &file.global.external_labels {
        let mut bytes = label.bytes();
        let starts_well = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let utf8_names = file.global.metric_name_validation_scheme != Some(ValidationScheme::Legacy);
        if !starts_well && !utf8_names || label.is_empty() {
            return Err(ImportError::wrong(name, format!("global.external_labels: \"{label}\" is not a label name")));
        }
        if value.contains('\0') {
            return Err(ImportError::wrong(name, format!("global.external_labels.{label}: the value is not a text")));
        }
    }
    let folder_of = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    if let Some(path) = file.rule_files.iter().find(|path| folder_of(path).contains(['*', '?', '['])) {
        let message = format!("rule_files: \"{path}\": a pattern may stand in the last part only");
        return Err(ImportError::wrong(name, message));
    }
    Ok(())
}

fn inherit(job: &mut ScrapeConfig, global: &Global) {
    let interval = *job.scrape_interval.get_or_insert(global.scrape_interval);
    job.scrape_timeout.get_or_insert(global.scrape_timeout.min(interval));
    if job.body_size_limit.0 == 0 {
        job.body_size_limit = global.body_size_limit;
    }
    if job.scrape_protocols.is_empty() {
        job.scrape_protocols.clone_from(&global.scrape_protocols);
    }
    let inherited = |own: &mut u64, global: u64| {
        if *own == 0 {
            *own = global;
        }
    };
    inherited(&mut job.sample_limit, global.sample_limit);
    inherited(&mut job.target_limit, global.target_limit);
    inherited(&mut job.label_limit, global.label_limit);
    inherited(&mut job.label_name_length_limit, global.label_name_length_limit);
    inherited(&mut job.label_value_length_limit, global.label_value_length_limit);
    job.extra_scrape_metrics |= global.extra_scrape_metrics.unwrap_or(false);
}

fn resolve_paths(job: &mut ScrapeConfig, base: &Path) {
    for file in job.file_sd_configs.iter_mut().flat_map(|config| &mut config.files) {
        *file = resolve(base, file);
    }
    if let Some(tls) = &mut job.tls_config {
        for path in [&mut tls.ca_file, &mut tls.cert_file, &mut tls.key_file] {
            resolve_given(base, path);
        }
    }
    if let Some(basic) = &mut job.basic_auth {
        resolve_given(base, &mut basic.username_file);
        resolve_given(base, &mut basic.password_file);
    }
    if let Some(authorization) = &mut job.authorization {
        resolve_given(base, &mut authorization.credentials_file);
    }
    resolve_given(base, &mut job.bearer_token_file);
    for file in job.http_headers.values_mut().flat_map(|values| &mut values.files) {
        *file = resolve(base, file);
    }
}

fn notes(file: &File) -> Vec<String> {
    let global = &file.global;
    let given = [
        (
            file.alerting.is_some(),
            "alerting is left out: alerts are routed and sent by Gatewatch itself (section alert)",
        ),
        (file.remote_write.is_some(), "remote_write is left out: samples stay in Gatewatch's own store"),
        (file.remote_read.is_some(), "remote_read is left out: only Gatewatch's own store is asked"),
        (file.storage.is_some(), "storage is left out: see store.retention and store.retention_size"),
        (file.tracing.is_some(), "tracing is left out: it concerns the Prometheus server's own spans"),
        (file.otlp.is_some(), "otlp is left out: OTLP metrics are taken on ports 4317 and 4318 with default names"),
        (file.runtime.is_some(), "runtime is left out: it concerns the Go runtime"),
        (global.query_log_file.is_some(), "global.query_log_file is left out"),
        (global.scrape_failure_log_file.is_some(), "global.scrape_failure_log_file is left out: see Data > Sources"),
        (
            global.rule_query_offset.is_some(),
            "global.rule_query_offset is left out: set detect.query_offset in its place",
        ),
        (
            global.scrape_native_histograms.is_some()
                || global.always_scrape_classic_histograms.is_some()
                || global.convert_classic_histograms_to_nhcb.is_some(),
            "native histogram settings are left out: pages are read in their text forms",
        ),
        (
            global.metric_name_validation_scheme.is_some() || global.metric_name_escaping_scheme.is_some(),
            "metric name schemes are left out: all names are taken as they are",
        ),
        (global.keep_dropped_targets.is_some(), "global.keep_dropped_targets is left out: all of them are shown"),
    ];
    given.into_iter().filter(|(given, _)| *given).map(|(_, note)| note.to_owned()).collect()
}
