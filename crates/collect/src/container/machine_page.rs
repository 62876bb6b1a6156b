//! The machine's part of the page.

use gw_base::{Labels, METRIC_NAME, Timestamp};
use gw_batch::{MetricType, MetricsBuilder};
use gw_formats::exposition::Writer;

use super::config::Compat;
use super::model::Machine;
use super::page::{PageOptions, error_family};
use super::sets::MetricSet;

type Pair = (&'static str, String);

/// A family of the machine with its samples.
struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Vec<Pair>, f64)>,
}

/// `cadvisor_version_info`, with our version where the original has its own.
pub(super) fn version(machine: &Machine, text: &mut String) {
    let mut writer = Writer::default();
    let name = "cadvisor_version_info";
    let help = "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version \
                & cadvisor revision.";
    writer.family(name, MetricType::Gauge, help);
    let (revision, version) = machine.cadvisor.clone().unwrap_or_default();
    let labels = [
        ("cadvisorRevision", revision.as_str()),
        ("cadvisorVersion", &version),
        ("dockerVersion", &machine.docker),
        ("kernelVersion", &machine.kernel),
        ("osVersion", &machine.os),
    ];
    writer.sample(name, labels, 1.0);
    text.push_str(writer.as_str());
}

/// Families of the machine, or the word that it could not be read.
pub(super) fn render(machine: Option<&Machine>, options: &PageOptions, text: &mut String) {
    let mut writer = Writer::default();
    let families = machine.map(|machine| families(machine, options)).unwrap_or_default();
    let millis = machine.map(|machine| machine.time.millis());
    let (before, after): (Vec<_>, Vec<_>) =
        families.into_iter().partition(|family| family.name < "machine_scrape_error");
    for family in before {
        write(&family, &mut writer, millis);
    }
    text.push_str(writer.as_str());
    let help = "1 if there was an error while getting machine metrics, 0 otherwise.";
    error_family(("machine_scrape_error", help), machine.is_none(), text);
    let mut writer = Writer::default();
    for family in after {
        write(&family, &mut writer, millis);
    }
    text.push_str(writer.as_str());
}

fn write(family: &Family, writer: &mut Writer, millis: Option<i64>) {
    if family.samples.is_empty() {
        return;
    }
    writer.family(family.name, MetricType::Gauge, family.help);
    for (labels, value) in &family.samples {
        writer.sample_at(family.name, labels.iter().map(|(name, value)| (*name, value.as_str())), *value, millis);
    }
}

/// The same for the store.
pub(super) fn rows(
    machine: &Machine,
    options: &PageOptions,
    rows: &mut MetricsBuilder,
    (at, job, instance): (Timestamp, &str, &str),
) {
    for family in families(machine, options) {
        for (labels, value) in family.samples {
            let own = [(METRIC_NAME, family.name), ("job", job), ("instance", instance)];
            let labels = labels.iter().map(|(name, value)| (*name, value.as_str()));
            let series = rows.series(&Labels::from_pairs(own.into_iter().chain(labels)));
            rows.sample(series, at, value);
        }
    }
}

fn families(machine: &Machine, options: &PageOptions) -> Vec<Family> {
    let mut families = totals(machine, options.compat);
    if options.sets.has(MetricSet::CpuTopology) {
        families.extend(topology(machine));
    }
    for family in &mut families {
        for (labels, _) in &mut family.samples {
            labels.extend([
                ("boot_id", machine.boot_id.clone()),
                ("machine_id", machine.machine_id.clone()),
                ("system_uuid", machine.system_uuid.clone()),
            ]);
            labels.sort();
        }
        family.samples.sort_by(|a, b| a.0.cmp(&b.0));
    }
    families.sort_by_key(|family| family.name);
    families
}

fn totals(machine: &Machine, compat: Compat) -> Vec<Family> {
    let one = |name, help, value: f64| Family { name, help, samples: vec![(Vec::new(), value)] };
    let by_type = |value: fn(&(u64, u32)) -> f64| -> Vec<_> {
        let types = machine.memory_by_type.iter();
        types.map(|(kind, memory)| (vec![("type", kind.clone())], value(memory))).collect()
    };
    let (memory_mode, app_direct, watts) = machine.nvm;
    let modes = [("memory_mode", memory_mode), ("app_direct_mode", app_direct)];
    let mut families = vec![
        one("machine_cpu_cores", "Number of logical CPU cores.", f64::from(machine.cores)),
        one("machine_cpu_physical_cores", "Number of physical CPU cores.", f64::from(machine.physical_cores)),
        one("machine_cpu_sockets", "Number of CPU sockets.", f64::from(machine.sockets)),
        one("machine_memory_bytes", "Amount of memory installed on the machine.", machine.memory_bytes as f64),
        Family {
            name: "machine_dimm_count",
            help: "Number of RAM DIMM (all types memory modules) value labeled by dimm type.",
            samples: by_type(|memory| f64::from(memory.1)),
        },
        Family {
            name: "machine_dimm_capacity_bytes",
            help: "Total RAM DIMM capacity (all types memory modules) value labeled by dimm type.",
            samples: by_type(|memory| memory.0 as f64),
        },
        Family {
            name: "machine_nvm_capacity",
            help: "NVM capacity value labeled by NVM mode (memory mode or app direct mode).",
            samples: modes.map(|(mode, bytes)| (vec![("mode", mode.to_owned())], bytes as f64)).into(),
        },
        one("machine_nvm_avg_power_budget_watts", "NVM power budget.", f64::from(watts)),
    ];
    if compat >= Compat::V0_60 {
        families.extend([
            one("machine_cpu_books", "Number of CPU books.", f64::from(machine.books)),
            one("machine_cpu_drawers", "Number of CPU drawers.", f64::from(machine.drawers)),
            one("machine_swap_bytes", "Amount of swap memory available on the machine.", machine.swap_bytes as f64),
        ]);
    }
    families
}

fn topology(machine: &Machine) -> [Family; 5] {
    let mut siblings = Vec::new();
    let mut caches = Vec::new();
    let (mut memory, mut huge_pages, mut distances) = (Vec::new(), Vec::new(), Vec::new());
    for node in &machine.topology {
        let id = || ("node_id", node.id.to_string());
        memory.push((vec![id()], node.memory as f64));
        for (size, count) in &node.huge_pages {
            huge_pages.push((vec![id(), ("page_size", size.to_string())], *count as f64));
        }
        for (target, distance) in node.distances.iter().enumerate() {
            distances.push((vec![id(), ("target_node_id", target.to_string())], *distance as f64));
        }
        let mut cache = |core: String, cache: &super::model::Cache| {
            let labels =
                vec![id(), ("core_id", core), ("type", cache.kind.clone()), ("level", cache.level.to_string())];
            if !caches.iter().any(|(known, _)| *known == labels) {
                caches.push((labels, cache.size as f64));
            }
        };
        node.caches.iter().for_each(|shared| cache(String::new(), shared));
        for core in &node.cores {
            core.caches.iter().for_each(|own| cache(core.id.to_string(), own));
            for thread in &core.threads {
                let labels = vec![id(), ("core_id", core.id.to_string()), ("thread_id", thread.to_string())];
                siblings.push((labels, core.threads.len() as f64));
            }
        }
    }
    let family = |name, help, samples| Family { name, help, samples };
    [
        family("machine_thread_siblings_count", "Number of CPU thread siblings.", siblings),
        family("machine_cpu_cache_capacity_bytes", "Cache size in bytes assigned to NUMA node and CPU core.", caches),
        family("machine_node_memory_capacity_bytes", "Amount of memory assigned to NUMA node.", memory),
        family("machine_node_hugepages_count", "Numer of hugepages assigned to NUMA node.", huge_pages),
        family("machine_node_distance", "Distance between NUMA node and target NUMA node.", distances),
    ]
}
