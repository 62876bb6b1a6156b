// Rate, errors and durations of entry points, routers or services, each row with its trend and its exact queries.

import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useScope } from "../../app/url";
import { useRanges } from "../../data/hooks";
import type { Red } from "../../data/types";
import { useT } from "../../i18n";
import { formatValue } from "../../lib/format";
import { overTime } from "../../lib/promql";
import { inScope } from "../../lib/scope";
import { CopyButton } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";
import { Spark } from "../../viz/Spark";

interface RedTableProps {
  label: string;
  rows: readonly Red[];
  start?: { id: string; down: boolean };
  /** Leaves out trend and the inner quantiles. */
  brief?: boolean;
  name?: (row: Red) => React.ReactNode;
}

const TRENDS = 24;

/** How bad an error ratio is. */
export function errorTone(ratio: number | null): string {
  return ratio === null || ratio < 0.01 ? "" : ratio < 0.05 ? "c-warn" : "c-crit";
}

const keyOf = (row: Red) => `${row.kind}:${row.gateway ?? ""}:${row.name}`;

/** The table. */
export function RedTable({ label, rows, start, brief, name }: RedTableProps) {
  const t = useT();
  const [scope] = useScope();
  const shown = useMemo(() => rows.filter((row) => inScope(scope, scopeOf(row))), [rows, scope]);
  const trended = useMemo(
    () => (brief ? [] : [...shown].sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0)).slice(0, TRENDS)),
    [shown, brief],
  );
  const trends = useRanges(
    trended.map((row) => overTime(row.queries.rate ?? "")),
    40,
  );
  const trendOf = new Map(trended.map((row, at) => [keyOf(row), trends[at]?.data?.series[0]?.values]));

  const columns: Column<Red>[] = [
    { id: "name", title: t("red.name"), sort: (row) => row.name, cell: name ?? ((row) => <RowName row={row} />) },
    {
      id: "rate",
      title: t("red.rate"),
      numeric: true,
      sort: (row) => row.rate,
      cell: (row) => formatValue(row.rate, "/s"),
    },
    {
      id: "errors",
      title: t("red.errors"),
      numeric: true,
      sort: (row) => row.error_ratio,
      cell: (row) => <span className={errorTone(row.error_ratio)}>{formatValue(row.error_ratio, "ratio")}</span>,
    },
    ...(brief ? [] : [quantile("p50", (row) => row.p50), quantile("p90", (row) => row.p90)]),
    quantile("p99", (row) => row.p99, false),
    ...(brief
      ? []
      : [
          {
            id: "trend",
            title: t("red.trend"),
            wide: true,
            cell: (row: Red) => {
              const values = trendOf.get(keyOf(row));
              return values ? <Spark values={values} label={`${row.name}: ${t("red.trend")}`} /> : null;
            },
          },
        ]),
    {
      id: "copy",
      title: "",
      wide: true,
      cell: (row) => (queriesOf(row) ? <CopyButton text={queriesOf(row)} label="action.copyQuery" /> : null),
    },
  ];
  return (
    <Table label={label} rows={shown} columns={columns} rowKey={keyOf} start={start ?? { id: "rate", down: true }} />
  );
}

function quantile(id: "p50" | "p90" | "p99", value: (row: Red) => number | null, wide = true): Column<Red> {
  return { id, title: id, numeric: true, wide, sort: value, cell: (row) => formatValue(value(row), "seconds") };
}

function scopeOf(row: Red): Record<string, string | null> {
  const key = row.kind === "service" ? "service" : row.kind === "router" ? "route" : "entrypoint";
  return { gateway: row.gateway, [key]: row.name };
}

function queriesOf(row: Red): string {
  return Object.values(row.queries)
    .filter((query) => query)
    .join("\n");
}

function RowName({ row }: { row: Red }) {
  const { rate: expr, sql } = row.queries;
  return (
    <span className="red-name" translate="no" title={row.gateway ?? undefined}>
      {expr ? (
        <Link to={"/explore/metrics"} search={{ expr: overTime(expr) }}>
          {row.name}
        </Link>
      ) : sql ? (
        <Link to="/explore/query" search={{ sql }}>
          {row.name}
        </Link>
      ) : (
        row.name
      )}
    </span>
  );
}
