// Explore > SQL: one query over all signals, its rows and what it cost.

import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useParam } from "../../app/url";
import { write } from "../../data/http";
import type { SqlAnswer } from "../../data/types";
import { useT } from "../../i18n";
import { formatValue } from "../../lib/format";
import { Text } from "../../ui/controls";
import { CopyButton, Empty, Failure, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";

const LIMIT = 1000;
const EXAMPLES = [
  "SELECT * FROM logs ORDER BY time DESC LIMIT 100",
  "SELECT service, count(*) AS spans FROM spans GROUP BY service ORDER BY spans DESC",
  "SHOW TABLES",
];

/** The page. Runs on demand only; a query in the link runs once it is opened. */
export function Query() {
  const t = useT();
  const [asked, setAsked] = useParam("sql");
  const [draft, setDraft] = useState(asked || (EXAMPLES[0] ?? ""));
  const run = useMutation({
    mutationFn: (query: string) => write<SqlAnswer>("POST", "/api/gw/sql", { query, limit: LIMIT }),
  });
  const start = (query: string) => {
    setAsked(query);
    run.mutate(query);
  };
  const opened = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page opens with a query in its link
  useEffect(() => {
    if (asked && !opened.current) run.mutate(asked);
    opened.current = true;
  }, []);
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.query")}</h1>
      </div>
      <Panel>
        <form
          className="stack pad-top"
          onSubmit={(event) => {
            event.preventDefault();
            start(draft);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.nativeEvent.isComposing) {
              event.preventDefault();
              start(draft);
            }
          }}
        >
          <div className="sql">
            <Text label={t("query.label")} value={draft} onChange={setDraft} multiline />
          </div>
          <div className="row">
            <Button className="btn primary" type="submit" isDisabled={run.isPending}>
              <Play size={14} aria-hidden /> {t("action.run")}
            </Button>
            <CopyButton text={draft} label="action.copyQuery" />
            <span className="faint small">{t("query.keys")}</span>
          </div>
          <div className="row" role="group" aria-label={t("query.examples")}>
            {EXAMPLES.map((text) => (
              <button type="button" key={text} className="chip as-button" onClick={() => setDraft(text)}>
                <code className="clip">{text}</code>
              </button>
            ))}
          </div>
        </form>
      </Panel>
      {run.error ? <Failure error={run.error} /> : null}
      {run.data ? <Result answer={run.data} busy={run.isPending} /> : null}
      {!run.data && !run.error ? (
        <Panel busy={run.isPending}>
          <Empty title={t("query.none")} hint={t("query.noneHint")} />
        </Panel>
      ) : null}
    </>
  );
}

/** A cell as text: objects as JSON, nothing as NULL. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Rows as comma-separated values (RFC 4180). */
export function toCsv({ columns, rows }: Pick<SqlAnswer, "columns" | "rows">): string {
  const cell = (value: unknown) => {
    const text = value === null || value === undefined ? "" : cellText(value);
    return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [columns.map(({ name }) => cell(name)), ...rows.map((row) => row.map(cell))]
    .map((row) => row.join(","))
    .join("\r\n");
}

function Result({ answer, busy }: { answer: SqlAnswer; busy: boolean }) {
  const t = useT();
  const columns = answer.columns.map(({ name, type }, at): Column<{ key: string; cells: unknown[] }> => {
    const numeric = /int|float|double|decimal/i.test(type);
    return {
      id: `${at}`,
      title: name,
      numeric,
      sort: ({ cells }) => {
        const value = cells[at];
        return value === null || value === undefined ? null : numeric ? Number(value) : cellText(value);
      },
      cell: ({ cells }) => <code className={cells[at] === null ? "faint" : ""}>{cellText(cells[at])}</code>,
    };
  });
  const rows = answer.rows.map((cells, at) => ({ key: String(at), cells }));
  return (
    <Panel
      title={t("query.rows", { n: formatValue(answer.stats.rows, "count") })}
      note={`${formatValue(answer.stats.millis / 1000, "seconds")}${rows.length >= LIMIT ? ` · ${t("query.cut", { n: LIMIT })}` : ""}`}
      actions={<CopyButton text={toCsv(answer)} label="query.csv" />}
      busy={busy}
      flush
    >
      {rows.length === 0 ? (
        <Empty title={t("query.empty")} />
      ) : (
        <Table label={t("nav.query")} rows={rows} columns={columns} rowKey={({ key }) => key} />
      )}
    </Panel>
  );
}
