//! Damaged directories: every flipped byte and every cut ends in an error that names its file, or in a summary that counts it;
//! nothing panics and nothing is made up.

use anyhow::Result;
use gw_import::tsdb::DataDir;

use crate::dump;

#[test]
fn damage_is_named_and_the_rest_is_read() -> Result<()> {
    let Some(old) = gw_testkit::conformance("metrics/tsdb") else { return Ok(()) };
    let block = old.join("index_format_v1");
    let dir = dump::folder("damage")?;
    let name = "01DXXFZDYD1MQW6079WK0K6EDQ";
    dump::data_dir_of(&block, name, &dir)?;
    let (whole, _) = dump::ours(&dir)?;
    for file in ["index", "chunks/000001", "tombstones"] {
        let path = dir.join(name).join(file);
        let bytes = std::fs::read(&path)?;
        for at in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&path, &damaged)?;
            let (read, summary) = dump::ours(&dir)?;
            assert!(read.iter().all(|(key, value)| whole.get(key) == Some(value)), "{file} byte {at}: made up");
            let told = summary.notes.iter().any(|note| note.contains(file) && note.contains("offset"));
            let lost = read.len() < whole.len();
            assert!(!lost || summary.damaged > 0 && told, "{file} byte {at}: {summary:?}");
            std::fs::write(&path, &bytes[..at])?;
            let (read, summary) = dump::ours(&dir)?;
            assert!(read.len() < whole.len() && summary.damaged > 0, "{file} cut at {at}");
        }
        std::fs::write(&path, &bytes)?;
    }
    assert_eq!(dump::ours(&dir)?.0, whole);
    Ok(std::fs::remove_dir_all(dir)?)
}

#[test]
fn other_folders_are_refused_with_a_remedy() -> Result<()> {
    let dir = dump::folder("empty")?;
    let error = DataDir::open(&dir).expect_err("nothing is there").to_string();
    assert!(error.contains("no block and no write-ahead log; give a Prometheus data directory"), "{error}");
    std::fs::remove_dir_all(&dir)?;
    let error = DataDir::open(&dir).expect_err("no such folder").to_string();
    assert!(error.contains(&dir.display().to_string()), "{error}");
    Ok(())
}
