// What is already known of a thing, shown while its chip is hovered or has the focus. Reads what pages have loaded; asks
// nothing itself.

import { useQueryClient } from "@tanstack/react-query";
import type { ContainerRow, Host, Monitor, Red } from "../data/types";
import { useT } from "../i18n";
import { formatValue } from "../lib/format";
import type { EntityKind } from "./Entity";
import { State } from "./State";

interface Fact {
  name: string;
  value: string;
}

interface Known {
  state?: string;
  facts: Fact[];
}

/** Facts of a thing from the cache; null where nothing is known. */
function useKnown(kind: EntityKind, id: string): Known | null {
  const t = useT();
  const client = useQueryClient();
  const latest = <T,>(route: string): T | undefined =>
    client
      .getQueriesData<T>({ queryKey: ["native", route] })
      .map(([, data]) => data)
      .findLast((data) => data !== undefined);
  if (kind === "host") {
    const host = latest<{ hosts: Host[] }>("/api/gw/hosts")?.hosts.find(({ instance }) => instance === id);
    if (!host) return null;
    const facts = [
      { name: t("hosts.cpu"), value: formatValue(host.cpu, "ratio") },
      { name: t("hosts.memory"), value: formatValue(host.memory, "ratio") },
      { name: t("hosts.disk"), value: formatValue(host.disk, "ratio") },
    ];
    return { state: host.state, facts };
  }
  if (kind === "container") {
    const { containers = [] } = latest<{ containers: ContainerRow[] }>("/api/gw/containers") ?? {};
    const row = containers.find(({ path }) => path === id);
    if (!row) return null;
    const facts = [
      { name: t("containers.cpu"), value: formatValue(row.cpu, "none") },
      { name: t("containers.memory"), value: formatValue(row.memory, "bytes") },
      { name: t("containers.image"), value: row.image || "–" },
    ];
    return { facts };
  }
  if (kind === "service") {
    const row = latest<{ services: Red[] }>("/api/gw/services")?.services.find(({ name }) => name === id);
    if (!row) return null;
    const facts = [
      { name: t("red.rate"), value: formatValue(row.rate, "/s") },
      { name: t("red.errors"), value: formatValue(row.error_ratio, "ratio") },
      { name: t("red.p99"), value: formatValue(row.p99, "seconds") },
    ];
    return { facts };
  }
  if (kind === "monitor") {
    const { monitors = [] } = latest<{ monitors: Monitor[] }>("/rooms/uptime/api/monitors") ?? {};
    const monitor = monitors.find((one) => String(one.id) === id);
    if (!monitor) return null;
    const facts = [
      { name: t("uptime.day"), value: formatValue(monitor.uptime_24h, "ratio") },
      { name: t("uptime.response"), value: formatValue(monitor.response, "seconds") },
    ];
    return { state: monitor.state, facts };
  }
  return null;
}

/** The card's content. */
export function EntityCard({ kind, name, id }: { kind: EntityKind; name: string; id: string }) {
  const known = useKnown(kind, id);
  return (
    <div className="entity-card">
      <div className="row">
        <strong translate="no">{name}</strong>
        {known?.state ? <State state={known.state} size={14} /> : null}
      </div>
      {known ? (
        <dl className="kv small">
          {known.facts.map((fact) => (
            <div key={fact.name} className="fact">
              <dt>{fact.name}</dt>
              <dd>{fact.value}</dd>
            </div>
          ))}
        </dl>
      ) : null}
    </div>
  );
}
