// Alert groups: common labels once in the head, one row an alert, silence in two clicks.

import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useParam, useScope } from "../../app/url";
import type { Alert, Alerts } from "../../data/types";
import { type Translate, useT } from "../../i18n";
import { score } from "../../lib/choseong";
import { inScope } from "../../lib/scope";
import { Segments, Text } from "../../ui/controls";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { AlertRow } from "./AlertRow";

const STATES = ["all", "firing", "pending", "silenced", "resolved"] as const;

/** The state an alert is shown in: a silenced one is no longer shouting. */
export function shownState(alert: Pick<Alert, "state" | "silenced_by">): string {
  return alert.state === "firing" && alert.silenced_by.length > 0 ? "silenced" : alert.state;
}

/** Labels that every alert of a group has alike. */
export function commonLabels(alerts: readonly Alert[]): Record<string, string> {
  const [first] = alerts;
  return Object.fromEntries(
    Object.entries(first?.labels ?? {}).filter(([name, value]) => alerts.every(({ labels }) => labels[name] === value)),
  );
}

/** The list of groups. */
export function Groups({ alerts }: { alerts: UseQueryResult<Alerts> }) {
  const t = useT();
  const [state, setState] = useParam("state", "all");
  const [typed, setTyped] = useState("");
  const [scope] = useScope();
  const { data, error, refetch } = alerts;
  const groups = useMemo(
    () =>
      (data?.groups ?? [])
        .map((group) => ({
          ...group,
          alerts: group.alerts.filter(
            (alert) =>
              (state === "all" || shownState(alert) === state) &&
              inScope(scope, { host: alert.labels.instance, service: alert.labels.service, job: alert.labels.job }) &&
              (typed === "" ||
                score(typed, alert.name) > 0 ||
                Object.values(alert.labels).some((value) => score(typed, value) > 0)),
          ),
        }))
        .filter((group) => group.alerts.length > 0),
    [data, state, typed, scope],
  );
  const counts = countStates(data);
  return (
    <div className="stack">
      <div className="row">
        <Segments
          label={t("common.state")}
          value={state}
          onChange={setState}
          choices={STATES.map((id) => ({
            id,
            text: `${t(id === "all" ? "common.all" : `state.${id}`)} ${counts[id] ?? 0}`,
          }))}
        />
        <div className="filter-box">
          <Text
            label={t("common.filter")}
            hideLabel
            placeholder={t("alerts.filter")}
            value={typed}
            onChange={setTyped}
          />
        </div>
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && groups.length === 0 ? (
        <Panel>
          <Empty
            title={t(counts.all === 0 ? "alerts.none" : "alerts.noMatch")}
            hint={counts.all === 0 ? t("alerts.noneHint", { n: data.rules_loaded }) : undefined}
          />
        </Panel>
      ) : null}
      {groups.map((group) => {
        const common = group.alerts.length > 1 ? commonLabels(group.alerts) : group.labels;
        return (
          <Panel
            key={`${group.receiver}${JSON.stringify(group.labels)}`}
            title={
              Object.entries(group.labels)
                .map(([name, value]) => `${name}=${value}`)
                .join(" ") || t("alerts.ungrouped")
            }
            note={receiverNote(group.receiver, t)}
            flush
          >
            <ul className="needs">
              {group.alerts.map((alert) => (
                <AlertRow key={`${alert.fingerprint}${alert.starts_at}`} alert={alert} common={common} />
              ))}
            </ul>
          </Panel>
        );
      })}
    </div>
  );
}

function countStates(data: Alerts | undefined): Record<string, number> {
  const counts: Record<string, number> = { all: 0 };
  for (const alert of (data?.groups ?? []).flatMap((group) => group.alerts)) {
    const state = shownState(alert);
    counts[state] = (counts[state] ?? 0) + 1;
    counts.all = (counts.all ?? 0) + 1;
  }
  return counts;
}

/** Who is told; the built-in receiver `none` tells nobody. */
function receiverNote(receiver: string, t: Translate): string {
  return receiver === "" || receiver === "none" ? t("alerts.noReceiver") : t("alerts.receiver", { name: receiver });
}
