// Hosts: the table, and one host live.

import { useMemo } from "react";
import { useParam, useScope } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Host } from "../../data/types";
import { type Translate, useLanguage } from "../../i18n";
import { formatValue } from "../../lib/format";
import { inScope } from "../../lib/scope";
import { Entity } from "../../ui/Entity";
import { CopyButton, Empty, PageFailure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";
import { HostDetail } from "./HostDetail";
import { Meter } from "./Meter";

/** The page. */
export function Hosts() {
  const { t } = useLanguage();
  const [chosen] = useParam("host");
  const [scope] = useScope();
  const { data, error, refetch } = useNative<{ hosts: Host[] }>("/api/gw/hosts");
  const hosts = useMemo(
    () => (data?.hosts ?? []).filter(({ instance }) => inScope(scope, { host: instance })),
    [data, scope],
  );
  if (error && !data) return <PageFailure title={t("nav.hosts")} error={error} retry={() => void refetch()} />;
  if (chosen !== "") return <HostDetail name={chosen} host={data?.hosts.find(({ instance }) => instance === chosen)} />;
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.hosts")}</h1>
        <p>{t("common.count", { n: hosts.length })}</p>
      </div>
      <Panel flush busy={!data}>
        {data && hosts.length === 0 ? (
          <Empty title={t("hosts.none")} hint={t("hosts.noneHint")} />
        ) : (
          <HostTable hosts={hosts} />
        )}
      </Panel>
    </>
  );
}

function HostTable({ hosts }: { hosts: Host[] }) {
  const { t } = useLanguage();
  const columns = hostColumns(t);
  return (
    <Table
      label={t("nav.hosts")}
      rows={hosts}
      columns={columns}
      rowKey={({ instance }) => instance}
      start={{ id: "cpu", down: true }}
    />
  );
}

function hostColumns(t: Translate): Column<Host>[] {
  return [
    { id: "state", title: t("common.state"), sort: ({ state }) => state, cell: ({ state }) => <State state={state} /> },
    {
      id: "name",
      title: t("hosts.host"),
      sort: ({ instance }) => instance,
      cell: ({ instance }) => <Entity kind="host" name={instance} />,
    },
    {
      id: "cpu",
      title: t("hosts.cpu"),
      numeric: true,
      sort: ({ cpu }) => cpu,
      cell: ({ cpu }) => <Meter value={cpu} name={t("hosts.cpu")} />,
    },
    {
      id: "memory",
      title: t("hosts.memory"),
      numeric: true,
      sort: ({ memory }) => memory,
      cell: ({ memory }) => <Meter value={memory} name={t("hosts.memory")} />,
    },
    {
      id: "disk",
      title: t("hosts.disk"),
      numeric: true,
      sort: ({ disk }) => disk,
      cell: ({ disk }) => <Meter value={disk} name={t("hosts.disk")} />,
    },
    {
      id: "load",
      title: t("hosts.load"),
      numeric: true,
      wide: true,
      sort: ({ load1 }) => load1,
      cell: ({ load1 }) => formatValue(load1),
    },
    {
      id: "rx",
      title: t("hosts.rx"),
      numeric: true,
      wide: true,
      sort: ({ net_rx }) => net_rx,
      cell: ({ net_rx }) => formatValue(net_rx, "bytes/s"),
    },
    {
      id: "tx",
      title: t("hosts.tx"),
      numeric: true,
      wide: true,
      sort: ({ net_tx }) => net_tx,
      cell: ({ net_tx }) => formatValue(net_tx, "bytes/s"),
    },
    { id: "os", title: t("hosts.os"), wide: true, sort: ({ os }) => os, cell: ({ os }) => os ?? "" },
    {
      id: "copy",
      title: "",
      wide: true,
      cell: ({ queries }) => <CopyButton text={Object.values(queries).join("\n")} label="action.copyQuery" />,
    },
  ];
}
