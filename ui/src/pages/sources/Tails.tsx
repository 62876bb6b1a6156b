// Tailed files: how far each is read.

import type { Sources } from "../../data/types";
import { useT } from "../../i18n";
import { formatValue } from "../../lib/format";
import { Empty, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";

type Tail = Sources["tails"][number];

/** The tab. */
export function Tails({ tails }: { tails: Tail[] }) {
  const t = useT();
  const columns: Column<Tail>[] = [
    {
      id: "state",
      title: t("common.state"),
      sort: ({ state }) => state,
      cell: ({ state }) => <State state={state === "active" ? "reading" : state} />,
    },
    {
      id: "path",
      title: t("sources.file"),
      sort: ({ path }) => path,
      cell: ({ path, error }) => (
        <div>
          <code>{path}</code>
          {error ? <div className="error-text selectable">{error}</div> : null}
        </div>
      ),
    },
    {
      id: "lines",
      title: t("sources.lines"),
      numeric: true,
      sort: ({ lines }) => lines,
      cell: ({ lines }) => formatValue(lines, "count"),
    },
    {
      id: "read",
      title: t("sources.read"),
      numeric: true,
      sort: ({ offset, size }) => (size > 0 ? offset / size : 1),
      cell: ({ offset, size }) => `${formatValue(offset, "bytes")} / ${formatValue(size, "bytes")}`,
    },
  ];
  return (
    <Panel flush>
      {tails.length === 0 ? (
        <Empty title={t("sources.noTails")} hint={t("sources.noTailsHint")} />
      ) : (
        <Table label={t("sources.tails")} rows={tails} columns={columns} rowKey={({ path }) => path} />
      )}
    </Panel>
  );
}
