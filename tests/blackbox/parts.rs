//! Data that has left memory: parts are written, answered from, found again after a restart, and never served when damaged.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::outside::{PATIENCE, eventually, unix_nanos};
use crate::product::Gatewatch;
use crate::wire;

/// Lines of ten thousand letters that do not compress: more than a head may hold before it is written out.
const LINES: usize = 6_000;

fn fill(product: &Gatewatch) -> Result<()> {
    let mut noise = 0x9E37_79B9_7F4A_7C15_u64;
    let mut letter = || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from(noise >> 59).unwrap_or(0) % 26)
    };
    let mut connection = product.connect(1004)?;
    for _ in 0..LINES / 100 {
        let now = unix_nanos();
        let lines: Vec<_> =
            (0..100).map(|row| (now + row, std::iter::repeat_with(&mut letter).take(10_000).collect())).collect();
        let body = wire::loki_push(&[("job", "parts")], &lines);
        connection.send("POST", "/loki/api/v1/push", &[("content-type", "application/json")], &body)?.success()?;
    }
    Ok(())
}

fn count(product: &Gatewatch) -> Result<usize> {
    let answer = product.get(1004, "/loki/api/v1/query?query=sum(count_over_time(%7Bjob%3D%22parts%22%7D%5B1h%5D))")?;
    let text = answer.success()?.json()?["data"]["result"][0]["value"][1].as_str().unwrap_or("0").to_owned();
    Ok(text.parse()?)
}

/// The Parquet objects of the data folder, the largest first.
fn objects(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|kind| kind == "parquet") {
                found.push((fs::metadata(&path)?.len(), path));
            }
        }
    }
    found.sort();
    Ok(found.into_iter().rev().map(|(_, path)| path).collect())
}

#[test]
fn parts_hold_what_memory_let_go() -> Result<()> {
    let mut product = Gatewatch::start()?;
    fill(&product)?;
    let data = product.folder().join("data");
    let written = || {
        eventually("the head is written out", PATIENCE, || Ok(Some(objects(&data)?).filter(|parts| !parts.is_empty())))
    };
    let parts = written()?;
    ensure!(count(&product)? == LINES, "{} lines of {LINES} while {} parts are there", count(&product)?, parts.len());
    product.crash_and_restart()?;
    ensure!(count(&product)? == LINES, "{} lines of {LINES} after a restart", count(&product)?);

    // A kill between a part and its manifest leaves an orphan, which is swept, and the lines are written out again.
    written()?;
    ensure!(product.daemon().stop()?, "it did not end in order");
    let largest = objects(&data)?.into_iter().next().context("a part")?;
    File::options().write(true).open(&largest)?.set_len(fs::metadata(&largest)?.len() / 2)?;
    product.restart()?;
    let answer = product.get(1004, "/loki/api/v1/query?query=sum(count_over_time(%7Bjob%3D%22parts%22%7D%5B1h%5D))")?;
    let told = product.daemon().log();
    let name = largest.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    ensure!(answer.status < 500 || !answer.body.is_empty(), "a truncated part is answered without a word");
    ensure!(told.contains(&name), "the log does not name the truncated part {name}:\n{}", product.daemon().tail());
    let lines = [(unix_nanos(), "still here".to_owned())];
    let push = String::from_utf8(wire::loki_push(&[("job", "later")], &lines))?;
    product.post_json(1004, "/loki/api/v1/push", &push)?.success()?;
    ensure!(product.lines("{job=\"later\"}")?.len() == 1, "new lines are taken beside a damaged part");
    product.finish()
}
