//! Limits of a group.

use gw_base::Timestamp;
use rustix::fs::{AtFlags, statat};

use super::Source;
use crate::container::files::KernelFile;
use crate::container::layout::Controller;
use crate::container::model::{CpuSpec, MemorySpec, Spec};
use crate::container::parse::{number, words};

pub(super) fn read(source: &mut Source<'_>, spec: &mut Spec) {
    spec.cpu = cpu(source);
    spec.memory = memory(source);
    let threads = source.number(KernelFile::PidsMaxOld).or_else(|| source.number(KernelFile::PidsMax));
    let counts_threads = has(source, Controller::Pids);
    // Wire: no limit is told as 0.
    spec.threads_max = counts_threads.then(|| threads.filter(|limit| *limit != u64::MAX).unwrap_or(0));
    spec.has_hugetlb = has(source, Controller::HugeTlb);
    spec.has_disk_io = has(source, Controller::Io);
    if spec.created.is_none() {
        spec.created = oldest_folder(source);
    }
}

fn has(source: &Source<'_>, controller: Controller) -> bool {
    source.layout.place(controller).is_some_and(|(hierarchy, _)| source.places.is_in(hierarchy))
}

fn cpu(source: &mut Source<'_>) -> Option<CpuSpec> {
    if !has(source, Controller::Cpu) && !has(source, Controller::CpuAcct) {
        return None;
    }
    let mask = source.bytes(KernelFile::CpuSetCpusOld).map(text);
    let mask = mask.or_else(|| source.bytes(KernelFile::CpuSetCpus).map(text)).unwrap_or_default();
    let mut spec = CpuSpec { mask, ..CpuSpec::default() };
    if let Some(shares) = source.number(KernelFile::CpuShares) {
        spec.shares = shares;
        spec.quota = source.number(KernelFile::CpuQuota).filter(|quota| *quota != u64::MAX).unwrap_or(0);
        spec.period = source.number(KernelFile::CpuPeriod).unwrap_or(0);
        return Some(spec);
    }
    let weight = source.number(KernelFile::CpuWeight);
    // Wire: the way back of the mapping by which OCI runtimes make weights of shares.
    spec.shares =
        weight.filter(|weight| (1..=10_000).contains(weight)).map_or(0, |weight| 2 + (weight - 1) * 262_142 / 9999);
    let mut limits = source.bytes(KernelFile::CpuMax).into_iter().flat_map(words);
    spec.quota = limits.next().and_then(number).unwrap_or(0);
    spec.period = limits.next().and_then(number).unwrap_or(0);
    Some(spec)
}

fn memory(source: &mut Source<'_>) -> Option<MemorySpec> {
    if !has(source, Controller::Memory) {
        return None;
    }
    let mut first = |old: KernelFile, new: KernelFile| source.number(old).or_else(|| source.number(new)).unwrap_or(0);
    Some(MemorySpec {
        limit: first(KernelFile::MemoryLimit, KernelFile::MemoryMax),
        reservation: first(KernelFile::MemorySoftLimit, KernelFile::MemoryHigh),
        swap_limit: first(KernelFile::MemorySwapLimit, KernelFile::MemorySwapMax),
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Wire: a group is as old as the oldest of its folders (`container/common/helpers.go`).
fn oldest_folder(source: &Source<'_>) -> Option<Timestamp> {
    let hierarchies = source.layout.hierarchies.iter().enumerate();
    let changed = hierarchies.filter_map(|(at, hierarchy)| {
        let path = source.places.path(source.name, at)?.trim_start_matches('/');
        let path = if path.is_empty() { "." } else { path };
        let stat = statat(&hierarchy.dir, path, AtFlags::empty()).ok()?;
        Some(stat.st_mtime)
    });
    changed.filter(|seconds| *seconds > 0).min().map(Timestamp::from_secs)
}
