// Containers: the tree of control groups with usage against limits, and one of them with charts, processes and events.

import { useMemo } from "react";
import { Switch } from "react-aria-components";
import { useParam } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { ContainerRow } from "../../data/types";
import { type Translate, useLanguage } from "../../i18n";
import { formatValue } from "../../lib/format";
import { Entity } from "../../ui/Entity";
import { Empty, PageFailure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";
import { Meter } from "../hosts/Meter";
import { ContainerDetail } from "./ContainerDetail";
import { stateOf, type TreeRow, treeRows } from "./rows";

/** The page. */
export function Containers() {
  const { t } = useLanguage();
  const [chosen] = useParam("container");
  const { data, error, refetch } = useNative<{ on: boolean; containers: ContainerRow[] }>("/api/gw/containers");
  if (error && !data) return <PageFailure title={t("nav.containers")} error={error} retry={() => void refetch()} />;
  if (chosen !== "") return <ContainerDetail path={chosen} />;
  return <ContainerList rows={data?.containers ?? []} loading={!data} on={data?.on ?? true} />;
}

function ContainerList({ rows, loading, on }: { rows: ContainerRow[]; loading: boolean; on: boolean }) {
  const { t } = useLanguage();
  const [text, setText] = useParam("find");
  const [view, setView] = useParam("view");
  const some = rows.some(({ runtime }) => runtime !== "");
  // A machine without containers would show nothing but the machine.
  const groups = view === "" ? !some : view === "groups";
  const shown = useMemo(() => treeRows(rows, { groups, text }), [rows, groups, text]);
  const columns = containerColumns(t);
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.containers")}</h1>
        <p>{t("common.count", { n: shown.length })}</p>
        <div className="row end">
          <input
            type="search"
            aria-label={t("containers.find")}
            placeholder={t("containers.find")}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          <Switch
            className="switch"
            isSelected={groups}
            onChange={(selected) => setView(selected ? "groups" : "containers")}
          >
            <span className="switch-track" aria-hidden />
            {t("containers.groups")}
          </Switch>
        </div>
      </div>
      <Panel flush busy={loading}>
        {!loading && shown.length === 0 ? (
          <Empty
            title={t(on ? "containers.none" : "containers.off")}
            hint={t(on ? "containers.noneHint" : "containers.offHint")}
          />
        ) : (
          <Table label={t("nav.containers")} rows={shown} columns={columns} rowKey={({ path }) => path} />
        )}
      </Panel>
    </>
  );
}

function containerColumns(t: Translate): Column<TreeRow>[] {
  return [
    { id: "state", title: t("common.state"), sort: stateOf, cell: (row) => <State state={stateOf(row)} /> },
    {
      id: "name",
      title: t("containers.name"),
      sort: ({ path }) => path,
      cell: ({ name, path, depth }) => (
        <span style={{ paddingInlineStart: `${depth * 16}px` }}>
          <Entity kind="container" name={name} id={path} />
        </span>
      ),
    },
    { id: "image", title: t("containers.image"), wide: true, sort: ({ image }) => image, cell: ({ image }) => image },
    {
      id: "cpu",
      title: t("containers.cpu"),
      numeric: true,
      sort: ({ cpu }) => cpu,
      cell: ({ cpu, cpu_limit }) =>
        cpu_limit && cpu !== null ? (
          <Meter value={cpu / cpu_limit} name={t("containers.cpu")} />
        ) : (
          formatValue(cpu, "none")
        ),
    },
    {
      id: "throttled",
      title: t("containers.throttled"),
      numeric: true,
      wide: true,
      sort: ({ throttled }) => throttled,
      cell: ({ throttled }) => formatValue(throttled, "ratio"),
    },
    {
      id: "memory",
      title: t("containers.memory"),
      numeric: true,
      sort: ({ memory }) => memory,
      cell: ({ memory }) => formatValue(memory, "bytes"),
    },
    {
      id: "limit",
      title: t("containers.ofLimit"),
      numeric: true,
      sort: ({ memory, memory_limit }) => (memory_limit ? memory / memory_limit : null),
      cell: ({ memory, memory_limit }) =>
        memory_limit ? <Meter value={memory / memory_limit} name={t("containers.ofLimit")} /> : "–",
    },
    {
      id: "oom",
      title: t("containers.oom"),
      numeric: true,
      wide: true,
      sort: ({ oom }) => oom,
      cell: ({ oom }) => formatValue(oom, "count"),
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
  ];
}
