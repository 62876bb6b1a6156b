// One host: what it is, and live charts of CPU, memory, load, disk, file systems and network by node_exporter's names.

import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useClock } from "../../app/url";
import type { Host } from "../../data/types";
import { type Key, useLanguage } from "../../i18n";
import { formatAgo, formatSpan, formatValue, type Unit } from "../../lib/format";
import { quote } from "../../lib/promql";
import { ScopeButton } from "../../ui/ScopeButton";
import { State } from "../../ui/State";
import { PromPanel } from "../../viz/PromPanel";
import { Stat } from "../services/Services";

/** The page of a host. */
export function HostDetail({ name, host }: { name: string; host: Host | undefined }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  return (
    <>
      <div className="page-head">
        <Link to="/hosts" search={{}} className="btn ghost icon" aria-label={t("hosts.back")}>
          <ArrowLeft size={16} aria-hidden />
        </Link>
        <h1>{name}</h1>
        {host ? <State state={host.state} /> : null}
        {host?.since ? <span className="muted">{formatAgo(host.since, now, language)}</span> : null}
        <p>{[host?.os, host?.kernel].filter(Boolean).join(" · ")}</p>
        <div className="row end">
          <ScopeButton chip={{ key: "host", value: name }} />
        </div>
      </div>
      {host ? (
        <dl className="stats">
          <Stat name={t("hosts.cpu")} value={formatValue(host.cpu, "ratio")} />
          <Stat name={t("hosts.memory")} value={formatValue(host.memory, "ratio")} />
          <Stat name={t("hosts.disk")} value={formatValue(host.disk, "ratio")} />
          <Stat name={t("hosts.load")} value={formatValue(host.load1)} />
          <Stat name={t("hosts.cpus")} value={formatValue(host.cpus, "count")} />
          <Stat name={t("hosts.memoryTotal")} value={formatValue(host.memory_total, "bytes")} />
          <Stat
            name={t("hosts.upFor")}
            value={host.boot_time ? formatSpan(now - Date.parse(host.boot_time), language) : "–"}
          />
        </dl>
      ) : null}
      <HostCharts name={name} />
    </>
  );
}

interface HostChart {
  title: Key;
  unit: Unit;
  top?: number;
  queries: { expr: string; name?: Key; minutes?: number; token?: string }[];
}

/** The charts of a host by node_exporter's names. */
function hostCharts(name: string): HostChart[] {
  const own = `instance=${quote(name)}`;
  const disks = `${own},device!~"loop.*|ram.*"`;
  const nets = `${own},device!~"lo|veth.*|br-.*|docker.*"`;
  const mounts = `${own},fstype!~"tmpfs|devtmpfs|squashfs|ramfs|proc|sysfs"`;
  const rate = (metric: string, selector: string, by: string) =>
    `${by} (rate(${metric}{${selector}}[$__rate_interval]))`;
  return [
    {
      title: "hosts.cpuByMode",
      unit: "ratio",
      queries: [{ expr: rate("node_cpu_seconds_total", `${own},mode!="idle"`, "avg by (mode)") }],
    },
    {
      title: "hosts.memory",
      unit: "bytes",
      queries: [
        {
          expr: `node_memory_MemTotal_bytes{${own}} - node_memory_MemAvailable_bytes{${own}}`,
          name: "hosts.memoryUsed",
        },
        { expr: `node_memory_Cached_bytes{${own}}`, name: "hosts.memoryCached" },
        { expr: `node_memory_MemTotal_bytes{${own}}`, name: "hosts.memoryTotal", token: "--text-3" },
      ],
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
    {
      title: "hosts.filesystems",
      unit: "ratio",
      top: 1,
      queries: [
        {
          expr: `1 - max by (mountpoint) (node_filesystem_avail_bytes{${mounts}}) / max by (mountpoint) (node_filesystem_size_bytes{${mounts}})`,
        },
      ],
    },
    {
      title: "hosts.diskIo",
      unit: "bytes/s",
      queries: [
        { expr: rate("node_disk_read_bytes_total", disks, "sum by (device)"), name: "hosts.read" },
        { expr: rate("node_disk_written_bytes_total", disks, "sum by (device)"), name: "hosts.written" },
      ],
    },
    {
      title: "hosts.network",
      unit: "bytes/s",
      queries: [
        { expr: rate("node_network_receive_bytes_total", nets, "sum by (device)"), name: "hosts.rx" },
        { expr: rate("node_network_transmit_bytes_total", nets, "sum by (device)"), name: "hosts.tx" },
      ],
    },
  ];
}

function HostCharts({ name }: { name: string }) {
  const { t } = useLanguage();
  return (
    <div className="grid">
      {hostCharts(name).map(({ title, unit, top, queries }) => (
        <div className="col-6" key={title}>
          <PromPanel
            title={t(title)}
            unit={unit}
            {...(top ? { top } : {})}
            queries={queries.map(({ expr, name: text, minutes, token }) => ({
              expr,
              ...(text ? { name: t(text) } : minutes ? { name: t("hosts.minutes", { n: minutes }) } : {}),
              ...(token ? { token } : {}),
            }))}
          />
        </div>
      ))}
    </div>
  );
}
