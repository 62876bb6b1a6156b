//! Network devices: of containers that have a network of their own, and of the machine.

use super::{Round, process};
use crate::container::files::Files;
use crate::container::layout::Layout;
use crate::container::model::{InterfaceStats, Stats, Traffic};
use crate::container::parse::{lines, number, words};
use crate::container::sets::MetricSet;
use crate::container::tcp;
use crate::container::tree::Group;

/// Most devices of one container.
const MAX_DEVICES: usize = 1_000;

pub(super) fn read(group: &mut Group, layout: &Layout, files: &mut Files, round: &Round<'_>, stats: &mut Stats) {
    stats.network.interfaces.clear();
    stats.network.sockets = None;
    let has = |set: MetricSet| round.sets.has(set);
    let wants_sockets = has(MetricSet::Tcp) || has(MetricSet::Udp) || has(MetricSet::AdvancedTcp);
    if !has(MetricSet::Network) && !wants_sockets {
        return;
    }
    let Some(folder) = folder(group, layout, files, round) else {
        group.container.spec.has_network = false;
        return;
    };
    group.container.spec.has_network = true;
    if has(MetricSet::Network)
        && let Some(text) = files.read_path(&format!("{folder}/dev"))
    {
        let wanted = |device: &InterfaceStats| !is_ignored(&device.name);
        stats.network.interfaces.extend(lines(text).filter_map(device).filter(wanted).take(MAX_DEVICES));
    }
    if wants_sockets {
        let read = |name: &str| files.read_path(&format!("{folder}/{name}")).map(<[u8]>::to_vec).unwrap_or_default();
        let sockets = tcp::sockets(has(MetricSet::Tcp), has(MetricSet::Udp), has(MetricSet::AdvancedTcp), read);
        stats.network.sockets = Some(Box::new(sockets));
    }
}

/// Where the counts of a group's own network are.
fn folder(group: &mut Group, layout: &Layout, files: &mut Files, round: &Round<'_>) -> Option<String> {
    if group.container.path == "/" {
        // Process 1 is in the machine's network, also when we are not.
        return Some(format!("{}/1/net", round.procfs));
    }
    if group.runtime.is_none() || group.shares_network {
        return None;
    }
    let first = process::pids(group, layout, files).first().copied()?;
    if group.process.is_none_or(|(known, _)| known != first) {
        group.process = Some((first, has_own_network(round.procfs, first)));
    }
    let (pid, is_own) = group.process?;
    is_own.then(|| format!("{}/{pid}/net", round.procfs))
}

/// Whether a process is in another network than process 1.
fn has_own_network(procfs: &str, pid: u32) -> bool {
    let network = |pid: u32| std::fs::read_link(format!("{procfs}/{pid}/ns/net"));
    match (network(pid), network(1)) {
        (Ok(own), Ok(machine)) => own != machine,
        (Ok(own), Err(_hidden)) => std::fs::read_link(format!("{procfs}/self/ns/net")).is_ok_and(|ours| ours != own),
        (Err(_), _) => true,
    }
}

/// Wire: names that begin so are never told, of containers and of the machine (`container/libcontainer/handler.go`).
fn is_ignored(name: &str) -> bool {
    ["lo", "veth", "docker", "nerdctl"].iter().any(|prefix| name.starts_with(prefix))
}

/// A line of `net/dev`.
fn device(line: &[u8]) -> Option<InterfaceStats> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, counts) = line.split_at(colon);
    let name = std::str::from_utf8(name.trim_ascii()).ok()?.to_owned();
    let mut counts = words(counts.get(1..)?).map_while(number);
    let mut direction = || {
        let traffic =
            Traffic { bytes: counts.next()?, packets: counts.next()?, errors: counts.next()?, dropped: counts.next()? };
        // fifo, frame, compressed, multicast
        counts.nth(3)?;
        Some(traffic)
    };
    Some(InterfaceStats { name, received: direction()?, sent: direction()? })
}
