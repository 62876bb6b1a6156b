// Hosts: as a table or a honeycomb, and one host.

import { useParam } from "../../app/url";
import { type Translate, useLanguage } from "../../i18n";
import { numberColumn, shareColumn, stateColumn, textColumn } from "../../ui/columns";
import { Segments } from "../../ui/controls";
import { Entity } from "../../ui/Entity";
import { Honeycomb } from "../../ui/Honeycomb";
import { CopyButton, Empty, PageFailure, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";
import { HostDetail } from "./HostDetail";
import { useHosts, type WatchedHost } from "./useHosts";

/** The page. */
export function Hosts() {
  const { t } = useLanguage();
  const [chosen] = useParam("host");
  const [view, setView] = useParam("view", "table");
  const { hosts, shown, own, error, refetch } = useHosts();
  if (error && !hosts) return <PageFailure title={t("nav.hosts")} error={error} retry={() => void refetch()} />;
  if (chosen !== "")
    return (
      <HostDetail
        key={chosen}
        name={chosen}
        host={hosts?.find(({ instance }) => instance === chosen)}
        own={chosen === own}
      />
    );
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.hosts")}</h1>
        <p>{t("common.count", { n: shown.length })}</p>
        <div className="row end">
          <Segments
            label={t("hosts.view")}
            value={view}
            onChange={setView}
            choices={[
              { id: "table", text: t("hosts.table") },
              { id: "honeycomb", text: t("hosts.honeycomb") },
            ]}
          />
        </div>
      </div>
      <Panel flush={view !== "honeycomb"} busy={!hosts}>
        {hosts && shown.length === 0 ? <Empty title={t("hosts.none")} hint={t("hosts.noneHint")} /> : null}
        {shown.length === 0 ? null : view === "honeycomb" ? (
          <Honeycomb hosts={byState(shown)} label={t("nav.hosts")} />
        ) : (
          <Table
            label={t("nav.hosts")}
            rows={shown}
            columns={hostColumns(t)}
            rowKey={({ instance }) => instance}
            start={{ id: "cpu", down: true }}
          />
        )}
      </Panel>
    </>
  );
}

const WORST_FIRST = ["crit", "warn", "unknown", "ok"];

/** The worst first, then by name: what needs somebody stands at the top. */
function byState(hosts: readonly WatchedHost[]): WatchedHost[] {
  const rank = ({ state }: WatchedHost) => WORST_FIRST.indexOf(state);
  return [...hosts].sort((a, b) => rank(a) - rank(b) || a.instance.localeCompare(b.instance, "en", { numeric: true }));
}

function hostColumns(t: Translate): Column<WatchedHost>[] {
  return [
    stateColumn(t("common.state"), ({ state }) => state),
    {
      id: "name",
      title: t("hosts.host"),
      sort: ({ instance }) => instance,
      cell: ({ instance }) => <Entity kind="host" name={instance} />,
    },
    shareColumn("cpu", t("hosts.cpu"), ({ cpu }) => cpu),
    shareColumn("memory", t("hosts.memory"), ({ memory }) => memory),
    shareColumn("disk", t("hosts.disk"), ({ disk }) => disk),
    numberColumn("load", t("hosts.load"), ({ load1 }) => load1, { wide: true }),
    numberColumn("rx", t("hosts.rx"), ({ net_rx }) => net_rx, { unit: "bytes/s", wide: true }),
    numberColumn("tx", t("hosts.tx"), ({ net_tx }) => net_tx, { unit: "bytes/s", wide: true }),
    numberColumn("alerts", t("nav.alerts"), ({ alerts }) => alerts, { unit: "count", wide: true }),
    textColumn("os", t("hosts.os"), ({ os }) => os, { wide: true }),
    {
      id: "copy",
      title: "",
      wide: true,
      cell: ({ queries }) => <CopyButton text={Object.values(queries).join("\n")} label="action.copyQuery" />,
    },
  ];
}
