//! What is exported is what was there: blocks of ours are read back by us, and dumped and analysed by `promtool`.

use std::process::Command;

use anyhow::{Result, ensure};
use gw_base::Labels;
use gw_batch::{BucketSpan, Histogram, STALE_NAN_BITS};
use gw_import::tsdb::{BlockWriter, SeriesSamples, ulid};

use crate::dump::{self, Samples};

#[test]
fn exported_blocks_are_what_promtool_reads() -> Result<()> {
    let dir = dump::folder("round-trip")?;
    std::fs::create_dir_all(dir.join("wal"))?;
    let start = 1_700_000_000_000i64;
    let mut writer = BlockWriter::create(&dir, &ulid(start, 7))?;
    let mut wanted = Samples::new();
    let mut series: Vec<Labels> = (0..60)
        .map(|i| Labels::from_pairs([("__name__", "shop_total"), ("pod", &format!("pod {i}\n\"é\"")), ("JOB", "a")]))
        .collect();
    series.sort_by(gw_formats::tsdb::order);
    for (i, labels) in series.iter().enumerate() {
        let floats: Vec<(i64, f64)> = (0..i as i64 * 9)
            .map(|step| (start + step * 15_000 + step % 3, step as f64 * 1.1 + i as f64))
            .map(|(time, value)| (time, if time % 17 == 0 { f64::from_bits(STALE_NAN_BITS) } else { value }))
            .collect();
        writer.push(labels, SeriesSamples { floats: &floats, histograms: &[] })?;
        for (time, value) in &floats {
            let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
            wanted.insert((dump::print(labels), *time), bits);
        }
    }
    let meta = writer.finish()?.expect("there are samples");
    ensure!(meta.stats.num_samples == wanted.len() as u64 && meta.stats.num_series == 59, "{meta:?}");
    let (ours, summary) = dump::ours(&dir)?;
    ensure!(summary.damaged == 0 && ours == wanted, "{summary:?}");
    if let Some(theirs) = dump::theirs(&dir)? {
        dump::same(&ours, &theirs)?;
        for command in ["analyze", "list"] {
            let done = Command::new("promtool").args(["tsdb", command]).arg(&dir).output()?;
            let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
            ensure!(done.status.success() && text.contains(&meta.ulid), "promtool tsdb {command}: {text}");
        }
    }
    Ok(std::fs::remove_dir_all(dir)?)
}

#[test]
fn floats_and_histograms_take_turns() -> Result<()> {
    let dir = dump::folder("mixed")?;
    let histogram = |count: f64| Histogram {
        schema: 0,
        count,
        sum: count * 2.0,
        positive_spans: vec![BucketSpan { offset: 0, length: 1 }],
        positive: vec![count],
        ..Histogram::default()
    };
    let (one, two, less) = (histogram(1.0), histogram(2.0), histogram(0.5));
    let floats = [(1, 1.0), (2, 2.0), (5, 5.0), (8, 8.0)];
    let histograms = [(3, &one), (4, &two), (6, &less), (8, &two)];
    let labels = Labels::from_pairs([("__name__", "mixed")]);
    let mut writer = BlockWriter::create(&dir, &ulid(0, 1))?;
    writer.push(&labels, SeriesSamples { floats: &floats, histograms: &histograms })?;
    ensure!(writer.push(&labels, SeriesSamples::default()).is_err(), "a series may come once");
    let meta = writer.finish()?.expect("there are samples");
    // Of the two samples at 8 the histogram stays.
    ensure!((meta.min_time, meta.max_time, meta.stats.num_samples) == (1, 9, 7), "{meta:?}");
    let (ours, summary) = dump::ours(&dir)?;
    ensure!((ours.len(), summary.histograms, summary.damaged) == (3, 4, 0), "{summary:?}");
    let empty = BlockWriter::create(&dir, &ulid(0, 2))?;
    ensure!(empty.finish()?.is_none() && std::fs::read_dir(&dir)?.count() == 1, "nothing is left of an empty block");
    Ok(std::fs::remove_dir_all(dir)?)
}
