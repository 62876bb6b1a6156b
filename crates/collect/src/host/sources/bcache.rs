//! `bcache`: block devices with a cache before them.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// File below the set's folder, family, divisor.
const SET: [(&str, &str, f64); 10] = [
    ("average_key_size", "average_key_size_sectors", 1.0),
    ("btree_cache_size", "btree_cache_size_bytes", 1.0),
    ("cache_available_percent", "cache_available_percent", 1.0),
    ("congested", "congested", 1.0),
    ("root_usage_percent", "root_usage_percent", 1.0),
    ("tree_depth", "tree_depth", 1.0),
    ("internal/active_journal_entries", "active_journal_entries", 1.0),
    ("internal/btree_nodes", "btree_nodes", 1.0),
    ("internal/btree_read_average_duration_us", "btree_read_average_duration_seconds", 1e9),
    ("internal/cache_read_races", "cache_read_races_total", 1.0),
];
const BACKING: [(&str, &str); 8] = [
    ("dirty_data", "dirty_data_bytes"),
    ("stats_total/bypassed", "bypassed_bytes_total"),
    ("stats_total/cache_bypass_hits", "cache_bypass_hits_total"),
    ("stats_total/cache_bypass_misses", "cache_bypass_misses_total"),
    ("stats_total/cache_hits", "cache_hits_total"),
    ("stats_total/cache_miss_collisions", "cache_miss_collisions_total"),
    ("stats_total/cache_misses", "cache_misses_total"),
    ("stats_total/cache_readaheads", "cache_readaheads_total"),
];
const CACHE: [(&str, &str); 3] = [
    ("io_errors", "io_errors"),
    ("metadata_written", "metadata_written_bytes_total"),
    ("written", "written_bytes_total"),
];
/// Keys of `writeback_rate_debug`.
const WRITEBACK: [(&str, &str); 5] = [
    ("rate", "writeback_rate"),
    ("target", "dirty_target_bytes"),
    ("proportional", "writeback_rate_proportional_term"),
    ("integral", "writeback_rate_integral_term"),
    ("change", "writeback_change"),
];

struct Bcache {
    priority_stats: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Bcache { priority_stats: config.switch("bcache.priorityStats") }))
}

impl HostSource for Bcache {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for uuid in system.sys.names_if_any(format_args!("fs/bcache")).iter().filter(|name| name.contains('-')) {
            for (file, family, divisor) in SET {
                let value = size(&system.sys.value(format_args!("fs/bcache/{uuid}/{file}"))?)?;
                out.put_named(format_args!("node_bcache_{family}"), &[("uuid", uuid)], value / divisor);
            }
            for device in system.sys.names(format_args!("fs/bcache/{uuid}"))?.iter() {
                if device.starts_with("bdev") {
                    backing(system, out, uuid, device)?;
                } else if device.strip_prefix("cache").is_some_and(|rest| rest.parse::<u32>().is_ok()) {
                    self.cache(system, out, uuid, device)?;
                }
            }
        }
        Ok(())
    }
}

fn backing(system: &System, out: &mut Section, uuid: &str, device: &str) -> Result<(), Failure> {
    let labels = [("backing_device", device), ("uuid", uuid)];
    for (file, family) in BACKING {
        let value = size(&system.sys.value(format_args!("fs/bcache/{uuid}/{device}/{file}"))?)?;
        out.put_named(format_args!("node_bcache_{family}"), &labels, value);
    }
    let Ok(debug) = system.sys.read(format_args!("fs/bcache/{uuid}/{device}/writeback_rate_debug")) else {
        return Ok(());
    };
    for line in debug.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        if let Some((_, family)) = WRITEBACK.iter().find(|(known, _)| *known == key) {
            let value = size(value.trim().trim_end_matches("/sec"))?;
            out.put_named(format_args!("node_bcache_{family}"), &labels, value);
        }
    }
    Ok(())
}

impl Bcache {
    fn cache(&self, system: &System, out: &mut Section, uuid: &str, device: &str) -> Result<(), Failure> {
        let labels = [("cache_device", device), ("uuid", uuid)];
        for (file, family) in CACHE {
            let value = size(&system.sys.value(format_args!("fs/bcache/{uuid}/{device}/{file}"))?)?;
            out.put_named(format_args!("node_bcache_{family}"), &labels, value);
        }
        if !self.priority_stats {
            return Ok(());
        }
        for line in system.sys.read(format_args!("fs/bcache/{uuid}/{device}/priority_stats"))?.lines() {
            let family = match line.split_once(':') {
                Some(("Unused", _)) => "node_bcache_priority_stats_unused_percent",
                Some(("Metadata", _)) => "node_bcache_priority_stats_metadata_percent",
                _ => continue,
            };
            let value = line.split_once(':').map_or("", |(_, value)| value);
            out.put(family, &labels, number(value.trim().trim_end_matches('%'))?);
        }
        Ok(())
    }
}

/// A number that may end in `k`, `M` and so on. The tenth behind its point is one of ten hundreds of the next smaller unit:
/// `1.1M` is 1024 + 100 times 1024.
fn size(text: &str) -> Result<f64, Failure> {
    let (digits, power) = unit(text)?;
    let (whole, tenth) = digits.split_once('.').unwrap_or((digits, "0"));
    if power == 0 {
        return number(digits);
    }
    Ok((number(whole)? * 1024.0 + number(tenth)? * 100.0) * 1024f64.powi(power - 1))
}

/// Digits, and which power of 1024 the unit behind them is.
pub(super) fn unit(text: &str) -> Result<(&str, i32), Failure> {
    let Some((at, unit)) = text.char_indices().next_back().filter(|(_, unit)| unit.is_ascii_alphabetic()) else {
        return Ok((text, 0));
    };
    let power = "kMGTPEZY".find(unit).or_else(|| "KMGTPEZY".find(unit));
    let power = power.ok_or_else(|| Failure::told(format!("\"{text:.40}\" has no unit that is known")))?;
    let (digits, _) = text.split_at(at);
    Ok((digits, power as i32 + 1))
}
