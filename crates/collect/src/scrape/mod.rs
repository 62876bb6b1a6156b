//! Scraping: Prometheus' `scrape_config` from targets to samples.

pub(crate) mod config;
mod exchange;
mod file_sd;
pub(crate) mod relabel;
mod samples;
mod target;
mod targets;

use std::sync::Arc;

use gw_base::labels::hash_bytes;
use gw_base::{Map, Set};
use gw_config::PromDuration;

use crate::CollectError;
use crate::board::{DroppedTarget, TargetStatus};
use crate::client::{ClientSettings, Clients};
use crate::collector::{About, CollectorKind, Source, Spec};
use crate::config::CollectConfig;
use crate::runtime::{Context, Inputs};

use config::ScrapeConfig;
use file_sd::FileCache;
use relabel::Rules;
use target::TargetCollector;
use targets::{Group, Outcome, Target};

/// Scraping.
pub(crate) const KIND: CollectorKind = CollectorKind {
    about: About {
        name: "scrape",
        product: "Prometheus",
        summary: "Reads metrics pages of targets that are configured, listed in files or discovered and accepted.",
        config_key: "collect.scrape",
    },
    source: || Box::new(ScrapeSource::default()),
};

/// A job whose rules are compiled and whose client is ready.
#[derive(Debug)]
pub(crate) struct Job {
    config: ScrapeConfig,
    interval: PromDuration,
    timeout: PromDuration,
    target_rules: Rules,
    sample_rules: Rules,
    /// Whether series get the type and unit of their metric as labels.
    typed: bool,
    client: reqwest::Client,
    /// Differs between jobs, and between versions of one job.
    version: u64,
}

impl Job {
    fn new(config: &ScrapeConfig, all: &CollectConfig, clients: &Clients, version: u64) -> Result<Self, CollectError> {
        let place = format!("scrape job {}", config.job_name);
        let compile = |rules: &[_]| Rules::compile(rules).map_err(|message| CollectError::config(&place, message));
        let settings = ClientSettings {
            tls: config.tls_config.clone().unwrap_or_default(),
            follow_redirects: config.follow_redirects,
            compression: config.enable_compression,
            show_certificate: false,
            keep_alive: true,
        };
        Ok(Self {
            interval: config.interval(&all.scrape),
            timeout: config.timeout(&all.scrape),
            target_rules: compile(&config.relabel_configs)?,
            sample_rules: compile(&config.metric_relabel_configs)?,
            client: clients.get(&settings)?,
            config: config.clone(),
            typed: all.scrape.type_and_unit_labels,
            version,
        })
    }
}

/// Plans one collector a target.
#[derive(Debug, Default)]
struct ScrapeSource {
    config: Option<Arc<CollectConfig>>,
    accepted: Option<Arc<Set<String>>>,
    jobs: Vec<Arc<Job>>,
    files: FileCache,
    versions: u64,
    listed: Set<String>,
}

impl Source for ScrapeSource {
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>> {
        let known = self.config.as_ref().is_some_and(|config| Arc::ptr_eq(config, &inputs.config))
            && self.accepted.as_ref().is_some_and(|accepted| Arc::ptr_eq(accepted, &inputs.accepted));
        if !known {
            self.make_jobs(inputs);
        }
        let jobs = self.jobs.clone();
        let patterns: Vec<&str> = jobs
            .iter()
            .flat_map(|job| job.config.file_sd_configs.iter().flat_map(|sd| &sd.files))
            .map(String::as_str)
            .collect();
        let files_changed = self.files.refresh(&patterns);
        (!known || files_changed).then(|| self.specs(inputs))
    }
}

impl ScrapeSource {
    /// Compiles jobs; one that is the same as before keeps its version, so that its targets are not disturbed.
    fn make_jobs(&mut self, inputs: &Inputs) {
        let configured = inputs.config.scrape.configs.iter().cloned();
        let mut configs: Vec<ScrapeConfig> = configured.collect();
        for job in crate::discover::scrape_jobs(&inputs.accepted) {
            if configs.iter().all(|known| known.job_name != job.job_name) {
                configs.push(job);
            }
        }
        let mut jobs = Vec::with_capacity(configs.len());
        for config in configs {
            let same = self.jobs.iter().find(|job| {
                job.config == config
                    && job.interval == config.interval(&inputs.config.scrape)
                    && job.timeout == config.timeout(&inputs.config.scrape)
            });
            if let Some(job) = same {
                jobs.push(Arc::clone(job));
                continue;
            }
            self.versions += 1;
            match Job::new(&config, &inputs.config, &inputs.context.clients, self.versions) {
                Ok(job) => jobs.push(Arc::new(job)),
                Err(error) => tracing::error!(job = config.job_name, %error, "scrape job cannot start"),
            }
        }
        self.jobs = jobs;
        self.config = Some(Arc::clone(&inputs.config));
        self.accepted = Some(Arc::clone(&inputs.accepted));
    }

    fn specs(&mut self, inputs: &Inputs) -> Vec<Spec> {
        let mut specs: Map<String, Spec> = Map::default();
        let mut dropped = Vec::new();
        let most = inputs.config.limits.targets;
        for job in &self.jobs {
            let targets = self.targets_of(job, &mut dropped);
            let limit = job.config.target_limit;
            if limit > 0 && targets.len() as u64 > limit {
                tracing::error!(job = job.config.job_name, targets = targets.len(), limit, "target_limit exceeded");
                continue;
            }
            for target in targets {
                if specs.len() >= most {
                    tracing::error!(most, "more targets than collect.limits.targets, the rest is left out");
                    break;
                }
                let spec = spec(job, target, &inputs.context);
                specs.entry(spec.id.clone()).or_insert(spec);
            }
        }
        inputs.context.board.replace_dropped(dropped);
        for id in self.listed.iter().filter(|id| !specs.contains_key(id.as_str())) {
            inputs.context.board.set_target(id, None);
        }
        self.listed = specs.keys().cloned().collect();
        let mut specs: Vec<Spec> = specs.into_values().collect();
        specs.sort_by(|a, b| a.id.cmp(&b.id));
        specs
    }

    fn targets_of(&self, job: &Job, dropped: &mut Vec<DroppedTarget>) -> Vec<Target> {
        let own = job
            .config
            .static_configs
            .iter()
            .map(|config| Group { addresses: config.targets.clone(), labels: config.labels.clone() });
        let patterns = job.config.file_sd_configs.iter().flat_map(|sd| &sd.files);
        let from_files = patterns.flat_map(|pattern| self.files.groups(pattern).cloned().collect::<Vec<_>>());
        let mut found = Vec::new();
        for group in own.chain(from_files) {
            for address in &group.addresses {
                match targets::make(job, &group, address) {
                    Outcome::Target(target) => found.push(*target),
                    Outcome::Dropped(discovered) => {
                        dropped.push(DroppedTarget { job: job.config.job_name.clone(), discovered });
                    }
                    Outcome::Refused(message) => tracing::error!(message, "target cannot be used"),
                }
            }
        }
        found
    }
}

fn spec(job: &Arc<Job>, target: Target, context: &Arc<Context>) -> Spec {
    let hash = target.hash();
    let id = format!("{}/{hash:016x}", job.config.job_name);
    let status = TargetStatus {
        job: job.config.job_name.clone(),
        discovered: target.discovered.clone(),
        labels: target.labels.clone(),
        url: target.url.clone(),
        interval: target.interval,
        timeout: target.timeout,
        ..TargetStatus::default()
    };
    if !context.board.has_target(&id) {
        context.board.set_target(&id, Some(status.clone()));
    }
    let (job, context) = (Arc::clone(job), Arc::clone(context));
    let periods = [target.interval.as_nanos().to_le_bytes(), target.timeout.as_nanos().to_le_bytes()].concat();
    let fingerprint = hash ^ hash_bytes(&[&job.version.to_le_bytes()[..], &periods].concat());
    let (interval, timeout) = (target.interval, target.timeout);
    let (target, board_id) = (Arc::new(target), id.clone());
    Spec {
        id,
        fingerprint,
        interval,
        // The collector keeps its own timeout, to write `up 0` in time; this is the guard behind it.
        deadline: timeout + interval,
        seed: hash,
        keep: false,
        listed: false,
        build: Arc::new(move || {
            Box::new(TargetCollector::new(
                board_id.clone(),
                Arc::clone(&job),
                Arc::clone(&target),
                status.clone(),
                Arc::clone(&context),
            ))
        }),
    }
}
