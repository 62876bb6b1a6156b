//! Network devices, connections, sockets.

use super::{Emit, Family, Reading, counter, gauge};
use crate::container::model::{InterfaceStats, SocketStats, TCP_STATES, UdpStats};
use crate::container::sets::MetricSet::{AdvancedTcp, Network, Tcp, Udp};
use crate::container::tcp::TCP_COUNTERS;

pub(super) static FAMILIES: [Family; 13] = [
    gauge(
        AdvancedTcp,
        ("container_network_advance_tcp_stats_total", "advance tcp connections statistic for container"),
        |reading, emit| {
            let values = reading.stats.network.sockets.iter().flat_map(|sockets| &sockets.advanced);
            TCP_COUNTERS.iter().zip(values).for_each(|((_, word), value)| emit(&[("tcp_state", word)], *value as f64));
        },
    ),
    counter(
        Network,
        ("container_network_receive_bytes_total", "Cumulative count of bytes received"),
        |reading, emit| interfaces(reading, emit, |device| device.received.bytes),
    ),
    counter(
        Network,
        ("container_network_receive_errors_total", "Cumulative count of errors encountered while receiving"),
        |reading, emit| interfaces(reading, emit, |device| device.received.errors),
    ),
    counter(
        Network,
        ("container_network_receive_packets_dropped_total", "Cumulative count of packets dropped while receiving"),
        |reading, emit| interfaces(reading, emit, |device| device.received.dropped),
    ),
    counter(
        Network,
        ("container_network_receive_packets_total", "Cumulative count of packets received"),
        |reading, emit| interfaces(reading, emit, |device| device.received.packets),
    ),
    gauge(
        Tcp,
        ("container_network_tcp6_usage_total", "tcp6 connection usage statistic for container"),
        |reading, emit| states(reading, emit, |sockets| &sockets.tcp6),
    ),
    gauge(
        Tcp,
        ("container_network_tcp_usage_total", "tcp connection usage statistic for container"),
        |reading, emit| states(reading, emit, |sockets| &sockets.tcp),
    ),
    counter(
        Network,
        ("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted"),
        |reading, emit| interfaces(reading, emit, |device| device.sent.bytes),
    ),
    counter(
        Network,
        ("container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting"),
        |reading, emit| interfaces(reading, emit, |device| device.sent.errors),
    ),
    counter(
        Network,
        ("container_network_transmit_packets_dropped_total", "Cumulative count of packets dropped while transmitting"),
        |reading, emit| interfaces(reading, emit, |device| device.sent.dropped),
    ),
    counter(
        Network,
        ("container_network_transmit_packets_total", "Cumulative count of packets transmitted"),
        |reading, emit| interfaces(reading, emit, |device| device.sent.packets),
    ),
    gauge(
        Udp,
        ("container_network_udp6_usage_total", "udp6 connection usage statistic for container"),
        |reading, emit| udp(reading, emit, |sockets| sockets.udp6),
    ),
    gauge(
        Udp,
        ("container_network_udp_usage_total", "udp connection usage statistic for container"),
        |reading, emit| udp(reading, emit, |sockets| sockets.udp),
    ),
];

fn interfaces(reading: Reading<'_>, emit: &mut Emit<'_>, value: fn(&InterfaceStats) -> u64) {
    for device in &reading.stats.network.interfaces {
        emit(&[("interface", &device.name)], value(device) as f64);
    }
}

fn states(reading: Reading<'_>, emit: &mut Emit<'_>, table: fn(&SocketStats) -> &[u64; TCP_STATES.len()]) {
    if let Some(sockets) = &reading.stats.network.sockets {
        for ((word, ..), count) in TCP_STATES.iter().zip(table(sockets)) {
            emit(&[("tcp_state", word)], *count as f64);
        }
    }
}

fn udp(reading: Reading<'_>, emit: &mut Emit<'_>, table: fn(&SocketStats) -> UdpStats) {
    if let Some(sockets) = &reading.stats.network.sockets {
        let stats = table(sockets);
        let counts = [
            ("listen", stats.listen),
            ("dropped", stats.dropped),
            ("rxqueued", stats.rx_queued),
            ("txqueued", stats.tx_queued),
        ];
        counts.into_iter().for_each(|(state, count)| emit(&[("udp_state", state)], count as f64));
    }
}
