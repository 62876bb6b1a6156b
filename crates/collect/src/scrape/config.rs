//! A scrape job in Prometheus' own terms: every key of `scrape_config` is known, those that are not supported say so.

use std::collections::BTreeMap;

use gw_config::{ByteSize, PromDuration, Secret};
use serde::{Deserialize, Deserializer, Serialize};

use super::relabel::{RelabelConfig, Rules};
use crate::config::ScrapeSection;

/// A scrape job.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ScrapeConfig {
    /// Name of the job, the `job` label of its series.
    pub job_name: String,
    /// How often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scrape_interval: Option<PromDuration>,
    /// How long a scrape may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scrape_timeout: Option<PromDuration>,
    /// Path of the metrics page.
    pub metrics_path: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Whether labels of the page win over labels of the target.
    pub honor_labels: bool,
    /// Whether times on the page are kept.
    pub honor_timestamps: bool,
    /// Whether series with times of their own get stale markers.
    pub track_timestamps_staleness: bool,
    /// Query parameters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Vec<String>>,
    /// Targets written here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub static_configs: Vec<StaticConfig>,
    /// Targets written in files that are read again when they change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file_sd_configs: Vec<FileSdConfig>,
    /// Rules for targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relabel_configs: Vec<RelabelConfig>,
    /// Rules for samples.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metric_relabel_configs: Vec<RelabelConfig>,
    /// User and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// `Authorization` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Older form of `authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<Secret>,
    /// Older form of `authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<String>,
    /// TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether compressed answers are asked for.
    pub enable_compression: bool,
    /// More request headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub http_headers: BTreeMap<String, HeaderValues>,
    /// Largest answer; 0 is the installation's limit.
    pub body_size_limit: ByteSize,
    /// Most samples after relabelling; 0 is no limit.
    pub sample_limit: u64,
    /// Most targets of the job; 0 is no limit.
    pub target_limit: u64,
    /// Most labels of a sample; 0 is no limit.
    pub label_limit: u64,
    /// Longest label name; 0 is no limit.
    pub label_name_length_limit: u64,
    /// Longest label value; 0 is no limit.
    pub label_value_length_limit: u64,
    /// The dialect of answers without a usable `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_scrape_protocol: Option<ScrapeProtocol>,
    /// Dialects asked for, best first; empty is all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scrape_protocols: Vec<ScrapeProtocol>,
    /// Accepted; HTTP/2 is used where the server offers it.
    #[serde(skip_serializing)]
    pub enable_http2: Option<bool>,
    /// Accepted; all dropped targets are shown.
    #[serde(skip_serializing)]
    pub keep_dropped_targets: Option<u64>,
    /// Accepted; failures are on the board and in the log.
    #[serde(skip_serializing)]
    pub scrape_failure_log_file: Option<String>,
    /// Accepted; names are UTF-8 always.
    #[serde(skip_serializing)]
    pub metric_name_validation_scheme: Option<ValidationScheme>,
    /// Accepted; see [`ScrapeConfig::metric_name_validation_scheme`].
    #[serde(skip_serializing)]
    pub metric_name_escaping_scheme: Option<EscapingScheme>,
    /// Accepted; native histograms need the protobuf dialect, which is not asked for.
    #[serde(skip_serializing)]
    pub scrape_native_histograms: Option<bool>,
    /// Accepted; see [`ScrapeConfig::scrape_native_histograms`].
    #[serde(skip_serializing)]
    pub always_scrape_classic_histograms: Option<bool>,
    /// Accepted; see [`ScrapeConfig::scrape_native_histograms`].
    #[serde(skip_serializing)]
    pub scrape_classic_histograms: Option<bool>,
    /// Accepted; see [`ScrapeConfig::scrape_native_histograms`].
    #[serde(skip_serializing)]
    pub convert_classic_histograms_to_nhcb: Option<bool>,
    /// Accepted; see [`ScrapeConfig::scrape_native_histograms`].
    #[serde(skip_serializing)]
    pub native_histogram_bucket_limit: Option<u64>,
    /// Accepted; see [`ScrapeConfig::scrape_native_histograms`].
    #[serde(skip_serializing)]
    pub native_histogram_min_bucket_factor: Option<f64>,
    /// Whether `scrape_timeout_seconds`, `scrape_sample_limit` and `scrape_body_size_bytes` are written too.
    pub extra_scrape_metrics: bool,
    /// Refused when given.
    #[serde(skip_serializing)]
    pub oauth2: Unsupported,
    /// Refused when given.
    #[serde(skip_serializing)]
    pub proxy_url: Unsupported,
    /// Refused when given.
    #[serde(skip_serializing)]
    pub no_proxy: Unsupported,
    /// Refused when given.
    #[serde(skip_serializing)]
    pub proxy_from_environment: Unsupported,
    /// Refused when given.
    #[serde(skip_serializing)]
    pub proxy_connect_header: Unsupported,
    /// Other service discoveries, refused by name when given.
    #[serde(
        skip_serializing,
        alias = "aws_sd_configs",
        alias = "azure_sd_configs",
        alias = "consul_sd_configs",
        alias = "digitalocean_sd_configs",
        alias = "dns_sd_configs",
        alias = "docker_sd_configs",
        alias = "dockerswarm_sd_configs",
        alias = "ec2_sd_configs",
        alias = "eureka_sd_configs",
        alias = "gce_sd_configs",
        alias = "hetzner_sd_configs",
        alias = "http_sd_configs",
        alias = "ionos_sd_configs",
        alias = "kubernetes_sd_configs",
        alias = "kuma_sd_configs",
        alias = "lightsail_sd_configs",
        alias = "linode_sd_configs",
        alias = "marathon_sd_configs",
        alias = "nerve_sd_configs",
        alias = "nomad_sd_configs",
        alias = "oci_sd_configs",
        alias = "openstack_sd_configs",
        alias = "outscale_sd_configs",
        alias = "ovhcloud_sd_configs",
        alias = "puppetdb_sd_configs",
        alias = "scaleway_sd_configs",
        alias = "serverset_sd_configs",
        alias = "stackit_sd_configs",
        alias = "triton_sd_configs",
        alias = "uyuni_sd_configs",
        alias = "vultr_sd_configs"
    )]
    pub other_sd_configs: Unsupported,
}

impl Default for ScrapeConfig {
    fn default() -> Self {
        Self {
            job_name: String::new(),
            scrape_interval: None,
            scrape_timeout: None,
            metrics_path: "/metrics".to_owned(),
            scheme: "http".to_owned(),
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            params: BTreeMap::new(),
            static_configs: Vec::new(),
            file_sd_configs: Vec::new(),
            relabel_configs: Vec::new(),
            metric_relabel_configs: Vec::new(),
            basic_auth: None,
            authorization: None,
            bearer_token: None,
            bearer_token_file: None,
            tls_config: None,
            follow_redirects: true,
            enable_compression: true,
            http_headers: BTreeMap::new(),
            body_size_limit: ByteSize(0),
            sample_limit: 0,
            target_limit: 0,
            label_limit: 0,
            label_name_length_limit: 0,
            label_value_length_limit: 0,
            fallback_scrape_protocol: None,
            scrape_protocols: Vec::new(),
            enable_http2: None,
            keep_dropped_targets: None,
            scrape_failure_log_file: None,
            metric_name_validation_scheme: None,
            metric_name_escaping_scheme: None,
            scrape_native_histograms: None,
            always_scrape_classic_histograms: None,
            scrape_classic_histograms: None,
            convert_classic_histograms_to_nhcb: None,
            native_histogram_bucket_limit: None,
            native_histogram_min_bucket_factor: None,
            extra_scrape_metrics: false,
            oauth2: Unsupported,
            proxy_url: Unsupported,
            no_proxy: Unsupported,
            proxy_from_environment: Unsupported,
            proxy_connect_header: Unsupported,
            other_sd_configs: Unsupported,
        }
    }
}

/// A setting that is known and not supported: giving it is an error that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Unsupported;

impl<'de> Deserialize<'de> for Unsupported {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer)?;
        Err(serde::de::Error::custom("not supported yet; targets come from static_configs and file_sd_configs"))
    }
}

/// Targets with common labels.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct StaticConfig {
    /// `host:port` each.
    pub targets: Vec<String>,
    /// Labels of all of them.
    pub labels: BTreeMap<String, String>,
}

/// Files that hold targets.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct FileSdConfig {
    /// Paths; the last part may be a pattern. They end in `.json`, `.yml` or `.yaml`.
    pub files: Vec<String>,
    /// Accepted; files are looked at every few seconds.
    pub refresh_interval: PromDuration,
}

impl Default for FileSdConfig {
    fn default() -> Self {
        Self { files: Vec::new(), refresh_interval: PromDuration::from_secs(300) }
    }
}

/// User and password.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct BasicAuth {
    /// The user.
    pub username: String,
    /// A file that holds the user.
    pub username_file: Option<String>,
    /// The password.
    pub password: Secret,
    /// A file that holds the password.
    pub password_file: Option<String>,
}

/// An `Authorization` header.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Authorization {
    /// The scheme.
    #[serde(rename = "type")]
    pub scheme: String,
    /// What follows it.
    pub credentials: Secret,
    /// A file that holds what follows it.
    pub credentials_file: Option<String>,
}

impl Default for Authorization {
    fn default() -> Self {
        Self { scheme: "Bearer".to_owned(), credentials: Secret::default(), credentials_file: None }
    }
}

/// Values of a request header.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderValues {
    /// Values as they are.
    pub values: Vec<String>,
    /// Values that are not shown.
    pub secrets: Vec<Secret>,
    /// Files that hold values.
    pub files: Vec<String>,
}

/// TLS of a client.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificates that are trusted, as PEM text.
    pub ca: Option<String>,
    /// A file of certificates that are trusted.
    pub ca_file: Option<String>,
    /// Own certificate, as PEM text.
    pub cert: Option<String>,
    /// A file that holds the own certificate.
    pub cert_file: Option<String>,
    /// Own key, as PEM text.
    pub key: Option<Secret>,
    /// A file that holds the own key.
    pub key_file: Option<String>,
    /// Whether anything is trusted.
    pub insecure_skip_verify: bool,
    /// Oldest protocol.
    pub min_version: Option<TlsVersion>,
    /// Newest protocol.
    pub max_version: Option<TlsVersion>,
    /// Refused when given.
    #[serde(skip_serializing)]
    pub server_name: Unsupported,
}

/// A version of TLS, in Prometheus' spelling. Versions before 1.2 are never spoken.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, PartialEq, Eq)]
pub enum TlsVersion {
    /// 1.0.
    TLS10,
    /// 1.1.
    TLS11,
    /// 1.2.
    TLS12,
    /// 1.3.
    TLS13,
}

/// A dialect of metrics pages, in Prometheus' spelling.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, PartialEq, Eq)]
pub enum ScrapeProtocol {
    /// Delimited protobuf; never asked for.
    PrometheusProto,
    /// Text 0.0.4.
    #[serde(rename = "PrometheusText0.0.4")]
    PrometheusText004,
    /// Text 1.0.0, with UTF-8 names.
    #[serde(rename = "PrometheusText1.0.0")]
    PrometheusText100,
    /// OpenMetrics 0.0.1.
    #[serde(rename = "OpenMetricsText0.0.1")]
    OpenMetricsText001,
    /// OpenMetrics 1.0.0.
    #[serde(rename = "OpenMetricsText1.0.0")]
    OpenMetricsText100,
}

/// How metric names are checked, in Prometheus' spelling.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ValidationScheme {
    /// Letters, digits, `_` and `:`.
    Legacy,
    /// Any text.
    Utf8,
}

/// How metric names are written for those who know letters and digits only, in Prometheus' spelling.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum EscapingScheme {
    /// As they are.
    #[serde(rename = "allow-utf-8")]
    AllowUtf8,
    /// Everything else becomes `_`.
    Underscores,
    /// Dots become `_dot_`.
    Dots,
    /// Everything else becomes its code.
    Values,
}

impl ScrapeConfig {
    /// The interval, from the job or the section.
    #[must_use]
    pub fn interval(&self, section: &ScrapeSection) -> PromDuration {
        self.scrape_interval.unwrap_or(section.interval)
    }

    /// The timeout, from the job or the section; a default longer than the interval is cut to it.
    #[must_use]
    pub fn timeout(&self, section: &ScrapeSection) -> PromDuration {
        self.scrape_timeout.unwrap_or_else(|| section.timeout.min(self.interval(section)))
    }

    /// Checks what types alone cannot; says what is wrong.
    pub(crate) fn check(&self, section: &ScrapeSection) -> Result<(), String> {
        if self.job_name.is_empty() {
            return Err("job_name is empty".to_owned());
        }
        let (interval, timeout) = (self.interval(section), self.timeout(section));
        if interval.is_zero() {
            return Err("scrape_interval must be above 0".to_owned());
        }
        if timeout > interval {
            return Err(format!("scrape_timeout {timeout} is longer than scrape_interval {interval}"));
        }
        if !matches!(self.scheme.as_str(), "http" | "https") {
            return Err(format!("scheme \"{}\" is not known, use http or https", self.scheme));
        }
        Rules::compile(&self.relabel_configs).map_err(|message| format!("relabel_configs: {message}"))?;
        Rules::compile(&self.metric_relabel_configs).map_err(|message| format!("metric_relabel_configs: {message}"))?;
        if let Some((at, protocol)) =
            self.scrape_protocols.iter().enumerate().find(|(at, one)| self.scrape_protocols[..*at].contains(one))
        {
            return Err(format!("scrape_protocols[{at}]: {protocol:?} stands twice"));
        }
        self.check_credentials()?;
        self.check_targets()
    }

    fn check_credentials(&self) -> Result<(), String> {
        let bearer = self.bearer_token.is_some() || self.bearer_token_file.is_some();
        let ways = [self.basic_auth.is_some(), self.authorization.is_some(), bearer];
        if ways.iter().filter(|given| **given).count() > 1 {
            return Err("at most one of basic_auth, authorization, bearer_token and bearer_token_file".to_owned());
        }
        if self.bearer_token.is_some() && self.bearer_token_file.is_some() {
            return Err("at most one of bearer_token and bearer_token_file".to_owned());
        }
        if let Some(basic) = &self.basic_auth {
            if !basic.username.is_empty() && basic.username_file.is_some() {
                return Err("basic_auth: at most one of username and username_file".to_owned());
            }
            if !basic.password.is_empty() && basic.password_file.is_some() {
                return Err("basic_auth: at most one of password and password_file".to_owned());
            }
        }
        if let Some(authorization) = &self.authorization {
            if authorization.scheme.eq_ignore_ascii_case("basic") {
                return Err("authorization: type \"basic\" is not for here, use basic_auth".to_owned());
            }
            if !authorization.credentials.is_empty() && authorization.credentials_file.is_some() {
                return Err("authorization: at most one of credentials and credentials_file".to_owned());
            }
        }
        Ok(())
    }

    fn check_targets(&self) -> Result<(), String> {
        for target in self.static_configs.iter().flat_map(|group| &group.targets) {
            if target.contains('/') {
                return Err(format!("\"{target}\" is not a valid target, write host:port without scheme and path"));
            }
        }
        for file in self.file_sd_configs.iter().flat_map(|config| &config.files) {
            let known = [".json", ".yml", ".yaml"].iter().any(|ending| file.ends_with(ending));
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !known || folder.contains(['*', '?', '[']) {
                return Err(format!(
                    "file_sd_configs: path \"{file}\" must end in .json, .yml or .yaml, with a pattern in its last part only"
                ));
            }
        }
        if self.file_sd_configs.iter().any(|config| config.files.is_empty()) {
            return Err("file_sd_configs: files is empty".to_owned());
        }
        Ok(())
    }
}
