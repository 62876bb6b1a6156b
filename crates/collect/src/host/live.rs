//! A few numbers of this machine each second, for pages that somebody looks at.
//!
//! The same collectors that fill the store are asked, those alone whose files cost microseconds. Nothing is read unless
//! somebody asks, all who ask within a second share one reading, and no reading is stored: what stays is what the host
//! collector sends at its own interval.

use std::sync::Arc;
use std::time::Duration;

use gw_base::{Timestamp, World};

use super::config::HostConfig;
use super::{Audience, HostReader, PageFilter};

/// Collectors that are asked, unless they are off.
const COLLECTORS: [&str; 8] = ["cpu", "diskstats", "filefd", "loadavg", "meminfo", "netdev", "pressure", "stat"];
/// What is told of what they say, in order.
const FAMILIES: [&str; 40] = [
    "node_context_switches_total",
    "node_cpu_seconds_total",
    "node_disk_io_time_seconds_total",
    "node_disk_io_time_weighted_seconds_total",
    "node_disk_read_bytes_total",
    "node_disk_read_time_seconds_total",
    "node_disk_reads_completed_total",
    "node_disk_write_time_seconds_total",
    "node_disk_writes_completed_total",
    "node_disk_written_bytes_total",
    "node_filefd_allocated",
    "node_filefd_maximum",
    "node_forks_total",
    "node_intr_total",
    "node_load1",
    "node_load15",
    "node_load5",
    "node_memory_Buffers_bytes",
    "node_memory_Cached_bytes",
    "node_memory_Dirty_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemFree_bytes",
    "node_memory_MemTotal_bytes",
    "node_memory_SReclaimable_bytes",
    "node_memory_SwapFree_bytes",
    "node_memory_SwapTotal_bytes",
    "node_network_receive_bytes_total",
    "node_network_receive_drop_total",
    "node_network_receive_errs_total",
    "node_network_receive_packets_total",
    "node_network_transmit_bytes_total",
    "node_network_transmit_drop_total",
    "node_network_transmit_errs_total",
    "node_network_transmit_packets_total",
    "node_pressure_cpu_waiting_seconds_total",
    "node_pressure_io_stalled_seconds_total",
    "node_pressure_io_waiting_seconds_total",
    "node_pressure_memory_stalled_seconds_total",
    "node_pressure_memory_waiting_seconds_total",
    "node_procs_running",
];
/// Most series of a reading; a machine with more shows the first ones.
const MAX_SERIES: usize = 4_096;

/// A series of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSeries {
    /// `node_exporter`'s name.
    pub name: String,
    /// Labels in the order in which `node_exporter` writes them.
    pub labels: Vec<(String, String)>,
}

/// The machine at one moment.
#[derive(Debug, Clone)]
pub struct LiveReading {
    /// When it was read.
    pub at: Timestamp,
    /// Changes whenever other series are there.
    pub layout: u64,
    /// The series.
    pub series: Arc<[LiveSeries]>,
    /// Their values; a series that is not there now is no number.
    pub values: Vec<f64>,
}

/// Reads, and remembers the last reading for those who ask next.
#[derive(Debug)]
pub(super) struct Live {
    reader: HostReader,
    world: Arc<dyn World>,
    /// Layout of each collector for which `picked` was made.
    layouts: Vec<(usize, u64)>,
    /// Collector and place of each series that is told.
    picked: Vec<(usize, usize)>,
    last: Option<(Duration, Arc<LiveReading>)>,
}

impl Live {
    pub(super) fn new(config: &HostConfig, world: Arc<dyn World>) -> Result<Self, String> {
        let is_on = |name: &&str| config.collectors.get(*name).copied().unwrap_or(!config.disable_defaults);
        let collectors = COLLECTORS.iter().filter(|name| is_on(name)).map(|name| ((*name).to_owned(), true)).collect();
        // A collector that were left out of a second would be drawn as a machine at rest.
        let few = HostConfig { collectors, disable_defaults: true, collector_budget: 0.0, ..config.clone() };
        let reader = HostReader::new(&few, Arc::clone(&world))?;
        Ok(Self { reader, world, layouts: Vec::new(), picked: Vec::new(), last: None })
    }

    /// The last reading if it is at most so old, or else a new one.
    pub(super) fn reading(&mut self, max_age: Duration) -> Arc<LiveReading> {
        let now = self.world.elapsed();
        if let Some((at, last)) = &self.last
            && now.saturating_sub(*at) <= max_age
        {
            return Arc::clone(last);
        }
        self.reader.read(&PageFilter::default(), Audience::Scraper(None));
        let reading = Arc::new(self.told());
        self.last = Some((now, Arc::clone(&reading)));
        reading
    }

    fn told(&mut self) -> LiveReading {
        self.reader.cells.sort_unstable_by_key(|cell| cell.part);
        let before = self.last.take().map(|(_, last)| last);
        // A collector that has not come back keeps its place; its series are no numbers until it does.
        let is_known = |part: usize, layout: u64| self.layouts.contains(&(part, layout));
        let same = self.reader.cells.iter().all(|cell| is_known(cell.part, cell.section.layout()));
        let (layout, series) = match before {
            Some(last) if same => (last.layout, Arc::clone(&last.series)),
            before => (before.map_or(0, |last| last.layout + 1), self.pick()),
        };
        let mut values = vec![f64::NAN; self.picked.len()];
        let (mut column, mut there) = (Vec::new(), Vec::new());
        for cell in &self.reader.cells {
            cell.section.copy_to(&mut column, &mut there);
            for (value, (part, index)) in values.iter_mut().zip(&self.picked) {
                if *part == cell.part && there.get(*index) == Some(&true) {
                    *value = column.get(*index).copied().unwrap_or(f64::NAN);
                }
            }
        }
        LiveReading { at: self.world.now(), layout, series, values }
    }

    fn pick(&mut self) -> Arc<[LiveSeries]> {
        self.layouts = self.reader.cells.iter().map(|cell| (cell.part, cell.section.layout())).collect();
        self.picked.clear();
        let mut series = Vec::new();
        for cell in &self.reader.cells {
            for (index, view) in cell.section.series().enumerate() {
                if FAMILIES.binary_search(&view.family.name.as_str()).is_err() || series.len() >= MAX_SERIES {
                    continue;
                }
                let labels = view.labels().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                series.push(LiveSeries { name: view.family.name.clone(), labels });
                self.picked.push((cell.part, index));
            }
        }
        series.into()
    }
}

#[cfg(test)]
mod tests {
    use gw_base::FakeWorld;

    use super::*;

    fn machine(folder: &std::path::Path, idle: u64, devices: &[&str]) {
        let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("a file is written");
        std::fs::create_dir_all(folder.join("net")).expect("a folder is made");
        write("stat", format!("cpu  0 0 0 {idle} 0 0 0 0 0 0\ncpu0 0 0 0 {idle} 0 0 0 0 0 0\nctxt 5\n"));
        write("meminfo", "MemTotal: 2048 kB\nMemFree: 1024 kB\nHugePages_Total: 0\n".to_owned());
        write("loadavg", "0.50 0.25 0.10 1/100 4242\n".to_owned());
        let rows = devices.iter().map(|name| format!("{name}: 10 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n"));
        write("net/dev", format!("head\nhead\n{}", rows.collect::<String>()));
    }

    fn value(reading: &LiveReading, name: &str, label: &str) -> Option<f64> {
        let is_it = |series: &LiveSeries| {
            series.name == name && (label.is_empty() || series.labels.iter().any(|(_, value)| value == label))
        };
        reading.series.iter().position(is_it).and_then(|at| reading.values.get(at)).copied()
    }

    #[test]
    fn the_families_are_in_order() {
        assert!(FAMILIES.is_sorted());
    }

    #[test]
    fn readings_are_shared_and_tell_when_other_series_came() {
        let folder = std::env::temp_dir().join(format!("gw-live-{}", std::process::id()));
        machine(&folder, 1_000, &["eth0"]);
        let procfs = folder.to_string_lossy().into_owned();
        let config = HostConfig { procfs, sysfs: "/nowhere".to_owned(), ..HostConfig::default() };
        let world = Arc::new(FakeWorld::new(Timestamp::from_secs(60), 1));
        let mut live = Live::new(&config, Arc::<FakeWorld>::clone(&world)).expect("the configuration is right");
        let first = live.reading(Duration::from_millis(900));
        assert_eq!(value(&first, "node_cpu_seconds_total", "idle"), Some(10.0));
        assert_eq!(value(&first, "node_memory_MemTotal_bytes", ""), Some(2_097_152.0));
        assert_eq!(value(&first, "node_load1", ""), Some(0.5));
        assert_eq!(value(&first, "node_memory_HugePages_Total", ""), None, "only what pages draw is told");

        machine(&folder, 1_100, &["eth0"]);
        assert!(Arc::ptr_eq(&first, &live.reading(Duration::from_millis(900))), "a young reading is told again");
        world.advance(Duration::from_secs(1));
        let second = live.reading(Duration::from_millis(900));
        assert_eq!(value(&second, "node_cpu_seconds_total", "idle"), Some(11.0));
        assert_eq!(second.layout, first.layout);

        machine(&folder, 1_200, &["eth0", "eth1"]);
        world.advance(Duration::from_secs(1));
        let third = live.reading(Duration::from_millis(900));
        assert_ne!(third.layout, second.layout);
        assert_eq!(value(&third, "node_network_receive_bytes_total", "eth1"), Some(10.0));

        machine(&folder, 1_300, &["eth0"]);
        world.advance(Duration::from_secs(1));
        let fourth = live.reading(Duration::from_millis(900));
        assert!(value(&fourth, "node_network_receive_bytes_total", "eth1").is_some_and(f64::is_nan));
        std::fs::remove_dir_all(&folder).expect("the folder is removed");
    }
}
