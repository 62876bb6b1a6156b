//! Looking at the machine: CPUs and their caches, memory and its nodes, disks, names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gw_base::Timestamp;

use super::config::ContainerPaths;
use super::model::{Cache, Core, Disk, Machine, NetworkDevice, Node};
use super::mounts::{self, Mount};

/// Most CPUs, nodes, disks or devices of one machine.
const MAX_ENTRIES: usize = 8_192;

/// Looks at everything; what cannot be read stays empty.
pub(super) fn look(paths: &ContainerPaths, at: Timestamp) -> Machine {
    let (proc_root, sys) = (Path::new(&paths.procfs), Path::new(&paths.sysfs));
    let rootfs = Path::new(&paths.rootfs);
    let memory = Table::of(&text(&proc_root.join("meminfo")));
    let topology = topology(&sys.join("devices/system"), memory.kilobytes("MemTotal"));
    let cores = topology.iter().flat_map(|node| &node.cores);
    let mut sockets: Vec<u32> = cores.clone().map(|core| core.socket).collect();
    sockets.sort_unstable();
    sockets.dedup();
    let uname = rustix::system::uname();
    let os = text(&rootfs.join("etc/os-release"));
    let os =
        os.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux").trim_matches('"').to_owned();
    Machine {
        time: at,
        cores: count(cores.clone().map(|core| core.threads.len()).sum()),
        physical_cores: count(cores.count()),
        sockets: count(sockets.len()),
        frequency_khz: frequency(sys, proc_root),
        memory_bytes: memory.kilobytes("MemTotal"),
        swap_bytes: memory.kilobytes("SwapTotal"),
        memory_by_type: modules(&sys.join("devices/system/edac/mc")),
        huge_pages: huge_pages(&sys.join("kernel/mm/hugepages")),
        machine_id: word(&rootfs.join("etc/machine-id")),
        system_uuid: word(&sys.join("class/dmi/id/product_uuid")),
        boot_id: word(&proc_root.join("sys/kernel/random/boot_id")),
        filesystems: filesystems(paths),
        disks: disks(&sys.join("block")),
        networks: networks(&sys.join("class/net")),
        topology,
        kernel: uname.release().to_string_lossy().into_owned(),
        os,
        cadvisor: Some(("gatewatch".to_owned(), env!("CARGO_PKG_VERSION").to_owned())),
        ..Machine::default()
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn text(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn word(path: &Path) -> String {
    text(path).trim().to_owned()
}

fn number(path: &Path) -> Option<u64> {
    word(path).parse().ok()
}

/// Lines of a name, a colon and kilobytes.
struct Table(BTreeMap<String, u64>);

impl Table {
    fn of(text: &str) -> Self {
        let row = |line: &str| {
            let (name, value) = line.split_once(':')?;
            // A node's table begins its lines with `Node 0`.
            let name = name.rsplit(' ').next()?.to_owned();
            Some((name, value.split_ascii_whitespace().next()?.parse().ok()?))
        };
        Self(text.lines().filter_map(row).collect())
    }

    fn kilobytes(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0).saturating_mul(1024)
    }
}

/// Numbered folders such as `cpu3`, by number.
fn numbered(folder: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let numbered = entries.filter_map(|entry| {
        let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
        Some((number, entry.path()))
    });
    let mut folders: Vec<_> = numbered.take(MAX_ENTRIES).collect();
    folders.sort();
    folders
}

/// Nodes with their cores; a machine without nodes is one.
fn topology(system: &Path, memory: u64) -> Vec<Node> {
    let nodes = numbered(&system.join("node"), "node");
    if nodes.is_empty() {
        return vec![Node { memory, cores: cores(&system.join("cpu")), ..Node::default() }]
            .into_iter()
            .map(shared)
            .collect();
    }
    let node = |(id, folder): (u32, PathBuf)| {
        let distances = word(&folder.join("distance"));
        shared(Node {
            id,
            memory: Table::of(&text(&folder.join("meminfo"))).kilobytes("MemTotal"),
            huge_pages: huge_pages(&folder.join("hugepages")),
            cores: cores(&folder),
            caches: Vec::new(),
            distances: distances.split_ascii_whitespace().filter_map(|distance| distance.parse().ok()).collect(),
        })
    };
    nodes.into_iter().map(node).collect()
}

/// Caches above the second level belong to the node.
fn shared(mut node: Node) -> Node {
    for core in &mut node.cores {
        let (own, above): (Vec<_>, Vec<_>) =
            std::mem::take(&mut core.caches).into_iter().partition(|cache| cache.level <= 2);
        core.caches = own;
        for cache in above {
            if !node.caches.contains(&cache) {
                node.caches.push(cache);
            }
        }
    }
    node
}

fn cores(folder: &Path) -> Vec<Core> {
    let mut cores: Vec<Core> = Vec::new();
    for (thread, cpu) in numbered(folder, "cpu") {
        let is_offline = word(&cpu.join("online")) == "0";
        if is_offline {
            continue;
        }
        let id = number(&cpu.join("topology/core_id")).map_or(thread, |id| u32::try_from(id).unwrap_or(thread));
        let socket =
            number(&cpu.join("topology/physical_package_id")).and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        match cores.iter_mut().find(|core| core.id == id && core.socket == socket) {
            Some(core) => core.threads.push(thread),
            None => cores.push(Core { id, socket, threads: vec![thread], caches: caches(&cpu.join("cache")) }),
        }
    }
    cores
}

fn caches(folder: &Path) -> Vec<Cache> {
    let cache = |(_, index): (u32, PathBuf)| {
        let size = word(&index.join("size"));
        let size = size.strip_suffix('K').and_then(|kilobytes| kilobytes.parse::<u64>().ok())?.saturating_mul(1024);
        let small = |name: &str| number(&index.join(name)).and_then(|value| u32::try_from(value).ok());
        Some(Cache { id: small("id").unwrap_or(0), size, kind: word(&index.join("type")), level: small("level")? })
    };
    numbered(folder, "index").into_iter().filter_map(cache).collect()
}

fn huge_pages(folder: &Path) -> Vec<(u64, u64)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let size = |entry: std::fs::DirEntry| {
        let kilobytes = entry.file_name().to_str()?.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        Some((kilobytes, number(&entry.path().join("nr_hugepages")).unwrap_or(0)))
    };
    let mut sizes: Vec<(u64, u64)> = entries.filter_map(size).take(MAX_ENTRIES).collect();
    sizes.sort_unstable();
    sizes
}

/// Memory modules, as the error detection of the memory controllers knows them.
fn modules(controllers: &Path) -> BTreeMap<String, (u64, u32)> {
    let mut types: BTreeMap<String, (u64, u32)> = BTreeMap::new();
    for (_, controller) in numbered(controllers, "mc") {
        for (_, module) in numbered(&controller, "dimm") {
            let entry = types.entry(word(&module.join("dimm_mem_type"))).or_default();
            entry.0 += number(&module.join("size")).unwrap_or(0).saturating_mul(1 << 20);
            entry.1 += 1;
        }
    }
    types
}

fn frequency(sys: &Path, procfs: &Path) -> u64 {
    let fixed = number(&sys.join("devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"));
    fixed.unwrap_or_else(|| {
        let cpus = text(&procfs.join("cpuinfo"));
        let line = cpus.lines().find(|line| line.starts_with("cpu MHz"));
        let megahertz = line.and_then(|line| line.split_once(':')?.1.trim().parse::<f64>().ok());
        megahertz.map_or(0, |megahertz| (megahertz * 1000.0) as u64)
    })
}

fn filesystems(paths: &ContainerPaths) -> Vec<(String, u64, String, u64)> {
    let describe = |mount: Mount| {
        let stat = mounts::ask(paths, &mount)?;
        Some((mount.device, stat.f_blocks.saturating_mul(stat.f_frsize), mount.kind, stat.f_files))
    };
    mounts::of_the_machine(paths).into_iter().filter_map(describe).collect()
}

fn disks(folder: &Path) -> BTreeMap<String, Disk> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let disk = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        if ["loop", "ram", "sr"].iter().any(|prefix| name.starts_with(prefix)) {
            return None;
        }
        let numbers = word(&entry.path().join("dev"));
        let (major, minor) = numbers.split_once(':')?;
        let schedulers = word(&entry.path().join("queue/scheduler"));
        let active =
            schedulers.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("none", |(name, _)| name);
        let size = number(&entry.path().join("size")).unwrap_or(0).saturating_mul(512);
        let (major, minor) = (major.parse().ok()?, minor.parse().ok()?);
        Some((numbers.clone(), Disk { name, major, minor, size, scheduler: active.to_owned() }))
    };
    entries.filter_map(disk).take(MAX_ENTRIES).collect()
}

fn networks(folder: &Path) -> Vec<NetworkDevice> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let device = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        if ["lo", "veth", "docker", "nerdctl"].iter().any(|prefix| name.starts_with(prefix)) {
            return None;
        }
        let signed = |file: &str| word(&entry.path().join(file)).parse().unwrap_or(0);
        Some(NetworkDevice {
            name,
            mac: word(&entry.path().join("address")),
            speed: signed("speed"),
            mtu: signed("mtu"),
        })
    };
    let mut devices: Vec<_> = entries.filter_map(device).take(MAX_ENTRIES).collect();
    devices.sort_by(|a, b| a.name.cmp(&b.name));
    devices
}
