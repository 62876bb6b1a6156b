//! `gatewatch.yaml`: its top-level keys are the product's nouns, and every key may be left out.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use gw_alert::AlertConfig;
use gw_collect::config::CollectConfig;
use gw_config::{ByteSize, Environment, Loader, PromDuration};
use gw_detect::DetectConfig;
use gw_engine::Rules;
use serde::{Deserialize, Serialize};

use crate::retention::{FreeSpace, RetentionRuleConfig, RollupAges};

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "gatewatch.yaml";
/// Variables that start with `GW_` but are no settings.
pub(crate) const RESERVED: [&str; 3] = ["GW_ADMIN_PASSWORD", "GW_LOG", "GW_CONFORMANCE"];

/// The whole configuration.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GatewatchConfig {
    /// Where the product listens.
    pub(crate) listen: ListenConfig,
    /// Where data lies and how long.
    pub(crate) store: StoreConfig,
    /// What is collected.
    pub(crate) collect: CollectConfig,
    /// Bounds of what is taken in.
    pub(crate) intake: IntakeConfig,
    /// Bounds of what is asked.
    pub(crate) query: QueryConfig,
    /// Rules.
    pub(crate) detect: DetectConfig,
    /// Who is told.
    pub(crate) alert: AlertConfig,
    /// Files of other products to take over.
    pub(crate) import: ImportConfig,
}

/// Where the product listens.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListenConfig {
    /// Address of all listeners.
    pub(crate) address: IpAddr,
    /// Number added to every port; without it, ports that may not be bound move up by 10000.
    pub(crate) port_offset: Option<u16>,
    /// Listen on the originals' own ports too.
    pub(crate) native: bool,
    /// How users reach the product, for links in notifications.
    pub(crate) external_url: Option<String>,
    /// Path in front of every route of the Prometheus API.
    pub(crate) path_prefix: Option<String>,
    /// Origins of web pages that may read the Prometheus API, as a pattern; without it, of none but our own.
    pub(crate) cors_origin: Option<String>,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            address: IpAddr::from([127, 0, 0, 1]),
            port_offset: None,
            native: false,
            external_url: None,
            path_prefix: None,
            cors_origin: None,
        }
    }
}

/// Where data lies and how long.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// Data directory.
    pub(crate) dir: PathBuf,
    /// Age at which data is dropped.
    pub(crate) retention: PromDuration,
    /// Size at which the oldest data is dropped.
    pub(crate) retention_size: Option<ByteSize>,
    /// What is to stay free on the disk, a size or a percentage; the oldest data is dropped for it, except for the last day's.
    pub(crate) keep_free: Option<FreeSpace>,
    /// Metric series that are kept for less or for more than the others; the first rule that matches holds.
    pub(crate) retention_rules: Vec<RetentionRuleConfig>,
    /// Rollups that are made of metrics, and how long they are kept: `5m:60d, 1h:400d`; `none` makes none.
    pub(crate) rollups: RollupAges,
    /// So many exemplars that came last are known, so that one that is sent again is kept once; 0 keeps none.
    pub(crate) max_exemplars: usize,
    /// Whether administrators may delete series and make snapshots over HTTP.
    pub(crate) admin_api: bool,
}

impl Default for StoreConfig {
    fn default() -> Self {
        let retention = PromDuration::from_secs(15 * 86_400);
        Self {
            dir: PathBuf::from("data"),
            retention,
            retention_size: None,
            keep_free: None,
            retention_rules: Vec::new(),
            rollups: RollupAges::default(),
            max_exemplars: 100_000,
            admin_api: false,
        }
    }
}

/// Bounds of what is taken in; a bound that is not given keeps its default.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IntakeConfig {
    /// Request body as sent.
    pub(crate) body: Option<ByteSize>,
    /// Request body after decompression.
    pub(crate) decoded_body: Option<ByteSize>,
    /// One log line.
    pub(crate) line: Option<ByteSize>,
    /// Labels of one series or stream.
    pub(crate) labels: Option<usize>,
    /// Whether remote writes are taken; they are unless this says no.
    pub(crate) remote_write: Option<bool>,
}

/// Bounds of what is asked.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QueryConfig {
    /// Longest query.
    pub(crate) timeout: PromDuration,
    /// Queries that run at the same time; others wait.
    pub(crate) concurrency: usize,
    /// Samples that one query may load.
    pub(crate) max_samples: usize,
    /// How old a sample may be to count at a point.
    pub(crate) lookback: PromDuration,
    /// The release of Prometheus whose rules PromQL follows: `3` or `2.47`.
    pub(crate) compat: String,
    /// Young parts of PromQL that may be used, by the names of Prometheus' feature flags, with commas in between; without it,
    /// all of them.
    pub(crate) features: Option<String>,
    /// Whether rollups may stand for samples where these are gone, and where the answer is the same.
    pub(crate) rollups: bool,
    /// Labels that tell replicas of a series apart, with commas in between: these are answered as one series, unless a query
    /// says `dedup=false`.
    pub(crate) replica_labels: String,
    /// Samples of one remote read.
    pub(crate) read_samples: usize,
    /// Remote reads that are answered at the same time; others wait.
    pub(crate) read_concurrency: usize,
    /// Size from which on a frame of a remote read is sent.
    pub(crate) read_frame: ByteSize,
}

impl Default for QueryConfig {
    fn default() -> Self {
        let limits = gw_base::Limits::default();
        let read = gw_api_prometheus::ReadLimits::default();
        Self {
            timeout: PromDuration::from_secs(limits.query_time.as_secs()),
            concurrency: limits.concurrent_queries,
            max_samples: limits.query_samples,
            lookback: PromDuration::from_secs(300),
            compat: "3".to_owned(),
            features: None,
            rollups: true,
            replica_labels: String::new(),
            read_samples: read.samples,
            read_concurrency: read.concurrent,
            read_frame: ByteSize(read.frame_bytes as u64),
        }
    }
}

impl QueryConfig {
    /// The labels that tell replicas apart.
    pub(crate) fn replica_labels(&self) -> Vec<String> {
        self.replica_labels.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The rules of PromQL.
    ///
    /// # Errors
    /// A release that is not known.
    pub(crate) fn rules(&self) -> Result<Rules> {
        match self.compat.as_str() {
            "2.47" => return Ok(Rules::v2_47()),
            "3" => {}
            other => bail!("query.compat: {other:?} is no release whose rules are known, use 3 or 2.47"),
        }
        let Some(features) = &self.features else { return Ok(Rules::default()) };
        let mut rules = Rules::stable();
        for feature in features.split(',').map(str::trim) {
            // Flags about anything else than queries are the business of others.
            let _of_queries = rules.enable(feature);
        }
        Ok(rules)
    }
}

impl GatewatchConfig {
    /// The limits of requests and queries.
    pub(crate) fn limits(&self) -> gw_base::Limits {
        let limits = self.intake.limits();
        gw_base::Limits {
            query_time: self.query.timeout.get(),
            query_samples: self.query.max_samples,
            concurrent_queries: self.query.concurrency,
            ..limits
        }
    }

    /// How the Prometheus room behaves.
    ///
    /// # Errors
    /// When the pattern of origins is none.
    pub(crate) fn prometheus(&self) -> Result<gw_api_prometheus::Settings> {
        let cors = self.listen.cors_origin.as_deref().filter(|pattern| !pattern.is_empty());
        let cors = cors.map(gw_api_prometheus::Origins::new).transpose().context("listen.cors_origin is no pattern")?;
        Ok(gw_api_prometheus::Settings {
            admin: self.store.admin_api,
            receive_writes: self.intake.remote_write.unwrap_or(true),
            lookback: self.query.lookback.get(),
            delayed_names: self.query.rules()?.delayed_names,
            type_and_unit_labels: self.collect.scrape.type_and_unit_labels,
            replica_labels: self.query.replica_labels(),
            read: gw_api_prometheus::ReadLimits {
                samples: self.query.read_samples,
                concurrent: self.query.read_concurrency,
                frame_bytes: usize::try_from(self.query.read_frame.0).unwrap_or(usize::MAX),
            },
            cors,
        })
    }

    /// The path in front of the Prometheus API, without a slash at its end; empty when there is none.
    pub(crate) fn path_prefix(&self) -> String {
        let given = self.listen.path_prefix.as_deref().unwrap_or("");
        let inner = given.trim_matches('/');
        if inner.is_empty() { String::new() } else { format!("/{inner}") }
    }
}

impl IntakeConfig {
    /// The limits with these bounds.
    pub(crate) fn limits(&self) -> gw_base::Limits {
        let mut limits = gw_base::Limits::default();
        let bytes = |size: Option<ByteSize>, default: usize| {
            size.map_or(default, |size| usize::try_from(size.0).unwrap_or(usize::MAX))
        };
        limits.body_bytes = bytes(self.body, limits.body_bytes);
        limits.decoded_bytes = bytes(self.decoded_body, limits.decoded_bytes);
        limits.line_bytes = bytes(self.line, limits.line_bytes);
        limits.labels_per_series = self.labels.unwrap_or(limits.labels_per_series);
        limits
    }
}

/// Files of other products to take over.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImportConfig {
    /// `prometheus.yml` files.
    pub(crate) prometheus: Vec<PathBuf>,
    /// `promtail.yaml` files.
    pub(crate) promtail: Vec<PathBuf>,
}

/// Where the configuration comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The file, if one is named.
    pub(crate) file: Option<PathBuf>,
    /// `--import` values.
    pub(crate) imports: Vec<String>,
    /// (key path, value, flag name) of flags that win over the file.
    pub(crate) flags: Vec<(&'static str, String, &'static str)>,
}

impl Origin {
    /// Reads, expands, overlays and imports everything; nothing is started by it.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and column.
    pub(crate) fn load(&self, environment: &Environment) -> Result<GatewatchConfig> {
        let (name, text) = self.text()?;
        let mut loader = Loader::new(&name, &text).environment(environment, &RESERVED);
        for (path, value, flag) in &self.flags {
            loader = loader.flag(path, value.clone(), flag);
        }
        let loaded = loader.load::<GatewatchConfig>()?;
        for name in &loaded.unused {
            tracing::warn!(variable = name, "this variable names no setting");
        }
        let mut config = loaded.value;
        for import in &self.imports {
            match import.split_once('=') {
                Some(("prometheus", file)) => config.import.prometheus.push(file.into()),
                Some(("promtail", file)) => config.import.promtail.push(file.into()),
                _ => bail!("--import {import:?}: use prometheus=FILE or promtail=FILE"),
            }
        }
        take_over(&mut config)?;
        Ok(config)
    }

    fn text(&self) -> Result<(String, String)> {
        let file = self.file.as_deref();
        let path = file.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Ok((path.display().to_string(), text)),
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok((DEFAULT_FILE.to_owned(), String::new()))
            }
            Err(error) => Err(error).with_context(|| format!("reading {} failed", path.display())),
        }
    }
}

/// Puts what other products' files say into the configuration.
fn take_over(config: &mut GatewatchConfig) -> Result<()> {
    let note =
        |path: &Path, notes: &[String]| notes.iter().for_each(|note| tracing::warn!(file = %path.display(), "{note}"));
    for path in std::mem::take(&mut config.import.prometheus) {
        let imported = gw_import::prometheus::load(&path)?;
        note(&path, &imported.notes);
        config.collect.scrape.configs.extend(imported.scrape);
        config.detect.rule_files.extend(imported.rule_files);
        config.detect.external_labels.extend(imported.external_labels);
        config.detect.interval = imported.evaluation_interval.unwrap_or(config.detect.interval);
    }
    for path in std::mem::take(&mut config.import.promtail) {
        let imported = gw_import::promtail::load(&path)?;
        note(&path, &imported.notes);
        config.collect.tail.extend(imported.tail);
    }
    Ok(())
}
