// What is stored, by signal, and the ports that take data in.

import { useStatus } from "../../app/session";
import type { Status } from "../../data/types";
import { translateMaybe, useLanguage } from "../../i18n";
import { formatDateTime, formatValue } from "../../lib/format";
import { CopyButton, Failure, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";

/** The tab. */
export function Store() {
  const { t, language } = useLanguage();
  const { data, error, refetch } = useStatus();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <div className="progress" />;
  const columns: Column<Status["signals"][number]>[] = [
    {
      id: "signal",
      title: t("sources.signal"),
      sort: ({ signal }) => signal,
      cell: ({ signal }) => translateMaybe(language, `signal.${signal}`, signal),
    },
    {
      id: "rows",
      title: t("sources.rows"),
      numeric: true,
      sort: ({ rows }) => rows,
      cell: ({ rows }) => formatValue(rows, "count"),
    },
    {
      id: "bytes",
      title: t("sources.bytes"),
      numeric: true,
      sort: ({ bytes }) => bytes,
      cell: ({ bytes }) => formatValue(bytes, "bytes"),
    },
    {
      id: "parts",
      title: t("sources.parts"),
      numeric: true,
      sort: ({ parts }) => parts,
      cell: ({ parts }) => formatValue(parts, "count"),
    },
    {
      id: "head",
      title: t("sources.head"),
      numeric: true,
      sort: ({ head_rows }) => head_rows,
      cell: ({ head_rows }) => formatValue(head_rows, "count"),
    },
  ];
  const ports: Column<Status["listen"][number]>[] = [
    { id: "port", title: t("sources.port"), numeric: true, sort: ({ port }) => port, cell: ({ port }) => port },
    { id: "role", title: t("sources.role"), sort: ({ role }) => role, cell: ({ role }) => role },
    {
      id: "url",
      title: t("sources.address"),
      cell: ({ url }) => (
        <span className="row nogap">
          <code>{url}</code>
          <CopyButton text={url} />
        </span>
      ),
    },
  ];
  return (
    <div className="stack">
      <Panel
        title={t("sources.store")}
        note={t("sources.startedAt", { time: formatDateTime(data.started_at, language) })}
        flush
      >
        <Table label={t("sources.store")} rows={data.signals} columns={columns} rowKey={({ signal }) => signal} />
      </Panel>
      <Panel title={t("sources.ports")} flush>
        <Table
          label={t("sources.ports")}
          rows={data.listen}
          columns={ports}
          rowKey={({ port, role }) => `${port}${role}`}
          start={{ id: "port", down: false }}
        />
      </Panel>
    </div>
  );
}
