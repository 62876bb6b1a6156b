// Hosts as a honeycomb: one hexagon a host, its colour the state, its fill level the CPU in use.

import { Link } from "@tanstack/react-router";
import { useScope } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Host } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatValue } from "../../lib/format";
import { inScope } from "../../lib/scope";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { toneOf } from "../../ui/State";

/** The panel. */
export function Honeycomb() {
  const { t } = useLanguage();
  const [scope] = useScope();
  const { data, error } = useNative<{ hosts: Host[] }>("/api/gw/hosts");
  const hosts = (data?.hosts ?? []).filter(({ instance }) => inScope(scope, { host: instance }));
  return (
    <Panel title={t("overview.hosts")} note={hosts.length > 0 ? String(hosts.length) : undefined}>
      {error ? <Failure error={error} /> : null}
      {data && hosts.length === 0 ? <Empty title={t("hosts.none")} hint={t("hosts.noneHint")} /> : null}
      <ul className="honeycomb">
        {hosts.map((host) => (
          <li key={host.instance}>
            <Hexagon host={host} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Hexagon({ host }: { host: Host }) {
  const { t } = useLanguage();
  const tone = toneOf(host.state);
  const level = Math.min(1, Math.max(0, host.cpu ?? 0));
  const label = `${host.instance}: ${t("hosts.cpu")} ${formatValue(host.cpu, "ratio")}, ${t("hosts.memory")} ${formatValue(host.memory, "ratio")}`;
  return (
    <Link to={"/hosts"} search={{ host: host.instance }} className="hexagon" title={label} aria-label={label}>
      <svg viewBox="0 0 40 44" width={40} height={44} aria-hidden>
        <clipPath id={`level-${host.instance}`}>
          <rect x={0} y={44 - 44 * level} width={40} height={44 * level} />
        </clipPath>
        <path d="M20 1 38 11.5v21L20 43 2 32.5v-21z" fill={`var(--${tone})`} fillOpacity={0.12} />
        <path
          d="M20 1 38 11.5v21L20 43 2 32.5v-21z"
          fill={`var(--${tone})`}
          fillOpacity={0.4}
          clipPath={`url(#level-${host.instance})`}
        />
        <path
          d="M20 1 38 11.5v21L20 43 2 32.5v-21z"
          fill="none"
          stroke={`var(--${tone})`}
          strokeWidth={tone === "ok" ? 1.25 : 2.5}
        />
      </svg>
      <span className="small clip">{host.instance}</span>
    </Link>
  );
}
