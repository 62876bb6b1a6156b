//! What a data directory holds, as `promtool` says and as our reader says, in one comparable form.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use arrow_array::Array as _;
use gw_base::Labels;
use gw_batch::{Batch, MetricsView};
use gw_import::tsdb::{DataDir, Summary};

/// Samples by series (labels as `promtool` prints them) and time in milliseconds; floats as their bits.
pub(crate) type Samples = BTreeMap<(String, i64), u64>;

/// What our reader hands out.
pub(crate) fn ours(dir: &Path) -> Result<(Samples, Summary)> {
    let mut samples = Samples::new();
    let mut take = |batch: Batch| {
        let view = MetricsView::of(&batch).expect("the reader makes metrics");
        for row in 0..batch.rows() {
            if view.values.is_valid(row) {
                let labels = Labels::from_pairs(view.labels(row));
                samples.insert((print(&labels), view.times[row] / 1_000_000), bits(view.values.value(row)));
            }
        }
        Ok(())
    };
    let summary = DataDir::open(dir)?.read(&mut take, &mut |_| {})?;
    Ok((samples, summary))
}

/// What `promtool` dumps; nothing when it is not installed (which CI does not let pass).
pub(crate) fn theirs(dir: &Path) -> Result<Option<Samples>> {
    let done = match Command::new("promtool").args(["tsdb", "dump"]).arg(dir).output() {
        Ok(done) => done,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !gw_testkit::under_ci() => return Ok(None),
        Err(error) => bail!("promtool cannot be started: {error}"),
    };
    ensure!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut samples = Samples::new();
    for line in String::from_utf8(done.stdout)?.lines() {
        let (rest, time) = line.rsplit_once(' ').context("a line ends with a time")?;
        let (labels, value) = rest.rsplit_once(' ').context("a value stands before the time")?;
        samples.insert((labels.to_owned(), time.parse()?), bits(value.parse()?));
    }
    Ok(Some(samples))
}

/// `promtool` prints no payload of a NaN.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

pub(crate) fn print(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Both say the same.
pub(crate) fn same(ours: &Samples, theirs: &Samples) -> Result<()> {
    let missing: Vec<_> = theirs.iter().filter(|(key, value)| ours.get(key) != Some(value)).take(3).collect();
    let extra: Vec<_> = ours.keys().filter(|key| !theirs.contains_key(key)).take(3).collect();
    ensure!(
        missing.is_empty() && extra.is_empty(),
        "{} samples here, {} there; missing or other: {missing:?}; too many: {extra:?}",
        ours.len(),
        theirs.len()
    );
    Ok(())
}

/// An empty folder for one test.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

/// Lays a block into a data directory, writable: `promtool` wants a log beside it.
pub(crate) fn data_dir_of(block: &Path, name: &str, into: &Path) -> Result<()> {
    let target = into.join(name);
    std::fs::create_dir_all(target.join("chunks"))?;
    std::fs::create_dir_all(into.join("wal"))?;
    for file in ["index", "meta.json", "tombstones", "chunks/000001"] {
        std::fs::write(target.join(file), std::fs::read(block.join(file)).with_context(|| file.to_owned())?)?;
    }
    Ok(())
}
