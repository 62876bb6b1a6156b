//! A full disk: writes are refused with a clear answer, what was acknowledged stays, and space that comes back is used.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, report, unix_nanos};
use crate::product::Gatewatch;
use crate::wire;

/// A file system of its own, small, unmounted when the value goes.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: PathBuf, megabytes: u32) -> Result<Option<Self>> {
        std::fs::create_dir_all(&path)?;
        let options = format!("size={megabytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        if done.is_ok_and(|done| done.status.success()) {
            return Ok(Some(Self(path)));
        }
        report("skipped: mounting a small disk needs root");
        Ok(None)
    }

    fn grow(&self, megabytes: u32) -> Result<()> {
        let options = format!("remount,size={megabytes}m");
        let status = Command::new("mount").args(["-o", &options]).arg(&self.0).status()?;
        ensure!(status.success(), "the disk does not grow");
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because the product may still hold files open when a test fails.
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

#[test]
fn a_full_disk_refuses_and_recovers() -> Result<()> {
    let folder = Folder::new()?;
    let Some(disk) = SmallDisk::mount(folder.path().join("data"), 24)? else { return Ok(()) };
    let product = Gatewatch::start_in(folder, "", &[])?;
    // Text that does not compress, a megabyte a push.
    let mut noise = 0x1234_5678_9ABC_DEF1_u64;
    let mut line = || -> String {
        std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from(noise >> 58).unwrap_or(0))
        })
        .filter(|letter| !matches!(letter, '"' | '\\'))
        .take(10_000)
        .collect()
    };
    let mut acknowledged = 0;
    let refusal = loop {
        let lines: Vec<_> = (0..100).map(|number| (unix_nanos() + number, line())).collect();
        let body = String::from_utf8(wire::loki_push(&[("job", "full")], &lines))?;
        let answer = product.post_json(1004, "/loki/api/v1/push", &body)?;
        if answer.status != 204 {
            break answer;
        }
        acknowledged += lines.len();
        ensure!(acknowledged < 100_000, "a gigabyte fits on a disk of 24 MB");
    };
    ensure!(matches!(refusal.status, 429 | 500 | 503 | 507), "{}: {}", refusal.status, refusal.text());
    ensure!(!refusal.body.is_empty(), "it refuses without a word");
    let stored = || -> Result<usize> {
        let answer =
            product.get(1004, "/loki/api/v1/query?query=sum(count_over_time(%7Bjob%3D%22full%22%7D%5B1h%5D))")?;
        let text = answer.success()?.json()?["data"]["result"][0]["value"][1].as_str().unwrap_or("0").to_owned();
        Ok(text.parse()?)
    };
    let found = stored()?;
    ensure!(found == acknowledged, "{found} lines are there, {acknowledged} were acknowledged");
    disk.grow(300)?;
    eventually("it writes again once there is space", PATIENCE, || {
        let body = String::from_utf8(wire::loki_push(&[("job", "after")], &[(unix_nanos(), "space".to_owned())]))?;
        Ok(Some(())
            .filter(|()| product.post_json(1004, "/loki/api/v1/push", &body).is_ok_and(|answer| answer.status == 204)))
    })?;
    product.finish()
}
