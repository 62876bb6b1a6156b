//! One reading of one group: every controller that it is in, under either interface.

mod cpu;
mod io;
mod memory;
mod network;
mod process;
mod spec;

use gw_base::Timestamp;

use super::files::{Files, GroupFiles, KernelFile, Places};
use super::layout::Layout;
use super::model::Stats;
use super::names::Devices;
use super::parse::single;
use super::sets::{MetricSet, MetricSets};
use super::tree::Group;

pub(super) use io::disk_counts;
pub(super) use process::{Schedule, pids};

/// Rounds between two readings of limits, which hardly ever change.
const SPEC_ROUNDS: u32 = 20;

/// What all readings of a round have in common.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub(super) at: Timestamp,
    pub(super) sets: MetricSets,
    pub(super) with_tasks: bool,
    pub(super) procfs: &'a str,
    /// Where the machine's network devices are counted.
    pub(super) devices: &'a Devices,
}

/// The files of one group.
pub(super) struct Source<'a> {
    layout: &'a Layout,
    files: &'a mut Files,
    name: &'a str,
    places: &'a Places,
    kept: &'a mut GroupFiles,
}

impl Source<'_> {
    fn bytes(&mut self, file: KernelFile) -> Option<&[u8]> {
        self.files.read(self.layout, (self.name, self.places), self.kept, file)
    }

    fn number(&mut self, file: KernelFile) -> Option<u64> {
        self.bytes(file).and_then(single)
    }

    /// Leaves a file alone until limits are read again.
    fn skip(&mut self, file: KernelFile) {
        self.files.skip(self.kept, file);
    }

    fn is_machine(&self) -> bool {
        self.name == "/"
    }
}

/// Takes a reading of a group into `stats`, whose memory is used again.
pub(super) fn group(group: &mut Group, layout: &Layout, files: &mut Files, round: &Round<'_>, stats: &mut Stats) {
    if group.spec_age >= SPEC_ROUNDS {
        group.spec_age = 0;
        group.files.forget_absent();
    }
    let with_spec = group.spec_age == 0;
    group.spec_age += 1;
    let Group { places, files: kept, container, .. } = group;
    let name = container.path.clone();
    let mut source = Source { layout, files, name: &name, places, kept };
    stats.time = round.at;
    if with_spec {
        spec::read(&mut source, &mut container.spec);
    }
    let has = |set: MetricSet| round.sets.has(set);
    if has(MetricSet::Cpu) || has(MetricSet::PerCpu) {
        cpu::read(&mut source, &mut stats.cpu, has(MetricSet::PerCpu));
    }
    if has(MetricSet::Memory) {
        memory::read(&mut source, stats, round);
    }
    if has(MetricSet::OomEvent) {
        stats.oom_events = memory::kills(&mut source).unwrap_or(0).max(group.kills);
    }
    if has(MetricSet::DiskIo) {
        io::read(&mut source, &mut stats.disk_io, round.devices);
    }
    if has(MetricSet::HugeTlb) {
        memory::huge_pages(&mut source, &mut stats.hugetlb);
    }
    if has(MetricSet::MemoryNuma) {
        memory::numa(&mut source, &mut stats.memory);
    }
    if has(MetricSet::CpuSet) {
        stats.memory_migrate = source.number(KernelFile::CpuSetMigrate).unwrap_or(0);
    }
    if has(MetricSet::Pressure) {
        cpu::pressure(&mut source, KernelFile::CpuPressure, &mut stats.cpu.pressure);
        cpu::pressure(&mut source, KernelFile::MemoryPressure, &mut stats.memory.pressure);
        cpu::pressure(&mut source, KernelFile::IoPressure, &mut stats.disk_io.pressure);
    }
    process::read(group, layout, files, round, stats);
    network::read(group, layout, files, round, stats);
}
