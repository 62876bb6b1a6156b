// Containers: the tree of control groups with usage against limits, and one of them with charts, processes and events.

import { ChevronDown, ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";
import { Button, Switch } from "react-aria-components";
import { useParam } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { ContainerRow } from "../../data/types";
import { type Translate, useLanguage } from "../../i18n";
import { numberColumn, shareColumn, stateColumn, textColumn } from "../../ui/columns";
import { Entity } from "../../ui/Entity";
import { Empty, PageFailure, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";
import { ContainerDetail } from "./ContainerDetail";
import { cpuShare, memoryShare, stateOf, type TreeRow, treeRows } from "./rows";

/** A set with one member more, or less where it was one. */
function toggled(set: ReadonlySet<string>, member: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(member)) next.add(member);
  return next;
}

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
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => treeRows(rows, { groups, text, folded }), [rows, groups, text, folded]);
  const fold = (path: string) => setFolded((before) => toggled(before, path));
  const columns = containerColumns(t, folded, fold);
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.containers")}</h1>
        <p>{t("common.count", { n: shown.length })}</p>
        <div className="row end">
          <input
            type="search"
            className="input"
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

function containerColumns(t: Translate, folded: ReadonlySet<string>, fold: (path: string) => void): Column<TreeRow>[] {
  return [
    stateColumn(t("common.state"), stateOf),
    {
      id: "name",
      title: t("containers.name"),
      sort: ({ path }) => path,
      cell: ({ name, path, depth, below }) => (
        <span className="tree-name" style={{ paddingInlineStart: `${depth * 16}px` }}>
          {below > 0 ? (
            <Button
              className="btn ghost icon small"
              aria-expanded={!folded.has(path)}
              aria-label={t("containers.below", { name, n: below })}
              onPress={() => fold(path)}
            >
              {folded.has(path) ? <ChevronRight size={14} aria-hidden /> : <ChevronDown size={14} aria-hidden />}
            </Button>
          ) : (
            <span className="tree-gap" />
          )}
          <Entity kind="container" name={name} id={path} />
        </span>
      ),
    },
    textColumn("image", t("containers.image"), ({ image }) => image, { wide: true }),
    numberColumn("cpu", t("containers.cpu"), ({ cpu }) => cpu),
    shareColumn("cpuLimit", t("containers.ofCpuLimit"), cpuShare, { wide: true }),
    numberColumn("throttled", t("containers.throttled"), ({ throttled }) => throttled, { unit: "ratio", wide: true }),
    numberColumn("memory", t("containers.memory"), ({ memory }) => memory, { unit: "bytes" }),
    shareColumn("memoryLimit", t("containers.ofMemoryLimit"), memoryShare),
    numberColumn("oom", t("containers.oom"), ({ oom }) => oom, { unit: "count", wide: true }),
    numberColumn("rx", t("hosts.rx"), ({ net_rx }) => net_rx, { unit: "bytes/s", wide: true }),
    numberColumn("tx", t("hosts.tx"), ({ net_tx }) => net_tx, { unit: "bytes/s", wide: true }),
  ];
}
