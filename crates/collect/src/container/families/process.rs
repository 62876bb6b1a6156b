//! Processes, health, performance counters, and when a container was last seen.

use super::{Emit, Family, Reading, counter, gauge};
use crate::container::model::{Health, PerfUncoreValue, PerfValue};
use crate::container::sets::MetricSet::{Cpu, PerfEvent, Process};

pub(super) static FAMILIES: [Family; 12] = [
    gauge(
        Process,
        ("container_file_descriptors", "Number of open file descriptors for the container."),
        |reading, emit| emit(&[], reading.stats.processes.descriptors as f64),
    ),
    Family {
        timed: true,
        ..gauge(Cpu, ("container_health_state", "The result of the container's health check"), |reading, emit| {
            // Wire: 1 is well, 0 not, -1 that there is no check.
            let state = match reading.container.spec.health {
                Some(Health::Healthy) => 1.0,
                Some(Health::Starting | Health::Unhealthy) => 0.0,
                None => -1.0,
            };
            emit(&[], state);
        })
        .of_the_container()
        .new_in_0_60()
    },
    Family {
        timed: true,
        ..gauge(Cpu, ("container_last_seen", "Last time a container was seen by the exporter"), |reading, emit| {
            emit(&[], reading.stats.time.secs() as f64);
        })
        .of_the_container()
    },
    gauge(PerfEvent, ("container_perf_events_scaling_ratio", "Perf event metric scaling ratio."), |reading, emit| {
        perf(reading, emit, |counter| counter.scaling_ratio);
    }),
    counter(PerfEvent, ("container_perf_events_total", "Perf event metric."), |reading, emit| {
        perf(reading, emit, |counter| counter.value as f64);
    }),
    gauge(
        PerfEvent,
        ("container_perf_uncore_events_scaling_ratio", "Perf uncore event metric scaling ratio."),
        |reading, emit| uncore(reading, emit, |counter| counter.scaling_ratio),
    ),
    counter(PerfEvent, ("container_perf_uncore_events_total", "Perf uncore event metric."), |reading, emit| {
        uncore(reading, emit, |counter| counter.value as f64);
    }),
    gauge(Process, ("container_processes", "Number of processes running inside the container."), |reading, emit| {
        emit(&[], reading.stats.processes.processes as f64);
    }),
    gauge(Process, ("container_sockets", "Number of open sockets for the container."), |reading, emit| {
        emit(&[], reading.stats.processes.sockets as f64);
    }),
    gauge(Process, ("container_threads", "Number of threads running inside the container"), |reading, emit| {
        emit(&[], reading.stats.processes.threads as f64);
    }),
    gauge(
        Process,
        ("container_threads_max", "Maximum number of threads allowed inside the container, infinity if value is zero"),
        |reading, emit| emit(&[], reading.stats.processes.threads_max as f64),
    ),
    gauge(
        Process,
        (
            "container_ulimits_soft",
            "Soft ulimit values for the container root process. Unlimited if -1, except priority and nice",
        ),
        |reading, emit| {
            for (name, soft, _) in &reading.stats.processes.ulimits {
                emit(&[("ulimit", name)], *soft as f64);
            }
        },
    ),
];

fn perf(reading: Reading<'_>, emit: &mut Emit<'_>, value: fn(&PerfValue) -> f64) {
    for counter in reading.stats.rare.iter().flat_map(|rare| &rare.perf) {
        emit(&[("cpu", &counter.cpu.to_string()), ("event", &counter.event)], value(counter));
    }
}

fn uncore(reading: Reading<'_>, emit: &mut Emit<'_>, value: fn(&PerfUncoreValue) -> f64) {
    for counter in reading.stats.rare.iter().flat_map(|rare| &rare.perf_uncore) {
        let labels =
            [("event", counter.event.as_str()), ("pmu", &counter.pmu), ("socket", &counter.socket.to_string())];
        emit(&labels, value(counter));
    }
}
