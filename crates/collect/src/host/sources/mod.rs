//! What can be read of this machine: one file a collector, under `node_exporter`'s names, and `process_groups` of our own.

mod arp;
mod bcache;
mod bcachefs;
mod bonding;
mod btrfs;
mod buddyinfo;
mod bus;
mod cgroups;
mod conntrack;
mod cpu;
mod cpu_info;
mod cpu_vulnerabilities;
mod cpufreq;
mod diskstats;
mod dmi;
mod dmmultipath;
mod drbd;
mod drm;
mod edac;
mod entropy;
mod ethtool;
mod ethtool_link;
mod fibrechannel;
mod filefd;
mod filesystem;
mod hwmon;
mod infiniband;
mod interrupts;
mod ipvs;
mod kernel_hung;
mod ksmd;
mod lnstat;
mod loadavg;
mod logind;
mod mdadm;
mod meminfo;
mod meminfo_numa;
mod mountstats;
mod netclass;
mod netdev;
mod netlink;
mod netstat;
mod network_route;
mod nfs;
mod nfsd;
mod ntp;
mod nvme;
mod nvmesubsystem;
mod os;
mod pcidevice;
mod powersupplyclass;
mod pressure;
mod process_groups;
mod processes;
mod qdisc;
mod rapl;
mod runit;
mod schedstat;
mod selinux;
mod slabinfo;
mod sockstat;
mod softirqs;
mod softnet;
mod stat;
mod supervisord;
mod swap;
mod sysctl;
mod systemd;
mod tapestats;
mod tcpstat;
mod textfile;
mod textfile_families;
mod thermal_zone;
mod time;
mod timex;
mod udp_queues;
mod uname;
mod vmstat;
mod watchdog;
mod wifi;
mod xfrm;
mod xfs;
mod zfs;
mod zoneinfo;

use super::config::{Compat, HostConfig};
use super::section::Section;
use super::system::{Failure, System};

/// Reads one aspect of the machine.
pub(crate) trait HostSource: Send {
    /// Tells samples. What was told before a failure stays on the page.
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure>;
}

/// How a collector is made.
#[derive(Debug, Clone, Copy)]
enum Make {
    /// It has neither options nor memory.
    Plain(Read),
    /// It reads its options once.
    Configured(fn(&HostConfig) -> Result<Box<dyn HostSource>, String>),
}

type Read = fn(&System, &mut Section) -> Result<(), Failure>;

struct Plain(Read);

impl HostSource for Plain {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        (self.0)(system, out)
    }
}

/// Whether a collector runs unless someone says otherwise.
#[derive(Debug, Clone, Copy)]
enum Usually {
    On,
    Off,
    /// From this version on.
    Since(Compat),
}

/// A collector as the list names it.
#[derive(Debug)]
pub(crate) struct SourceKind {
    /// `node_exporter`'s name.
    pub(crate) name: &'static str,
    usually: Usually,
    make: Make,
}

impl SourceKind {
    pub(crate) fn make(&self, config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
        match self.make {
            Simple(read) => Ok(Box::new(Plain(read))),
            Configured(make) => make(config).map_err(|error| format!("collector {}: {error}", self.name)),
        }
    }

    /// Whether it runs in a version unless someone says otherwise.
    pub(crate) fn by_default(&self, compat: Compat) -> bool {
        match self.usually {
            On => true,
            Off => false,
            Since(version) => compat >= version,
        }
    }
}

const fn kind(name: &'static str, usually: Usually, make: Make) -> SourceKind {
    SourceKind { name, usually, make }
}

use Make::{Configured, Plain as Simple};
use Usually::{Off, On, Since};

/// Every collector.
pub(crate) static SOURCES: &[SourceKind] = &[
    kind("arp", On, Configured(arp::make)),
    kind("bcache", On, Configured(bcache::make)),
    kind("bcachefs", Since(Compat::V1_12), Simple(bcachefs::read)),
    kind("bonding", On, Simple(bonding::read)),
    kind("btrfs", On, Simple(btrfs::read)),
    kind("buddyinfo", Off, Simple(buddyinfo::read)),
    kind("cgroups", Off, Simple(cgroups::read)),
    kind("conntrack", On, Simple(conntrack::read)),
    kind("cpu", On, Configured(cpu::make)),
    kind("cpu_vulnerabilities", Off, Simple(cpu_vulnerabilities::read)),
    kind("cpufreq", On, Simple(cpufreq::read)),
    kind("diskstats", On, Configured(diskstats::make)),
    kind("dmi", On, Simple(dmi::read)),
    kind("dmmultipath", Since(Compat::V1_12), Simple(dmmultipath::read)),
    kind("drbd", Off, Simple(drbd::read)),
    kind("drm", Off, Simple(drm::read)),
    kind("edac", On, Simple(edac::read)),
    kind("entropy", On, Simple(entropy::read)),
    kind("ethtool", Off, Configured(ethtool::make)),
    kind("fibrechannel", On, Simple(fibrechannel::read)),
    kind("filefd", On, Simple(filefd::read)),
    kind("filesystem", On, Configured(filesystem::make)),
    kind("hwmon", On, Configured(hwmon::make)),
    kind("infiniband", On, Simple(infiniband::read)),
    kind("interrupts", Off, Configured(interrupts::make)),
    kind("ipvs", On, Configured(ipvs::make)),
    kind("kernel_hung", Since(Compat::V1_12), Simple(kernel_hung::read)),
    kind("ksmd", Off, Simple(ksmd::read)),
    kind("lnstat", Off, Simple(lnstat::read)),
    kind("loadavg", On, Simple(loadavg::read)),
    kind("logind", Off, Simple(logind::read)),
    kind("mdadm", On, Simple(mdadm::read)),
    kind("meminfo", On, Simple(meminfo::read)),
    kind("meminfo_numa", Off, Simple(meminfo_numa::read)),
    kind("mountstats", Off, Configured(mountstats::make)),
    kind("netclass", On, Configured(netclass::make)),
    kind("netdev", On, Configured(netdev::make)),
    kind("netstat", On, Configured(netstat::make)),
    kind("network_route", Off, Simple(network_route::read)),
    kind("nfs", On, Simple(nfs::read)),
    kind("nfsd", On, Simple(nfsd::read)),
    kind("ntp", Off, Configured(ntp::make)),
    kind("nvme", On, Simple(nvme::read)),
    kind("nvmesubsystem", Off, Simple(nvmesubsystem::read)),
    kind("os", On, Configured(os::make)),
    kind("pcidevice", Off, Configured(pcidevice::make)),
    kind("powersupplyclass", On, Configured(powersupplyclass::make)),
    kind("pressure", On, Simple(pressure::read)),
    kind("process_groups", Off, Configured(process_groups::make)),
    kind("processes", Off, Configured(processes::make)),
    kind("qdisc", Off, Configured(qdisc::make)),
    kind("rapl", On, Configured(rapl::make)),
    kind("runit", Off, Configured(runit::make)),
    kind("schedstat", On, Simple(schedstat::read)),
    kind("selinux", On, Simple(selinux::read)),
    kind("slabinfo", Off, Configured(slabinfo::make)),
    kind("sockstat", On, Simple(sockstat::read)),
    kind("softirqs", Off, Simple(softirqs::read)),
    kind("softnet", On, Simple(softnet::read)),
    kind("stat", On, Configured(stat::make)),
    kind("supervisord", Off, Configured(supervisord::make)),
    kind("swap", Off, Simple(swap::read)),
    kind("sysctl", Off, Configured(sysctl::make)),
    kind("systemd", Off, Configured(systemd::make)),
    kind("tapestats", On, Configured(tapestats::make)),
    kind("tcpstat", Off, Simple(tcpstat::read)),
    kind("textfile", On, Configured(textfile::make)),
    kind("thermal_zone", On, Simple(thermal_zone::read)),
    kind("time", On, Configured(time::make)),
    kind("timex", On, Simple(timex::read)),
    kind("udp_queues", On, Simple(udp_queues::read)),
    kind("uname", On, Configured(uname::make)),
    kind("vmstat", On, Configured(vmstat::make)),
    kind("watchdog", Since(Compat::V1_8), Simple(watchdog::read)),
    kind("wifi", Off, Configured(wifi::make)),
    kind("xfrm", Off, Simple(xfrm::read)),
    kind("xfs", On, Simple(xfs::read)),
    kind("zfs", On, Simple(zfs::read)),
    kind("zoneinfo", Off, Simple(zoneinfo::read)),
];
