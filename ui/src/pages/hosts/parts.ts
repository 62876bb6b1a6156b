// What a host's page shows: its parts in order, each with a ribbon over the range and its charts, by node_exporter's names.

import type { Key, Translate } from "../../i18n";
import type { Unit } from "../../lib/format";
import { foldBy, type LiveWindow, mean, sum } from "../../lib/live";
import { quote } from "../../lib/promql";
import type { ChartStyle } from "../../viz/chartOptions";
import type { ChartSeries } from "../../viz/series";

/** A chart of stored history, and of the last minutes where readings come each second. */
export interface HostChart {
  title: Key;
  unit: Unit;
  top?: number;
  style?: ChartStyle;
  queries: { expr: string; name?: Key; minutes?: number; token?: string }[];
  live?: (window: LiveWindow, t: Translate) => ChartSeries[];
}

/** What a part's ribbon is drawn from: a query whose value is compared with two bounds. */
export interface Health {
  expr: string;
  warn: number;
  crit: number;
}

export interface HostPart {
  id: "cpu" | "memory" | "disk" | "network";
  title: Key;
  health: Health;
  charts: HostChart[];
}

const LOOPS = "loop.*|ram.*";
const INNER = "lo|veth.*|br-.*|docker.*";
const isLoop = new RegExp(`^(?:${LOOPS})$`);
const isInner = new RegExp(`^(?:${INNER})$`);

/** Two counters of devices as lines of a chart. */
function pair(
  window: LiveWindow,
  t: Translate,
  inner: RegExp,
  counters: readonly (readonly [string, Key])[],
): ChartSeries[] {
  const columns = counters.map(([counter, name]) => ({
    name: t(name),
    devices: foldBy(
      window.rates(counter, ({ device }) => !inner.test(device ?? "")),
      "device",
      sum,
    ),
  }));
  const one = columns[0]?.devices.length === 1;
  return columns.flatMap(({ name, devices }) =>
    devices.map((device) => ({
      key: `${name}:${device.name}`,
      name: one ? name : `${device.name} ${name}`,
      values: device.values,
    })),
  );
}

/** One value out of several gauges at each moment. */
function combined(
  window: LiveWindow,
  names: readonly string[],
  of: (values: readonly number[]) => number,
): (number | null)[] {
  const columns = names.map((name) => window.gauges(name)[0]?.values ?? []);
  return window.times.map((_, at) => {
    const values = columns.map((column) => column[at]);
    return values.some((value) => value === null || value === undefined) ? null : of(values as number[]);
  });
}

const TOTAL = "node_memory_MemTotal_bytes";
const AVAILABLE = "node_memory_MemAvailable_bytes";

/** Share of the CPUs in use at each moment. */
export function cpuUsed(window: LiveWindow): (number | null)[] {
  const idle = window.rates("node_cpu_seconds_total", ({ mode }) => mode === "idle");
  const [all] = foldBy(
    idle.map(({ values }) => ({ labels: {}, values })),
    "",
    mean,
  );
  return (all?.values ?? []).map((value) => (value === null ? null : Math.min(1, Math.max(0, 1 - value))));
}

/** Share of memory in use at each moment. */
export const memoryUsed = (window: LiveWindow): (number | null)[] =>
  combined(window, [TOTAL, AVAILABLE], ([total = 1, available = 0]) => 1 - available / total);

/** The parts of a host. */
export function hostParts(name: string): HostPart[] {
  const own = `instance=${quote(name)}`;
  const disks = `${own},device!~"${LOOPS}"`;
  const nets = `${own},device!~"${INNER}"`;
  const mounts = `${own},fstype!~"tmpfs|devtmpfs|squashfs|ramfs|proc|sysfs"`;
  const rate = (metric: string, selector: string, by: string) =>
    `${by} (rate(${metric}{${selector}}[$__rate_interval]))`;
  const full = `1 - max by (mountpoint) (node_filesystem_avail_bytes{${mounts}}) / max by (mountpoint) (node_filesystem_size_bytes{${mounts}})`;
  const stalls = (of: string): HostChart => ({
    title: "containers.stalls",
    unit: "ratio",
    queries: [
      { expr: rate(`node_pressure_${of}_waiting_seconds_total`, own, "sum"), name: "hosts.someWait" },
      ...(of === "cpu"
        ? []
        : [{ expr: rate(`node_pressure_${of}_stalled_seconds_total`, own, "sum"), name: "hosts.allWait" as Key }]),
    ],
  });
  return [
    {
      id: "cpu",
      title: "hosts.cpu",
      health: { expr: `1 - ${rate("node_cpu_seconds_total", `${own},mode="idle"`, "avg")}`, warn: 0.85, crit: 0.95 },
      charts: [
        {
          title: "hosts.cpuByMode",
          unit: "ratio",
          style: "stacked",
          queries: [{ expr: rate("node_cpu_seconds_total", `${own},mode!="idle"`, "avg by (mode)") }],
          live: (window) =>
            foldBy(
              window.rates("node_cpu_seconds_total", ({ mode }) => mode !== "idle"),
              "mode",
              mean,
            ).map(({ name, values }) => ({ key: `0:mode=${name}`, name, values })),
        },
        {
          title: "hosts.load",
          unit: "none",
          queries: [
            { expr: `node_load1{${own}}`, minutes: 1, token: "--p99" },
            { expr: `node_load5{${own}}`, minutes: 5, token: "--p90" },
            { expr: `node_load15{${own}}`, minutes: 15, token: "--p50" },
          ],
        },
        stalls("cpu"),
      ],
    },
    {
      id: "memory",
      title: "hosts.memory",
      health: { expr: `1 - ${AVAILABLE}{${own}} / ${TOTAL}{${own}}`, warn: 0.9, crit: 0.97 },
      charts: [
        {
          title: "hosts.memory",
          unit: "bytes",
          queries: [
            { expr: `${TOTAL}{${own}} - ${AVAILABLE}{${own}}`, name: "hosts.memoryUsed" },
            { expr: `node_memory_Cached_bytes{${own}}`, name: "hosts.memoryCached" },
            { expr: `${TOTAL}{${own}}`, name: "hosts.memoryTotal", token: "--text-3" },
          ],
          live: (window, t) => [
            {
              key: "used",
              name: t("hosts.memoryUsed"),
              values: combined(window, [TOTAL, AVAILABLE], ([total = 0, available = 0]) => total - available),
            },
            {
              key: "cached",
              name: t("hosts.memoryCached"),
              values: window.gauges("node_memory_Cached_bytes")[0]?.values ?? [],
            },
            {
              key: "total",
              name: t("hosts.memoryTotal"),
              values: window.gauges(TOTAL)[0]?.values ?? [],
              token: "--text-3",
            },
          ],
        },
        {
          title: "hosts.swap",
          unit: "bytes",
          queries: [
            {
              expr: `node_memory_SwapTotal_bytes{${own}} - node_memory_SwapFree_bytes{${own}}`,
              name: "hosts.memoryUsed",
            },
            { expr: `node_memory_SwapTotal_bytes{${own}}`, name: "hosts.swapTotal", token: "--text-3" },
          ],
        },
        stalls("memory"),
      ],
    },
    {
      id: "disk",
      title: "hosts.disk",
      health: { expr: `max(${full})`, warn: 0.9, crit: 0.97 },
      charts: [
        {
          title: "hosts.diskIo",
          unit: "bytes/s",
          queries: [
            { expr: rate("node_disk_read_bytes_total", disks, "sum by (device)"), name: "hosts.read" },
            { expr: rate("node_disk_written_bytes_total", disks, "sum by (device)"), name: "hosts.written" },
          ],
          live: (window, t) =>
            pair(window, t, isLoop, [
              ["node_disk_read_bytes_total", "hosts.read"],
              ["node_disk_written_bytes_total", "hosts.written"],
            ]),
        },
        { title: "hosts.filesystems", unit: "ratio", top: 1, queries: [{ expr: full }] },
        {
          title: "hosts.diskBusy",
          unit: "ratio",
          top: 1,
          queries: [{ expr: rate("node_disk_io_time_seconds_total", disks, "sum by (device)") }],
        },
        stalls("io"),
      ],
    },
    {
      id: "network",
      title: "hosts.network",
      health: {
        expr: `sum(rate(node_network_receive_errs_total{${nets}}[$__rate_interval])) + sum(rate(node_network_transmit_errs_total{${nets}}[$__rate_interval]))`,
        warn: 0.01,
        crit: 10,
      },
      charts: [
        {
          title: "hosts.network",
          unit: "bytes/s",
          queries: [
            { expr: rate("node_network_receive_bytes_total", nets, "sum by (device)"), name: "hosts.rx" },
            { expr: rate("node_network_transmit_bytes_total", nets, "sum by (device)"), name: "hosts.tx" },
          ],
          live: (window, t) =>
            pair(window, t, isInner, [
              ["node_network_receive_bytes_total", "hosts.rx"],
              ["node_network_transmit_bytes_total", "hosts.tx"],
            ]),
        },
        {
          title: "hosts.netErrors",
          unit: "/s",
          queries: [
            { expr: rate("node_network_receive_errs_total", nets, "sum"), name: "hosts.rxErrors" },
            { expr: rate("node_network_transmit_errs_total", nets, "sum"), name: "hosts.txErrors" },
            { expr: rate("node_network_receive_drop_total", nets, "sum"), name: "hosts.rxDrops" },
            { expr: rate("node_network_transmit_drop_total", nets, "sum"), name: "hosts.txDrops" },
          ],
        },
        {
          title: "hosts.connections",
          unit: "count",
          queries: [
            { expr: `node_netstat_Tcp_CurrEstab{${own}}`, name: "hosts.established" },
            { expr: `node_sockstat_TCP_tw{${own}}`, name: "hosts.timeWait" },
          ],
        },
      ],
    },
  ];
}
