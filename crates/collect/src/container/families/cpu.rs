//! CPU time, throttling, scheduling, load, stalls.

use super::{Emit, Family, Reading, counter, gauge, seconds};
use crate::container::model::Pressure;
use crate::container::sets::MetricSet::{Cpu, CpuLoad, Pressure as Stalls, Sched};

pub(super) static FAMILIES: [Family; 23] = [
    counter(Cpu, ("container_cpu_cfs_burst_periods_total", "Number of periods when burst occurs."), |reading, emit| {
        limited(reading, emit, reading.stats.cpu.burst_periods as f64);
    })
    .new_in_0_60(),
    counter(
        Cpu,
        ("container_cpu_cfs_burst_seconds_total", "Total time duration the container has been bursted."),
        |reading, emit| limited(reading, emit, seconds(reading.stats.cpu.burst_ns)),
    )
    .new_in_0_60(),
    counter(
        Cpu,
        ("container_cpu_cfs_periods_total", "Number of elapsed enforcement period intervals."),
        |reading, emit| limited(reading, emit, reading.stats.cpu.periods as f64),
    ),
    counter(
        Cpu,
        ("container_cpu_cfs_throttled_periods_total", "Number of throttled period intervals."),
        |reading, emit| limited(reading, emit, reading.stats.cpu.throttled_periods as f64),
    ),
    counter(
        Cpu,
        ("container_cpu_cfs_throttled_seconds_total", "Total time duration the container has been throttled."),
        |reading, emit| limited(reading, emit, seconds(reading.stats.cpu.throttled_ns)),
    ),
    gauge(
        CpuLoad,
        ("container_cpu_load_average_10s", "Value of container cpu load average over the last 10 seconds."),
        |reading, emit| emit(&[], f64::from(reading.stats.cpu.load_average)),
    ),
    gauge(
        CpuLoad,
        ("container_cpu_load_d_average_10s", "Value of container cpu load.d average over the last 10 seconds."),
        |reading, emit| emit(&[], f64::from(reading.stats.cpu.load_d_average)),
    )
    .new_in_0_60(),
    counter(
        Sched,
        ("container_cpu_schedstat_run_periods_total", "Number of times processes of the cgroup have run on the cpu"),
        |reading, emit| emit(&[], reading.stats.cpu.run_periods as f64),
    ),
    counter(
        Sched,
        (
            "container_cpu_schedstat_run_seconds_total",
            "Time duration the processes of the container have run on the CPU.",
        ),
        |reading, emit| emit(&[], seconds(reading.stats.cpu.run_ns)),
    ),
    counter(
        Sched,
        (
            "container_cpu_schedstat_runqueue_seconds_total",
            "Time duration processes of the container have been waiting on a runqueue.",
        ),
        |reading, emit| emit(&[], seconds(reading.stats.cpu.runqueue_ns)),
    ),
    counter(
        Cpu,
        ("container_cpu_system_seconds_total", "Cumulative system cpu time consumed in seconds."),
        |reading, emit| emit(&[], seconds(reading.stats.cpu.system)),
    ),
    counter(Cpu, ("container_cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds."), usage),
    counter(
        Cpu,
        ("container_cpu_user_seconds_total", "Cumulative user cpu time consumed in seconds."),
        |reading, emit| emit(&[], seconds(reading.stats.cpu.user)),
    ),
    stall(
        (
            "container_pressure_cpu_stalled_seconds_total",
            "Total time duration no tasks in the container could make progress due to CPU congestion.",
        ),
        |reading, emit| emit(&[], all(reading.stats.cpu.pressure)),
    ),
    stall(
        (
            "container_pressure_cpu_waiting_seconds_total",
            "Total time duration tasks in the container have waited due to CPU congestion.",
        ),
        |reading, emit| emit(&[], some(reading.stats.cpu.pressure)),
    ),
    stall(
        (
            "container_pressure_io_stalled_seconds_total",
            "Total time duration no tasks in the container could make progress due to IO congestion.",
        ),
        |reading, emit| emit(&[], all(reading.stats.disk_io.pressure)),
    ),
    stall(
        (
            "container_pressure_io_waiting_seconds_total",
            "Total time duration tasks in the container have waited due to IO congestion.",
        ),
        |reading, emit| emit(&[], some(reading.stats.disk_io.pressure)),
    ),
    stall(
        (
            "container_pressure_memory_stalled_seconds_total",
            "Total time duration no tasks in the container could make progress due to memory congestion.",
        ),
        |reading, emit| emit(&[], all(reading.stats.memory.pressure)),
    ),
    stall(
        (
            "container_pressure_memory_waiting_seconds_total",
            "Total time duration tasks in the container have waited due to memory congestion.",
        ),
        |reading, emit| emit(&[], some(reading.stats.memory.pressure)),
    ),
    gauge(Cpu, ("container_spec_cpu_period", "CPU period of the container."), |reading, emit| {
        reading.container.spec.cpu.iter().for_each(|cpu| emit(&[], cpu.period as f64));
    })
    .of_the_container(),
    gauge(Cpu, ("container_spec_cpu_quota", "CPU quota of the container."), |reading, emit| {
        let cpu = reading.container.spec.cpu.iter().filter(|cpu| cpu.quota != 0);
        cpu.for_each(|cpu| emit(&[], cpu.quota as f64));
    })
    .of_the_container(),
    gauge(Cpu, ("container_spec_cpu_shares", "CPU share of the container."), |reading, emit| {
        reading.container.spec.cpu.iter().for_each(|cpu| emit(&[], cpu.shares as f64));
    })
    .of_the_container(),
    gauge(CpuLoad, ("container_tasks_state", "Number of tasks in given state"), |reading, emit| {
        let tasks = reading.stats.tasks;
        let states = [
            ("sleeping", tasks.sleeping),
            ("running", tasks.running),
            ("stopped", tasks.stopped),
            ("uninterruptible", tasks.uninterruptible),
            ("iowaiting", tasks.io_waiting),
        ];
        states.into_iter().for_each(|(state, count)| emit(&[("state", state)], count as f64));
    }),
];

const fn stall(words: (&'static str, &'static str), values: fn(Reading<'_>, &mut Emit<'_>)) -> Family {
    counter(Stalls, words, values).new_in_0_60()
}

fn some(pressure: Pressure) -> f64 {
    pressure.some_us as f64 / 1e6
}

fn all(pressure: Pressure) -> f64 {
    pressure.full_us as f64 / 1e6
}

/// Wire: enforcement is told only where there is a quota (`metrics/prometheus.go`, conditions of the `cfs` families).
fn limited(reading: Reading<'_>, emit: &mut Emit<'_>, value: f64) {
    if reading.container.spec.cpu.as_ref().is_some_and(|cpu| cpu.quota != 0) {
        emit(&[], value);
    }
}

/// Wire: by CPU where the kernel tells, without the CPUs that were never used; else as `cpu="total"`.
fn usage(reading: Reading<'_>, emit: &mut Emit<'_>) {
    let cpu = &reading.stats.cpu;
    if cpu.per_cpu.is_empty() {
        if cpu.total > 0 {
            emit(&[("cpu", "total")], seconds(cpu.total));
        }
        return;
    }
    let mut name = *b"cpu00";
    for (number, time) in cpu.per_cpu.iter().enumerate().filter(|(_, time)| **time > 0) {
        if number < 100 {
            name[3] = b'0' + (number / 10) as u8;
            name[4] = b'0' + (number % 10) as u8;
            emit(&[("cpu", std::str::from_utf8(&name).unwrap_or("cpu"))], seconds(*time));
        } else {
            emit(&[("cpu", &format!("cpu{number}"))], seconds(*time));
        }
    }
}
