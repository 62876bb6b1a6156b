//! A part gives back what was put into it, in whole and in cuts, and its Parquet object opens in any reader.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt64Type;
use bytes::Bytes;
use gw_base::{Labels, METRIC_NAME, MatchOp, Matcher, TimeRange, Timestamp};
use gw_batch::{Exemplar, Histogram};

use super::{PartSeries, SeriesWriter};
use crate::matching::Conditions;
use crate::objects::Objects;
use crate::part::PartMeta;
use crate::part::cache::PartCache;
use crate::part::reader::PartReader;
use crate::part::writer::Written;
use crate::{Series, StoreError};

fn series(i: i64) -> Series {
    let labels = Labels::from_pairs([(METRIC_NAME, format!("metric_{}", i % 5)), ("pod", format!("pod-{:04}", i / 5))]);
    let count = 40 + i % 3;
    let times: Vec<i64> = (0..count).map(|at| at * 15_000_000_000 + i % 2).collect();
    let values = (0..count).map(|at| if at == 39 { f64::NAN } else { (at * i) as f64 / 10.0 }).collect();
    let mut series = Series { labels, times, values, ..Series::default() };
    if i % 100 == 7 {
        series.histogram_times = vec![i, i + 50];
        series.histograms = std::iter::repeat_with(|| Arc::new(Histogram { count: i as f64, ..Histogram::default() }))
            .take(2)
            .collect();
        series.starts = vec![(0, -5)];
    }
    series
}

fn exemplars(i: i64) -> Vec<Exemplar> {
    let exemplar = |at: i64| Exemplar {
        labels: Labels::from_pairs([("trace_id", at.to_string())]),
        value: at as f64,
        time: Some(Timestamp::from_nanos(at)),
    };
    if i % 50 == 3 { vec![exemplar(i), exemplar(i + 9)] } else { Vec::new() }
}

fn written(count: i64) -> (Vec<(Series, Vec<Exemplar>)>, Written) {
    let mut all: Vec<_> = (0..count).map(|i| (series(i), exemplars(i))).collect();
    all.sort_by(|a, b| a.0.labels.cmp(&b.0.labels));
    let mut writer = SeriesWriter::new(0, 0).unwrap();
    all.iter().for_each(|(series, exemplars)| writer.push(series.labels.as_bytes(), series, exemplars).unwrap());
    (all, writer.finish().unwrap())
}

async fn stored(written: Written) -> (PartReader, Arc<PartMeta>) {
    let objects = Objects::remote(Arc::new(object_store::memory::InMemory::new()));
    let part = PartMeta {
        id: "p".to_owned(),
        tenant: "default".to_owned(),
        signal: "metrics".to_owned(),
        rows: written.rows,
        min: written.bounds.0,
        max: written.bounds.1,
        through: 1,
        bytes: written.data.len() as u64,
        tail: written.tail,
        index_bytes: written.index.len() as u64,
        index_crc: crc32fast::hash(&written.index),
        ..PartMeta::default()
    };
    objects.put(&part.data_path(), written.data).await.unwrap();
    objects.put(&part.index_path(), written.index).await.unwrap();
    (PartReader::new(objects, Arc::new(PartCache::new(1 << 20))), Arc::new(part))
}

async fn read(
    (reader, part): &(PartReader, Arc<PartMeta>),
    conditions: &Conditions,
    range: TimeRange,
) -> Result<Vec<(Series, Vec<Exemplar>)>, StoreError> {
    let opened = reader.open(part).await?;
    let mut cursor = PartSeries::new((part, &opened), conditions, range, Vec::new());
    let mut found = Vec::new();
    while cursor.load(reader).await? {
        while cursor.is_ready() {
            let (mut labels, mut series, mut exemplars) = (Vec::new(), Series::default(), Vec::new());
            cursor.labels_into(&mut labels);
            cursor.read(&mut series, Some(&mut exemplars))?;
            series.labels = Labels::from_bytes(&labels).unwrap();
            found.push((series, exemplars));
        }
    }
    Ok(found)
}

/// What can be compared: NaN equals itself here.
fn shown(found: &[(Series, Vec<Exemplar>)]) -> String {
    format!("{found:?}")
}

#[tokio::test]
async fn everything_comes_back_by_label_and_range() {
    let (all, written) = written(3000);
    assert!(written.index.len() < 3000 * 12, "{} bytes of index", written.index.len());
    let part = stored(written).await;
    let found = read(&part, &Conditions::default(), TimeRange::ALL).await.unwrap();
    assert_eq!(shown(&found), shown(&all));
    for (matchers, range) in [
        (vec![Matcher::equal(METRIC_NAME, "metric_3")], (20_000_000_000, 90_000_000_000)),
        (vec![Matcher::new("pod", MatchOp::Regex, "pod-01.7")], (0, i64::MAX)),
        (vec![Matcher::equal(METRIC_NAME, "metric_2"), Matcher::equal("pod", "pod-0021")], (0, 0)),
        (vec![Matcher::new("pod", MatchOp::NotEqual, "pod-0000"), Matcher::equal("absent", "")], (-9, 5)),
        (vec![Matcher::equal(METRIC_NAME, "none")], (0, i64::MAX)),
    ] {
        let conditions = Conditions::compile(&matchers).unwrap();
        let range = TimeRange::new(Timestamp::from_nanos(range.0), Timestamp::from_nanos(range.1));
        let found = read(&part, &conditions, range).await.unwrap();
        let inside = |time: i64| range.contains(Timestamp::from_nanos(time));
        let cut =
            all.iter().filter(|(series, _)| conditions.accept(series.labels.as_bytes())).map(|(series, exemplars)| {
                let mut series = series.clone();
                let (times, values) = series
                    .times
                    .iter()
                    .zip(&series.values)
                    .filter(|(time, _)| inside(**time))
                    .map(|(t, v)| (*t, *v))
                    .unzip();
                (series.times, series.values) = (times, values);
                let kept = series.histogram_times.iter().zip(&series.histograms).filter(|(time, _)| inside(**time));
                (series.histogram_times, series.histograms) = kept.map(|(t, h)| (*t, Arc::clone(h))).unzip();
                let exemplars: Vec<_> =
                    exemplars.iter().filter(|e| e.time.is_some_and(|t| inside(t.nanos()))).cloned().collect();
                (series, exemplars)
            });
        // A series that the index cannot rule out comes with no samples; it is not wrong, only empty.
        let filled = |list: Vec<(Series, Vec<Exemplar>)>| -> Vec<_> {
            let has =
                |(s, e): &(Series, Vec<Exemplar>)| !s.times.is_empty() || !s.histograms.is_empty() || !e.is_empty();
            list.into_iter().filter(has).collect()
        };
        assert_eq!(shown(&filled(found)), shown(&filled(cut.collect())));
    }
}

#[tokio::test]
async fn any_reader_of_parquet_opens_a_part() {
    let (all, written) = written(600);
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(written.data).unwrap();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    let counts = |batch: &arrow_array::RecordBatch| batch.column(2).as_primitive::<UInt64Type>().values().to_vec();
    assert_eq!(batches.iter().flat_map(counts).sum::<u64>(), all.len() as u64);
    let first = batches[0].column(0).as_string::<i32>().value(0);
    assert_eq!(first, all[0].0.labels.to_string());
}

#[tokio::test]
async fn damage_is_found() {
    let (_, written) = written(200);
    let (data, index) = (written.data.to_vec(), written.index.to_vec());
    for at in (0..index.len()).step_by(37) {
        let mut cut = index.clone();
        cut[at] ^= 0x40;
        drop(super::SeriesIndex::decode("x", &cut));
        assert!(super::SeriesIndex::decode("x", &index[..at]).is_err());
    }
    let opened = super::SeriesIndex::decode("x", &index).unwrap();
    let mut torn = data;
    torn[opened.packs()[0].lanes.offset as usize + 5] ^= 1;
    let part = stored(Written { data: Bytes::from(torn), ..written }).await;
    let error = read(&part, &Conditions::default(), TimeRange::ALL).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}
