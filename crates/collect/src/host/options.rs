//! Every option of a collector, under the name that `node_exporter`'s flag has after `--collector.`: one list for the command
//! line of the personality and for `collect.host.options`.

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// `true` or `false`.
    Switch,
    /// One text; the last given counts.
    Value,
    /// Any number of texts.
    Values,
}

/// An option of a collector.
#[derive(Debug, Clone, Copy)]
pub struct HostOption {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: OptionKind,
    /// What counts when nobody says; empty for none.
    pub default: &'static str,
    /// Names that other versions have for it.
    pub aliases: &'static [&'static str],
}

const fn switch(name: &'static str, default: &'static str) -> HostOption {
    HostOption { name, kind: OptionKind::Switch, default, aliases: &[] }
}

const fn value(name: &'static str, default: &'static str) -> HostOption {
    HostOption { name, kind: OptionKind::Value, default, aliases: &[] }
}

const fn values(name: &'static str) -> HostOption {
    HostOption { name, kind: OptionKind::Values, default: "", aliases: &[] }
}

const fn renamed(name: &'static str, default: &'static str, aliases: &'static [&'static str]) -> HostOption {
    HostOption { name, kind: OptionKind::Value, default, aliases }
}

/// Every option, by name.
pub static OPTIONS: &[HostOption] = &[
    value("arp.device-exclude", ""),
    value("arp.device-include", ""),
    switch("arp.netlink", "true"),
    switch("bcache.priorityStats", "false"),
    switch("cpu.guest", "true"),
    switch("cpu.info", "false"),
    value("cpu.info.bugs-include", ""),
    value("cpu.info.flags-include", ""),
    renamed(
        "diskstats.device-exclude",
        r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$",
        &["diskstats.ignored-devices"],
    ),
    value("diskstats.device-include", ""),
    value("ethtool.device-exclude", ""),
    value("ethtool.device-include", ""),
    value("ethtool.metrics-include", ".*"),
    renamed(
        "filesystem.fs-types-exclude",
        "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|\
         overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$",
        &["filesystem.ignored-fs-types"],
    ),
    value("filesystem.fs-types-include", ""),
    renamed(
        "filesystem.mount-points-exclude",
        r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
        &["filesystem.ignored-mount-points"],
    ),
    value("filesystem.mount-points-include", ""),
    value("filesystem.mount-timeout", "5s"),
    value("filesystem.stat-workers", "4"),
    value("hwmon.chip-exclude", ""),
    value("hwmon.chip-include", ""),
    value("hwmon.sensor-exclude", ""),
    value("hwmon.sensor-include", ""),
    switch("interrupts.include-zeros", "true"),
    value("interrupts.name-exclude", ""),
    value("interrupts.name-include", ""),
    value("ipvs.backend-labels", "local_address,local_port,local_mark,remote_address,remote_port,proto"),
    value("netclass.ignored-devices", "^$"),
    switch("netclass.ignore-invalid-speed", "false"),
    switch("netclass.netlink", "false"),
    switch("netclass_rtnl.with-stats", "false"),
    switch("netdev.address-info", "false"),
    renamed("netdev.device-exclude", "", &["netdev.device-blacklist"]),
    renamed("netdev.device-include", "", &["netdev.device-whitelist"]),
    switch("netdev.enable-detailed-metrics", "false"),
    switch("netdev.label-ifalias", "false"),
    switch("netdev.netlink", "true"),
    value(
        "netstat.fields",
        "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|\
         Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|\
         PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$",
    ),
    value("ntp.ip-ttl", "1"),
    value("ntp.local-offset-tolerance", "1ms"),
    value("ntp.max-distance", "3.46608s"),
    value("ntp.protocol-version", "4"),
    value("ntp.server", "127.0.0.1"),
    switch("ntp.server-is-local", "false"),
    value("ntp.server-port", "123"),
    value("pcidevice.idsfile", ""),
    switch("pcidevice.names", "false"),
    values("perf.cache-profilers"),
    value("perf.cpus", ""),
    switch("perf.disable-cache-profilers", "false"),
    switch("perf.disable-hardware-profilers", "false"),
    switch("perf.disable-software-profilers", "false"),
    values("perf.hardware-profilers"),
    values("perf.software-profilers"),
    values("perf.tracepoint"),
    value("powersupply.ignored-supplies", "^$"),
    renamed("qdisc.device-exclude", "", &["qdisk.device-exclude"]),
    renamed("qdisc.device-include", "", &["qdisk.device-include"]),
    value("qdisc.fixtures", ""),
    switch("rapl.enable-zone-label", "false"),
    value("runit.servicedir", "/etc/service"),
    value("slabinfo.slabs-exclude", ""),
    value("slabinfo.slabs-include", ".*"),
    switch("stat.softirq", "false"),
    value("supervisord.url", "http://localhost:9001/RPC2"),
    values("sysctl.include"),
    values("sysctl.include-info"),
    switch("systemd.enable-restarts-metrics", "false"),
    switch("systemd.enable-start-time-metrics", "false"),
    switch("systemd.enable-task-metrics", "false"),
    switch("systemd.private", "false"),
    renamed("systemd.unit-exclude", r".+\.(automount|device|mount|scope|slice)", &["systemd.unit-blacklist"]),
    renamed("systemd.unit-include", ".+", &["systemd.unit-whitelist"]),
    value("tapestats.ignored-devices", "^$"),
    values("textfile.directory"),
    value("vmstat.fields", "^(oom_kill|pgpg|pswp|pg.*fault).*"),
    value("wifi.fixtures", ""),
];

/// The option of a name, whichever version's.
#[must_use]
pub fn find(name: &str) -> Option<&'static HostOption> {
    OPTIONS.iter().find(|option| option.name == name || option.aliases.contains(&name))
}
