//! The shared blocks: index version 1 as Prometheus' own tests have it, and a snapshot of a real server.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use gw_testkit::Suite;

use crate::dump;

fn compare(block: &Path, name: &str, samples: u64, series: u64) -> Result<()> {
    let (straight, summary) = dump::ours(block)?;
    ensure!((summary.samples, summary.series, summary.damaged) == (samples, series, 0), "{summary:?}");
    let dir = dump::folder(name)?;
    dump::data_dir_of(block, name, &dir)?;
    let (ours, _) = dump::ours(&dir)?;
    ensure!(ours == straight, "a block alone and in a data directory differ");
    if let Some(theirs) = dump::theirs(&dir)? {
        dump::same(&ours, &theirs)?;
    }
    Ok(std::fs::remove_dir_all(dir)?)
}

fn only_folder(dir: &Path) -> Result<PathBuf> {
    let first = std::fs::read_dir(dir)?.next().with_context(|| format!("{} is empty", dir.display()))?;
    Ok(first?.path())
}

#[test]
fn shared_blocks_are_read_as_promtool_dumps_them() {
    let (Some(old), Some(real)) =
        (gw_testkit::conformance("metrics/tsdb"), gw_testkit::conformance("metrics/tsdb-real/prometheus"))
    else {
        return;
    };
    let mut suite = Suite::new("tsdb blocks");
    suite.case("index_format_v1", || compare(&old.join("index_format_v1"), "01DXXFZDYD1MQW6079WK0K6EDQ", 102, 102));
    suite.case("snapshot", || {
        let block = only_folder(&only_folder(&real.join("snapshots"))?)?;
        compare(&block, "01JWS713P2E4MQW7T643GYGD69", 2434, 2434)
    });
    suite.case("expected response", || {
        let snapshot = only_folder(&real.join("snapshots"))?;
        let (ours, _) = dump::ours(&snapshot)?;
        let text = std::fs::read(real.join("expected_response.json"))?;
        let expected: serde_json::Value = serde_json::from_slice(&text)?;
        let result = expected["data"]["result"].as_array().context("a list of series")?;
        ensure!(!result.is_empty());
        for series in result {
            let wanted = series["metric"].as_object().context("labels")?;
            let found = ours.iter().filter(|((labels, _), _)| {
                wanted.iter().all(|(name, value)| labels.contains(&format!("{name}={value}")))
            });
            let values = series["values"].as_array().context("samples")?;
            let wanted: Vec<(i64, u64)> = values
                .iter()
                .map(|pair| {
                    let time = (pair[0].as_f64().unwrap_or_default() * 1000.0).round() as i64;
                    let value: f64 = pair[1].as_str().unwrap_or_default().parse().unwrap_or(f64::NAN);
                    (time, value.to_bits())
                })
                .collect();
            let found: Vec<(i64, u64)> = found.map(|((_, time), value)| (*time, *value)).collect();
            ensure!(found == wanted, "{series}: {found:?}");
        }
        Ok(())
    });
    suite.finish();
}
