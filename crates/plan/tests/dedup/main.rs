//! Thanos' own recorded answers: two replicas queried as they are, and as one series.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use gw_base::Labels;
use gw_formats::xor_chunk;
use gw_plan::dedup::{Meaning, Samples, merge};
use gw_testkit::Suite;
use serde_json::Value;

/// The label that tells replicas apart.
const REPLICA: &str = "replica";
/// What the recorded queries looked back, in nanoseconds: their answers end 709 s behind the last sample of a replica.
const LOOKBACK: i64 = 15 * 60 * 1_000_000_000;

/// Cells of an answer by labels and second.
type Cells = BTreeMap<(String, i64), f64>;

/// The recorded series: one JSON object a line, chunks in base64.
fn recorded(file: &Path) -> Result<Vec<(Labels, Samples)>> {
    let mut all = Vec::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let series = &serde_json::from_str::<Value>(line)?["series"];
        let pair = |label: &Value| Some((label["name"].as_str()?.to_owned(), label["value"].as_str()?.to_owned()));
        let labels = series["labels"].as_array().context("labels")?.iter().filter_map(pair);
        let labels = Labels::from_pairs(labels);
        let mut samples = Samples::default();
        for chunk in series["chunks"].as_array().context("chunks")? {
            let text = chunk["raw"]["data"].as_str().context("a raw chunk")?;
            for sample in xor_chunk::decode(&base64::engine::general_purpose::STANDARD.decode(text)?)? {
                let (millis, value) = sample?;
                samples.times.push(millis * 1_000_000);
                samples.values.push(value);
            }
        }
        all.push((labels, samples));
    }
    Ok(all)
}

/// The series without the replica label, those that are equal then as one.
fn deduplicated(all: Vec<(Labels, Samples)>) -> Vec<(Labels, Samples)> {
    let mut sets: BTreeMap<Labels, Vec<Samples>> = BTreeMap::new();
    for (labels, samples) in all {
        sets.entry(labels.without(|name| name == REPLICA)).or_default().push(samples);
    }
    sets.into_iter().map(|(labels, replicas)| (labels, merge(&replicas, Meaning::Gauge))).collect()
}

/// What an instant selector shows at each second: the newest sample that is not older than the look-back.
fn shown(series: &[(Labels, Samples)], seconds: &[i64]) -> Cells {
    let mut cells = Cells::new();
    for (labels, samples) in series {
        for second in seconds {
            let at = second * 1_000_000_000;
            let newest = samples.times.partition_point(|time| *time <= at).checked_sub(1);
            if let Some(newest) = newest.filter(|newest| samples.times[*newest] > at - LOOKBACK) {
                cells.insert((labels.to_string(), *second), samples.values[newest]);
            }
        }
    }
    cells
}

fn expected(file: &Path) -> Result<Cells> {
    let text: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let mut cells = Cells::new();
    for series in text["data"]["result"].as_array().context("a result")? {
        let pairs = series["metric"].as_object().context("labels")?.iter();
        let pairs = pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let labels = Labels::from_pairs(pairs).to_string();
        for pair in series["values"].as_array().context("values")? {
            let second = pair[0].as_i64().context("a second")?;
            cells.insert((labels.clone(), second), pair[1].as_str().context("a value")?.parse()?);
        }
    }
    Ok(cells)
}

#[test]
fn recorded_replicas_answer_as_thanos_does() {
    let Some(folder) = gw_testkit::conformance("metrics/thanos-dedup") else { return };
    let compare = |name: &str, dedup: bool| -> Result<()> {
        let all = recorded(&folder.join("issue2890-seriesresponses.json"))?;
        let all = if dedup { deduplicated(all) } else { all };
        let wanted = expected(&folder.join(name))?;
        let mut seconds: Vec<i64> = wanted.keys().map(|(_, second)| *second).collect();
        seconds.sort_unstable();
        seconds.dedup();
        let found = shown(&all, &seconds);
        let differs = wanted.iter().find(|(cell, value)| found.get(*cell) != Some(*value));
        ensure!(
            differs.is_none() && found.len() == wanted.len(),
            "{} cells, {}: {differs:?}",
            found.len(),
            wanted.len()
        );
        Ok(())
    };
    let mut suite = Suite::new("thanos-dedup");
    suite.case("issue2890 as it is", || compare("issue2890-expected.json", false));
    suite.case("issue2890 deduplicated", || compare("issue2890-expected-dedup.json", true));
    suite.finish();
}
