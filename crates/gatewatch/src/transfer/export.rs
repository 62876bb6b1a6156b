//! `gatewatch export prometheus DIR`: blocks that Prometheus opens.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use gw_base::{Matcher, Signal, Tenant, TimeRange, Timestamp};
use gw_config::Environment;
use gw_store::{Rollups, Selection};

use super::blocks::Blocks;
use super::outcome::{self, grouped};
use super::{OpenStore, runtime};
use crate::config::Origin;

/// Prometheus' shortest block, and the borders that it expects, milliseconds.
pub(super) const BLOCK_MILLIS: i64 = 2 * 60 * 60 * 1000;

/// So many windows are tried one by one; longer spans are halved first, to pass over what is empty.
const DENSE_WINDOWS: i64 = 84;

/// What is to be exported, and where to.
#[derive(Debug, Clone)]
pub(crate) struct ExportJob {
    /// Folder of the blocks; made when missing.
    pub(crate) dir: PathBuf,
    /// The product's configuration.
    pub(crate) origin: Origin,
    /// Selectors, of which one must match; none is everything.
    pub(crate) selectors: Vec<String>,
    /// First time, as RFC 3339 or Unix seconds.
    pub(crate) from: Option<String>,
    /// Last time.
    pub(crate) to: Option<String>,
}

/// Writes one block for every two hours that have samples.
///
/// # Errors
/// The store is in use, a selector or time is wrong, or the folder holds blocks already.
pub(crate) fn export(job: ExportJob, environment: &Environment) -> Result<()> {
    let selectors = selectors(&job.selectors)?;
    let range = TimeRange::new(
        job.from.as_deref().map_or(Ok(Timestamp::MIN), time)?,
        job.to.as_deref().map_or(Ok(Timestamp::MAX), time)?,
    );
    refuse_blocks(&job.dir)?;
    runtime()?.block_on(async {
        let remedy = "export reads the store of a stopped product; stop it or copy its data folder";
        let open = OpenStore::open(&job.origin, environment, remedy).await?;
        let mut blocks = Blocks::new(&open, job.dir.clone());
        let windows = windows(&open, &selectors, range).await?;
        for window in &windows {
            blocks.write(*window, &selectors).await?;
        }
        open.store.shutdown().await?;
        let told = blocks.finish();
        let mut text = String::new();
        for (name, count) in [
            ("blocks", told.blocks),
            ("series in them", told.stats.num_series),
            ("float samples", told.stats.num_float_samples),
            ("histogram samples", told.stats.num_histogram_samples),
        ] {
            writeln!(text, "{name:<24}{:>16}", grouped(count))?;
        }
        if let Some((first, last)) = told.times {
            writeln!(text, "{:<24}{} to {}", "time range", outcome::day(first), outcome::day(last))?;
        }
        Ok(write!(std::io::stdout(), "{text}")?)
    })
}

fn selectors(texts: &[String]) -> Result<Vec<Vec<Matcher>>> {
    if texts.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    let parse = |text: &String| {
        let selector = gw_lang::promql::parse_selector(text);
        selector.map(|selector| selector.matchers).map_err(|error| anyhow::anyhow!("--match {text:?}: {error}"))
    };
    texts.iter().map(parse).collect()
}

fn time(text: &str) -> Result<Timestamp> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(Timestamp::from_secs_f64(seconds));
    }
    Ok(text.parse()?)
}

/// Blocks that are there already would be merged with ours by whoever opens the folder.
fn refuse_blocks(dir: &std::path::Path) -> Result<()> {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.path().join("meta.json").is_file() {
            bail!("{} holds the block {:?} already; choose an empty folder", dir.display(), entry.file_name());
        }
    }
    Ok(())
}

/// The two-hour windows in which there may be samples: those that parts of the store reach into, halved where they are many.
async fn windows(open: &OpenStore, selectors: &[Vec<Matcher>], range: TimeRange) -> Result<Vec<TimeRange>> {
    // What is in the heads is in parts then, and parts know their times.
    open.store.flush().await?;
    let number = |time: Timestamp| time.millis().div_euclid(BLOCK_MILLIS);
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for part in open.store.part_times(&Tenant::default(), Signal::Metrics) {
        let (first, last) = (part.start.max(range.start), part.end.min(range.end));
        if first <= last {
            spans.push((number(first), number(last)));
        }
    }
    let mut numbers = std::collections::BTreeSet::new();
    while let Some((first, last)) = spans.pop() {
        if last - first < DENSE_WINDOWS {
            numbers.extend(first..=last);
        } else if has_samples(open, selectors, window(first, last, range)).await? {
            let middle = first + (last - first) / 2;
            spans.extend([(first, middle), (middle + 1, last)]);
        }
    }
    Ok(numbers.into_iter().map(|number| window(number, number, range)).collect())
}

async fn has_samples(open: &OpenStore, selectors: &[Vec<Matcher>], range: TimeRange) -> Result<bool> {
    for selector in selectors {
        let selection = Selection::new(Tenant::default(), Signal::Metrics, range)
            .matching(selector.clone())
            .with_rollups(Rollups::Refused);
        if !open.store.label_sets(&selection).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn window(first: i64, last: i64, range: TimeRange) -> TimeRange {
    let start = Timestamp::from_millis(first.saturating_mul(BLOCK_MILLIS));
    let end = Timestamp::from_millis((last + 1).saturating_mul(BLOCK_MILLIS)).offset(-1);
    TimeRange::new(start.max(range.start), end.min(range.end))
}
