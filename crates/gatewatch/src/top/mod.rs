//! `gatewatch top`: hosts, containers and processes in the terminal, from the server that runs on this machine, or from the
//! local collectors where none does.

mod pages;
mod processes;
mod screen;
mod table;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use gw_base::World;
use gw_collect::config::{ContainerConfig, HostConfig};
use gw_collect::{Containers, HostPages, PageFilter};

use crate::product;
use screen::{Key, Screen};
use table::{Order, Table};

/// Ports of the pages of hosts and containers.
const HOST_PORT: u16 = 1007;
const CONTAINER_PORT: u16 = 1008;
/// What the table of ports moves up by where the low ones may not be bound.
const UNPRIVILEGED: u16 = 10_000;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest page that is taken.
const MAX_PAGE_BYTES: usize = 64 << 20;
/// Width of a frame that goes into a file, and processes that it shows.
const PLAIN_WIDTH: usize = 160;
const PLAIN_PROCESSES: usize = 20;

/// What the command line says.
#[derive(Debug, Clone)]
pub(crate) struct Top {
    /// One plain frame, for scripts.
    pub(crate) once: bool,
    /// Between two looks.
    pub(crate) interval: Duration,
    /// Number added to the ports of the server.
    pub(crate) port_offset: Option<u16>,
    /// Whether a server is looked for.
    pub(crate) local: bool,
}

/// Shows until told to stop.
///
/// # Errors
/// When nothing can be read, or the terminal cannot be steered.
pub(crate) fn run(top: &Top) -> Result<()> {
    ensure!(top.interval >= Duration::from_millis(100), "--interval must be at least 0.1");
    let world = product::world();
    let source = Source::find(top, &world)?;
    let mut before = source.look(&world)?;
    if top.once {
        screen::pause(top.interval);
        let frame = plain(&source, &before, &source.look(&world)?);
        std::io::stdout().write_all(frame.as_bytes())?;
        return Ok(());
    }
    let screen = Screen::open()?;
    let mut view = View::default();
    let mut now = source.look(&world)?;
    loop {
        let tables = tables(&before, &now);
        screen.show(&view.frame(&source, &tables, screen.size()))?;
        match screen.key(top.interval) {
            Some(Key::Quit) => return Ok(()),
            Some(key) => view.take(key, &tables),
            None => before = std::mem::replace(&mut now, source.look(&world)?),
        }
    }
}

/// Where hosts and containers are read.
enum Source {
    /// A server on this machine, by the offset of its ports.
    Server { client: reqwest::Client, runtime: tokio::runtime::Runtime, offset: u16 },
    /// Collectors of our own.
    Local { host: Box<HostPages>, containers: Containers },
}

/// All that was seen at a time.
struct Look {
    host: pages::Host,
    containers: pages::Containers,
    processes: processes::Processes,
}

impl Source {
    fn find(top: &Top, world: &Arc<dyn World>) -> Result<Self> {
        let offsets = top.port_offset.map_or_else(|| vec![0, UNPRIVILEGED], |offset| vec![offset]);
        for offset in offsets.into_iter().filter(|_| !top.local) {
            let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let server = Self::Server { client, runtime, offset };
            // The port may be another program's; our page says whose it is.
            if server.page(HOST_PORT).is_ok_and(|page| page.contains("revision=\"gatewatch\"")) {
                return Ok(server);
            }
        }
        if let Some(offset) = top.port_offset {
            ensure!(
                top.local,
                "no server answers on port {}, leave --port-offset out",
                HOST_PORT.saturating_add(offset)
            );
        }
        let host = Box::new(HostPages::of(&HostConfig::default(), Arc::clone(world))?);
        let containers = Containers::of(&ContainerConfig::default())?;
        Ok(Self::Local { host, containers })
    }

    fn title(&self) -> String {
        match self {
            Self::Server { offset, .. } => format!("server on port {}", HOST_PORT.saturating_add(*offset)),
            Self::Local { .. } => "local collectors".to_owned(),
        }
    }

    fn look(&self, world: &Arc<dyn World>) -> Result<Look> {
        let (host, containers) = match self {
            Self::Server { .. } => (self.page(HOST_PORT)?, self.page(CONTAINER_PORT).unwrap_or_default()),
            Self::Local { host, containers } => {
                let mut page = Vec::new();
                host.write(&PageFilter::default(), None, &mut page)?;
                (String::from_utf8_lossy(&page).into_owned(), containers.page(world))
            }
        };
        Ok(Look {
            host: pages::read(&host).context("the page of the host")?,
            containers: pages::read(&containers).context("the page of containers")?,
            processes: processes::read(Path::new("/proc"), world.elapsed()),
        })
    }

    /// A page of the server.
    fn page(&self, port: u16) -> Result<String> {
        let Self::Server { client, runtime, offset } = self else { bail!("there is no server") };
        let url = format!("http://127.0.0.1:{}/metrics", port.saturating_add(*offset));
        runtime.block_on(async {
            let mut answer = client.get(&url).send().await?.error_for_status()?;
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                ensure!(body.len() + chunk.len() <= MAX_PAGE_BYTES, "{url} does not end");
                body.extend_from_slice(&chunk);
            }
            Ok(String::from_utf8_lossy(&body).into_owned())
        })
    }
}

/// The views in their order, with what they are called.
const VIEWS: [&str; 3] = ["Hosts", "Containers", "Processes"];
/// The view of processes, and the column of CPU time in each view.
const PROCESSES: usize = 2;
const CPU_COLUMNS: [usize; 3] = [2, 1, 1];

fn tables(before: &Look, now: &Look) -> [Table; 3] {
    [
        pages::hosts_table(&before.host, &now.host),
        pages::containers_table(&before.containers, &now.containers),
        processes::table(&before.processes, &now.processes),
    ]
}

/// A frame without any steering of a terminal.
fn plain(source: &Source, before: &Look, now: &Look) -> String {
    let mut frame = format!("gatewatch top: {}\n", source.title());
    for (view, mut table) in tables(before, now).into_iter().enumerate() {
        table.sort(Order { column: CPU_COLUMNS[view], is_reversed: false });
        let room = if view == PROCESSES { PLAIN_PROCESSES } else { usize::MAX };
        let heading = format!("\n{} ({})\n", VIEWS[view], table.rows.len());
        frame.push_str(&heading);
        for line in table.lines(PLAIN_WIDTH, 0, room) {
            frame.push_str(&line);
            frame.push('\n');
        }
    }
    frame
}

/// What the person at the terminal has chosen.
struct View {
    shown: usize,
    orders: [Order; 3],
    skip: usize,
}

impl Default for View {
    fn default() -> Self {
        let orders = CPU_COLUMNS.map(|column| Order { column, is_reversed: false });
        Self { shown: PROCESSES, orders, skip: 0 }
    }
}

impl View {
    fn take(&mut self, key: Key, tables: &[Table; 3]) {
        let order = &mut self.orders[self.shown];
        match key {
            Key::Quit => {}
            Key::Left => self.shown = (self.shown + VIEWS.len() - 1) % VIEWS.len(),
            Key::Right => self.shown = (self.shown + 1) % VIEWS.len(),
            Key::Up => self.skip = self.skip.saturating_sub(1),
            Key::Down => self.skip = (self.skip + 1).min(tables[self.shown].rows.len().saturating_sub(1)),
            Key::Sort => order.column = (order.column + 1) % tables[self.shown].titles.len(),
            Key::Reverse => order.is_reversed = !order.is_reversed,
        }
        if matches!(key, Key::Left | Key::Right) {
            self.skip = 0;
        }
    }

    /// Lines that fill a terminal of so many columns and rows.
    fn frame(&self, source: &Source, tables: &[Table; 3], (width, height): (usize, usize)) -> Vec<String> {
        let mut table = tables[self.shown].clone();
        let order = self.orders[self.shown];
        table.sort(order);
        let names: Vec<String> = VIEWS
            .iter()
            .enumerate()
            .map(|(view, name)| if view == self.shown { format!("[{name}]") } else { format!(" {name} ") })
            .collect();
        let arrow = if order.is_reversed { "reversed" } else { "" };
        let sorted = format!("{} by {} {arrow}", source.title(), table.titles[order.column]);
        let mut lines = vec![table::cut(&format!("{}   {sorted}", names.concat()), width), String::new()];
        lines.extend(table.lines(width, self.skip, height.saturating_sub(4)));
        lines.resize(height.saturating_sub(1), String::new());
        lines.push(table::cut(
            "q quit   left, right view   up, down scroll   s sort by the next column   r reverse",
            width,
        ));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_through_views_and_columns() {
        let table = |rows: usize| Table {
            titles: &["A", "B", "C"],
            rows: (0..rows).map(|row| vec![table::Cell::number(Some(row as f64), 0)]).collect(),
        };
        let tables = [table(1), table(0), table(3)];
        let mut view = View::default();
        for key in [Key::Down, Key::Down, Key::Down, Key::Down, Key::Up] {
            view.take(key, &tables);
        }
        assert_eq!((view.shown, view.skip), (PROCESSES, 1));
        view.take(Key::Right, &tables);
        assert_eq!((view.shown, view.skip), (0, 0));
        view.take(Key::Left, &tables);
        for key in [Key::Sort, Key::Sort, Key::Reverse] {
            view.take(key, &tables);
        }
        assert_eq!(view.orders[PROCESSES], Order { column: 0, is_reversed: true });
    }

    #[test]
    fn the_local_collectors_fill_a_plain_frame() {
        let world = product::world();
        let top = Top { once: true, interval: Duration::from_secs(1), port_offset: None, local: true };
        let source = Source::find(&top, &world).unwrap();
        let (before, now) = (source.look(&world).unwrap(), source.look(&world).unwrap());
        let frame = plain(&source, &before, &now);
        for part in ["gatewatch top: local collectors", "\nHosts (1)\n", "\nContainers (", "\nProcesses (", "COMMAND"] {
            assert!(frame.contains(part), "{part}: {frame}");
        }
        assert!(!frame.contains('\u{1b}'), "a plain frame steers no terminal");
    }
}
