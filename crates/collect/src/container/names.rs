//! Names of block devices by their numbers.

use std::sync::Arc;

use gw_base::Map;

use super::parse::{lines, number, words};

/// Paths of block devices.
#[derive(Debug, Default)]
pub(super) struct Devices {
    paths: Map<(u32, u32), Arc<str>>,
    unknown: Arc<str>,
}

impl Devices {
    /// From the text of `/proc/partitions`, which has disks and partitions alike.
    pub(super) fn of(partitions: &[u8]) -> Self {
        let mut paths = Map::default();
        for line in lines(partitions) {
            let mut columns = words(line);
            let mut numbers = columns.by_ref().take(2).filter_map(number);
            let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else { continue };
            let (Some(name), Ok(major), Ok(minor)) = (columns.nth(1), u32::try_from(major), u32::try_from(minor))
            else {
                continue;
            };
            let path = format!("/dev/{}", String::from_utf8_lossy(name).replace('!', "/"));
            paths.insert((major, minor), path.into());
        }
        Self { paths, unknown: "".into() }
    }

    /// The path of a device; empty when it is not known.
    pub(super) fn path(&self, numbers: (u32, u32)) -> Arc<str> {
        Arc::clone(self.paths.get(&numbers).unwrap_or(&self.unknown))
    }
}
