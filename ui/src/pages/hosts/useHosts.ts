// The hosts with the worst of what is known of them: their own state, and the alerts that name them.

import { useMemo } from "react";
import { useAlerts } from "../../app/session";
import { useScope } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Alerts, Host } from "../../data/types";
import { inScope } from "../../lib/scope";

/** A host and the firing alerts that name it. */
export interface WatchedHost extends Host {
  alerts: number;
}

const RANK = ["unknown", "ok", "warn", "crit"];

/** Hosts with the worse of their state and that of their loud alerts. */
export function withAlerts(hosts: readonly Host[], alerts: Alerts | undefined): WatchedHost[] {
  const loud = new Map<string, { instance: string; state: string }>();
  for (const { fingerprint, state, silenced_by, severity, labels } of (alerts?.groups ?? []).flatMap(
    (group) => group.alerts,
  ))
    if (state === "firing" && silenced_by.length === 0 && labels.instance)
      loud.set(fingerprint, { instance: labels.instance, state: /^(crit|page)/.test(severity) ? "crit" : "warn" });
  return hosts.map((host) => {
    const own = [...loud.values()].filter(({ instance }) => instance === host.instance);
    const state = own.reduce(
      (worst, alert) => (RANK.indexOf(alert.state) > RANK.indexOf(worst) ? alert.state : worst),
      host.state,
    );
    return { ...host, state, alerts: own.length };
  });
}

/** The hosts of the scope, and which of them this product runs on. */
export function useHosts() {
  const [scope] = useScope();
  const { data, error, refetch } = useNative<{ hosts: Host[]; own: string }>("/api/gw/hosts");
  const alerts = useAlerts().data;
  const hosts = useMemo(() => data && withAlerts(data.hosts, alerts), [data, alerts]);
  const shown = useMemo(
    () => (hosts ?? []).filter(({ instance }) => inScope(scope, { host: instance })),
    [hosts, scope],
  );
  return { hosts, shown, own: data?.own ?? "", error, refetch };
}
