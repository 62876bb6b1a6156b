// The services of a host: units of systemd with their state where node_exporter's collector of that name runs, and what each
// uses where its group is on this machine.

import { useInstants, useNative } from "../../data/hooks";
import type { ContainerRow } from "../../data/types";
import { type Translate, useLanguage } from "../../i18n";
import { quote } from "../../lib/promql";
import { numberColumn, stateColumn } from "../../ui/columns";
import { Entity } from "../../ui/Entity";
import { Empty, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";

/** A unit: what systemd says of it, and what its group uses. */
interface Unit {
  name: string;
  state: string;
  group: ContainerRow | null;
}

/** What a state of systemd is called here. */
const STATES: Record<string, string> = { active: "up", failed: "failing", activating: "pending", inactive: "paused" };

/** Units by name, from both sources. */
export function unitsOf(
  states: readonly { labels: Record<string, string> }[],
  groups: readonly ContainerRow[],
): Unit[] {
  const units = new Map<string, Unit>();
  for (const group of groups) {
    const name = group.path.split("/").at(-1) ?? "";
    if (name.endsWith(".service")) units.set(name, { name, state: "up", group });
  }
  for (const { labels } of states) {
    const name = labels.name ?? "";
    if (!name.endsWith(".service")) continue;
    const state = STATES[labels.state ?? ""] ?? "unknown";
    // What was stopped on purpose is no news.
    if (state === "paused" && !units.has(name)) continue;
    units.set(name, { name, state, group: units.get(name)?.group ?? null });
  }
  return [...units.values()];
}

/** The panel. */
export function HostServices({ name, own }: { name: string; own: boolean }) {
  const { t } = useLanguage();
  const [states] = useInstants([`node_systemd_unit_state{instance=${quote(name)}} == 1`]);
  const groups = useNative<{ containers: ContainerRow[] }>("/api/gw/containers", false, own);
  const units = unitsOf(states?.data?.samples ?? [], own ? (groups.data?.containers ?? []) : []);
  const failed = units.filter(({ state }) => state === "failing").length;
  return (
    <Panel
      title={t("hosts.services")}
      note={units.length > 0 ? t("hosts.unitsFailed", { n: units.length, failed }) : undefined}
      flush
      busy={states?.isPending ?? true}
    >
      {units.length === 0 && !states?.isPending ? (
        <Empty title={t("hosts.noServices")} hint={t("hosts.noServicesHint")} />
      ) : null}
      {units.length > 0 ? (
        <Table
          label={t("hosts.services")}
          rows={units}
          columns={columns(t)}
          rowKey={({ name }) => name}
          start={{ id: "cpu", down: true }}
          height={420}
        />
      ) : null}
    </Panel>
  );
}

function columns(t: Translate): Column<Unit>[] {
  return [
    stateColumn(t("common.state"), ({ state }) => state),
    {
      id: "name",
      title: t("hosts.unit"),
      sort: ({ name }) => name,
      cell: ({ name, group }) =>
        group ? <Entity kind="container" name={name} id={group.path} /> : <span translate="no">{name}</span>,
    },
    numberColumn("cpu", t("containers.cpu"), ({ group }) => group?.cpu ?? null),
    numberColumn("memory", t("containers.memory"), ({ group }) => group?.memory ?? null, { unit: "bytes" }),
    numberColumn("oom", t("containers.oom"), ({ group }) => group?.oom ?? null, { unit: "count", wide: true }),
  ];
}
