//! `bcachefs`: what bcachefs filesystems have done.

use super::bcache::unit;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let filesystems = system.sys.names(format_args!("fs/bcachefs")).map_err(Failure::or_no_data)?;
    for uuid in filesystems.iter() {
        out.put("node_bcachefs_info", &[("uuid", uuid)], 1.0);
        if let Ok(text) = system.sys.value(format_args!("fs/bcachefs/{uuid}/btree_cache_size")) {
            out.put("node_bcachefs_btree_cache_size_bytes", &[("uuid", uuid)], size(&text)?);
        }
        compression(system, out, uuid)?;
        errors(system, out, uuid)?;
        counters(system, out, uuid)?;
        writes(system, out, uuid)?;
        for folder in system.sys.names(format_args!("fs/bcachefs/{uuid}"))?.iter() {
            if let Some(device) = folder.strip_prefix("dev-") {
                read_device(system, out, uuid, device)?;
            }
        }
    }
    Ok(())
}

/// Lines of name, compressed, uncompressed and average extent, below a header.
fn compression(system: &System, out: &mut Section, uuid: &str) -> Result<(), Failure> {
    let Ok(text) = system.sys.read(format_args!("fs/bcachefs/{uuid}/compression_stats")) else { return Ok(()) };
    for line in text.lines().skip(1) {
        let mut fields = line.split_ascii_whitespace();
        let (Some(algorithm), Some(packed), Some(plain)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let labels = [("algorithm", algorithm), ("uuid", uuid)];
        out.put("node_bcachefs_compression_compressed_bytes", &labels, size(packed)?);
        out.put("node_bcachefs_compression_uncompressed_bytes", &labels, size(plain)?);
    }
    Ok(())
}

fn errors(system: &System, out: &mut Section, uuid: &str) -> Result<(), Failure> {
    let Ok(text) = system.sys.read(format_args!("fs/bcachefs/{uuid}/errors")) else { return Ok(()) };
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(kind), Some(count)) = (fields.next(), fields.next()) else { continue };
        out.put("node_bcachefs_errors_total", &[("error_type", kind), ("uuid", uuid)], number(count)?);
    }
    Ok(())
}

fn counters(system: &System, out: &mut Section, uuid: &str) -> Result<(), Failure> {
    for name in system.sys.names_if_any(format_args!("fs/bcachefs/{uuid}/counters")).iter() {
        let text = system.sys.read(format_args!("fs/bcachefs/{uuid}/counters/{name}"))?;
        let since = text.lines().find_map(|line| line.strip_prefix("since filesystem creation:"));
        let Some(since) = since else { continue };
        out.counter(
            format_args!("node_bcachefs_{name}_total"),
            format_args!("Bcachefs counter {name} since filesystem creation."),
            &[("uuid", uuid)],
            size(since.trim())?,
        );
    }
    Ok(())
}

/// Lines of kind, number and average size, below a header.
fn writes(system: &System, out: &mut Section, uuid: &str) -> Result<(), Failure> {
    let Ok(text) = system.sys.read(format_args!("fs/bcachefs/{uuid}/btree_write_stats")) else { return Ok(()) };
    for line in text.lines().skip(1) {
        let Some((kind, rest)) = line.split_once(':') else { continue };
        let mut fields = rest.split_ascii_whitespace();
        let (Some(count), Some(average)) = (fields.next(), fields.next()) else { continue };
        let labels = [("type", kind.trim()), ("uuid", uuid)];
        out.put("node_bcachefs_btree_writes_total", &labels, number(count)?);
        out.put("node_bcachefs_btree_write_average_size_bytes", &labels, size(average)?);
    }
    Ok(())
}

fn read_device(system: &System, out: &mut Section, uuid: &str, device: &str) -> Result<(), Failure> {
    let value = |file: &str| system.sys.value(format_args!("fs/bcachefs/{uuid}/dev-{device}/{file}"));
    let (label, state) = (value("label"), value("state"));
    let labels = [
        ("device", device),
        ("label", label.as_deref().unwrap_or_default()),
        ("state", state.as_deref().unwrap_or_default()),
        ("uuid", uuid),
    ];
    out.put("node_bcachefs_device_info", &labels, 1.0);
    let labels = [("device", device), ("uuid", uuid)];
    for (file, family) in [
        ("bucket_size", "node_bcachefs_device_bucket_size_bytes"),
        ("nbuckets", "node_bcachefs_device_buckets"),
        ("durability", "node_bcachefs_device_durability"),
    ] {
        if let Ok(text) = value(file) {
            out.put(family, &labels, size(&text)?);
        }
    }
    if let Ok(text) = value("io_done") {
        let mut operation = "";
        for line in text.lines() {
            let Some((key, count)) = line.split_once(':') else { continue };
            if count.trim().is_empty() {
                operation = key.trim();
                continue;
            }
            let labels = [("data_type", key.trim()), ("device", device), ("operation", operation), ("uuid", uuid)];
            out.put("node_bcachefs_device_io_done_bytes_total", &labels, number(count.trim())?);
        }
    }
    if let Ok(text) = value("io_errors") {
        // The counts since a date follow under the same keys.
        for line in text.lines().skip(1).take_while(|line| !line.starts_with("IO errors")) {
            let Some((kind, count)) = line.split_once(':') else { continue };
            let labels = [("device", device), ("type", kind.trim()), ("uuid", uuid)];
            out.put("node_bcachefs_device_io_errors_total", &labels, number(count.trim())?);
        }
    }
    Ok(())
}

/// A number that may end in `k`, `M` and so on, each 1024 of the one before; whole bytes.
fn size(text: &str) -> Result<f64, Failure> {
    let (digits, power) = unit(text)?;
    Ok((number(digits)? * 1024f64.powi(power)).trunc())
}
