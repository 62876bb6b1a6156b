// One control group: limits against usage, charts by cAdvisor's names, processes, what happened to it, image and labels.

import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useClock } from "../../app/url";
import { useNative } from "../../data/hooks";
import { path as address } from "../../data/http";
import type { ContainerDetail as Detail } from "../../data/types";
import { type Key, useLanguage } from "../../i18n";
import { formatAgo, formatSpan, formatValue, type Unit } from "../../lib/format";
import { quote } from "../../lib/promql";
import { Empty, PageFailure, Panel } from "../../ui/Panel";
import { Processes } from "../../ui/Processes";
import { State } from "../../ui/State";
import { PromPanel } from "../../viz/PromPanel";
import { Stat } from "../services/Services";
import { stateOf } from "./rows";

/** The page of a group. */
export function ContainerDetail({ path }: { path: string }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const { data, error, refetch } = useNative<Detail>(address("/api/gw/container", { path }));
  if (error && !data) return <PageFailure title={path} error={error} retry={() => void refetch()} />;
  const row = data?.container;
  const none = t("containers.noLimit");
  return (
    <>
      <div className="page-head">
        <Link to="/containers" search={{}} className="btn ghost icon" aria-label={t("containers.back")}>
          <ArrowLeft size={16} aria-hidden />
        </Link>
        <h1>{row?.name ?? path}</h1>
        {row ? <State state={stateOf(row)} /> : null}
        <p>{[row?.runtime, row?.image, path].filter(Boolean).join(" · ")}</p>
      </div>
      {row ? (
        <dl className="stats">
          <Stat name={t("containers.cpu")} value={formatValue(row.cpu, "none")} />
          <Stat name={t("containers.cpuLimit")} value={row.cpu_limit ? formatValue(row.cpu_limit, "none") : none} />
          <Stat name={t("containers.throttled")} value={formatValue(row.throttled, "ratio")} />
          <Stat name={t("containers.memory")} value={formatValue(row.memory, "bytes")} />
          <Stat
            name={t("containers.memoryLimit")}
            value={row.memory_limit ? formatValue(row.memory_limit, "bytes") : none}
          />
          <Stat name={t("containers.oom")} value={formatValue(row.oom, "count")} />
          <Stat
            name={t("hosts.upFor")}
            value={row.started ? formatSpan(now - Date.parse(row.started), language) : "–"}
          />
          {row.layer === null ? null : <Stat name={t("containers.layer")} value={formatValue(row.layer, "bytes")} />}
        </dl>
      ) : null}
      <Charts path={path} />
      {data ? <Facts data={data} /> : null}
    </>
  );
}

interface Chart {
  title: Key;
  unit: Unit;
  queries: { expr: string; name?: Key; token?: string }[];
}

/** The charts of a group by cAdvisor's names. */
function charts(path: string): Chart[] {
  const own = `id=${quote(path)}`;
  const rate = (metric: string, by = "sum") => `${by} (rate(${metric}{${own}}[$__rate_interval]))`;
  return [
    {
      title: "containers.cpu",
      unit: "none",
      queries: [
        { expr: rate("container_cpu_usage_seconds_total"), name: "containers.used" },
        {
          expr: `container_spec_cpu_quota{${own}} / container_spec_cpu_period{${own}}`,
          name: "containers.cpuLimit",
          token: "--text-3",
        },
      ],
    },
    {
      title: "containers.memory",
      unit: "bytes",
      queries: [
        { expr: `container_memory_working_set_bytes{${own}}`, name: "containers.used" },
        { expr: `container_memory_cache{${own}}`, name: "hosts.memoryCached" },
        {
          expr: `container_spec_memory_limit_bytes{${own}} > 0`,
          name: "containers.memoryLimit",
          token: "--text-3",
        },
      ],
    },
    {
      title: "containers.throttled",
      unit: "ratio",
      queries: [
        {
          expr: `rate(container_cpu_cfs_throttled_periods_total{${own}}[$__rate_interval]) / rate(container_cpu_cfs_periods_total{${own}}[$__rate_interval])`,
          name: "containers.throttled",
        },
      ],
    },
    {
      title: "containers.stalls",
      unit: "ratio",
      queries: [
        { expr: rate("container_pressure_cpu_waiting_seconds_total"), name: "hosts.cpu" },
        { expr: rate("container_pressure_memory_waiting_seconds_total"), name: "containers.memory" },
        { expr: rate("container_pressure_io_waiting_seconds_total"), name: "hosts.diskIo" },
      ],
    },
    {
      title: "hosts.diskIo",
      unit: "bytes/s",
      queries: [
        { expr: rate("container_fs_reads_bytes_total"), name: "hosts.read" },
        { expr: rate("container_fs_writes_bytes_total"), name: "hosts.written" },
      ],
    },
    {
      title: "hosts.network",
      unit: "bytes/s",
      queries: [
        { expr: rate("container_network_receive_bytes_total"), name: "hosts.rx" },
        { expr: rate("container_network_transmit_bytes_total"), name: "hosts.tx" },
      ],
    },
  ];
}

function Charts({ path }: { path: string }) {
  const { t } = useLanguage();
  return (
    <div className="grid">
      {charts(path).map(({ title, unit, queries }) => (
        <div className="col-6" key={title}>
          <PromPanel
            title={t(title)}
            unit={unit}
            queries={queries.map(({ expr, name, token }) => ({
              expr,
              ...(name ? { name: t(name) } : {}),
              ...(token ? { token } : {}),
            }))}
          />
        </div>
      ))}
    </div>
  );
}

function Facts({ data }: { data: Detail }) {
  const { t } = useLanguage();
  const labels = Object.entries(data.labels);
  return (
    <div className="grid">
      <div className="col-12">
        <Processes group={data.container.path} />
      </div>
      <div className="col-6">
        <Panel title={t("containers.events")}>
          <EventList events={data.events} />
        </Panel>
      </div>
      <div className="col-6">
        <Panel title={t("containers.identity")}>
          <dl className="kv">
            {data.id ? <Pair name={t("containers.id")} value={data.id} /> : null}
            {data.container.image ? <Pair name={t("containers.image")} value={data.container.image} /> : null}
            {data.aliases.length > 0 ? <Pair name={t("containers.names")} value={data.aliases.join(", ")} /> : null}
            {labels.map(([name, value]) => (
              <Pair key={name} name={name} value={value} />
            ))}
          </dl>
        </Panel>
      </div>
    </div>
  );
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt translate="no">{name}</dt>
      <dd translate="no">{value}</dd>
    </>
  );
}

function EventList({ events }: { events: Detail["events"] }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  if (events.length === 0) return <Empty title={t("containers.noEvents")} />;
  return (
    <ul className="stack">
      {events.map(({ time, kind, process, pid }) => (
        <li key={`${time}${kind}${pid ?? ""}`}>
          <span className="muted">{formatAgo(time, now, language)}</span>{" "}
          {t(`containers.event.${kind}` as Key, { process: process ?? "", pid: pid ?? 0 })}
        </li>
      ))}
    </ul>
  );
}
