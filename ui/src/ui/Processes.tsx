// The processes of a group, or of the machine: the largest share of CPU or memory first, all of them when asked.

import { Button } from "react-aria-components";
import { useParam } from "../app/url";
import { useNative } from "../data/hooks";
import { path } from "../data/http";
import type { ProcessRow } from "../data/types";
import { type Translate, useLanguage } from "../i18n";
import { numberColumn, textColumn } from "./columns";
import { Empty, Failure, Panel } from "./Panel";
import { type Column, Table } from "./Table";

/** The panel; without a group, the machine's. */
export function Processes({ group }: { group?: string }) {
  const { t } = useLanguage();
  const [all, setAll] = useParam("processes");
  const route = path("/api/gw/processes", { group, all: all === "all" ? 1 : undefined });
  const { data, error, refetch } = useNative<{ processes: ProcessRow[]; total: number }>(route);
  const shown = data?.processes ?? [];
  const total = data?.total ?? 0;
  const title = t("processes.title");
  return (
    <Panel
      title={title}
      note={data ? t(shown.length < total ? "processes.some" : "common.count", { n: shown.length, total }) : undefined}
      flush
      busy={!data && !error}
      actions={
        all === "all" || shown.length < total ? (
          <Button className="btn ghost small" onPress={() => setAll(all === "all" ? "" : "all")}>
            {t(all === "all" ? "processes.top" : "processes.all")}
          </Button>
        ) : null
      }
    >
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && shown.length === 0 ? <Empty title={t("processes.none")} /> : null}
      {shown.length === 0 ? null : (
        <Table
          label={title}
          rows={shown}
          columns={columns(t)}
          rowKey={({ pid }) => String(pid)}
          start={{ id: "cpu", down: true }}
          height={480}
        />
      )}
    </Panel>
  );
}

function columns(t: Translate): Column<ProcessRow>[] {
  return [
    { id: "pid", title: t("processes.pid"), numeric: true, wide: true, sort: ({ pid }) => pid, cell: ({ pid }) => pid },
    {
      id: "command",
      title: t("processes.program"),
      sort: ({ command }) => command,
      cell: ({ command, command_line }) => (
        <code translate="no" className="process" title={command_line ?? undefined}>
          {command_line ?? command}
        </code>
      ),
    },
    textColumn("user", t("processes.user"), ({ user }) => user, { wide: true }),
    numberColumn("cpu", t("hosts.cpu"), ({ cpu_percent }) => cpu_percent / 100, { unit: "ratio" }),
    numberColumn("memory", t("processes.resident"), ({ memory }) => memory, { unit: "bytes" }),
    textColumn("state", t("common.state"), ({ state }) => state, { wide: true }),
  ];
}
