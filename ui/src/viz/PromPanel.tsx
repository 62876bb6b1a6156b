// A panel that draws PromQL: chart or table of numbers, the query to copy, and a way into Explore.

import { Link } from "@tanstack/react-router";
import { ChartLine, Table2 } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useRanges } from "../data/hooks";
import type { Matrix } from "../data/rooms";
import { useT } from "../i18n";
import type { Unit } from "../lib/format";
import { labelKey } from "../lib/palette";
import { shortNames } from "../lib/promql";
import { Empty, Failure, Panel } from "../ui/Panel";
import { type ChartSeries, TimeChart } from "./TimeChart";

/** One query of a panel. */
export interface PanelQuery {
  expr: string;
  /** Name of its single series; without it the labels that differ are shown. */
  name?: string;
  token?: string;
}

interface PromPanelProps {
  title: string;
  queries: readonly PanelQuery[];
  unit?: Unit;
  height?: number;
  top?: number;
  thresholds?: readonly number[];
}

/** The series of several answers on the time axis of the first. */
export function joinMatrices(
  queries: readonly PanelQuery[],
  answers: readonly (Matrix | undefined)[],
): { times: number[]; series: ChartSeries[] } {
  const times = answers.find((answer) => answer)?.times ?? [];
  const series = queries.flatMap((query, at) => {
    const answer = answers[at];
    if (!answer || answer.times.length !== times.length) return [];
    const names = shortNames(answer.series.map(({ labels }) => labels));
    return answer.series.map(({ labels, values }, index): ChartSeries => {
      const own = names[index] ?? "";
      return {
        key: `${query.name ?? at}:${labelKey(labels)}`,
        name: query.name ? (answer.series.length === 1 ? query.name : `${own} ${query.name}`) : own,
        values,
        ...(query.token ? { token: query.token } : {}),
      };
    });
  });
  return { times, series };
}

/** The panel. */
export function PromPanel({ title, queries, unit = "none", height, top, thresholds }: PromPanelProps) {
  const t = useT();
  const [table, setTable] = useState(false);
  const answers = useRanges(queries.map(({ expr }) => expr));
  const { times, series } = joinMatrices(
    queries,
    answers.map(({ data }) => data),
  );
  const failed = answers.find(({ error }) => error);
  const waiting = answers.some(({ isPending }) => isPending);
  const text = queries.map(({ expr }) => expr).join("\n");
  return (
    <Panel
      title={title}
      query={text}
      busy={waiting}
      actions={
        <>
          <Button
            className="btn ghost icon small"
            aria-label={`${t(table ? "chart.chart" : "chart.table")}: ${title}`}
            onPress={() => setTable(!table)}
          >
            {table ? <ChartLine size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
          </Button>
          <Link className="btn ghost small" to="/explore/metrics" search={{ expr: queries.map(({ expr }) => expr) }}>
            {t("nav.metrics")}
            <span className="visually-hidden">: {title}</span>
          </Link>
        </>
      }
    >
      {failed ? <Failure error={failed.error} /> : null}
      {series.length === 0 && !waiting && !failed ? <Empty title={t("chart.empty")} /> : null}
      {series.length > 0 ? (
        <TimeChart
          title={title}
          times={times}
          series={series}
          unit={unit}
          table={table}
          {...(height ? { height } : {})}
          {...(top === undefined ? {} : { top })}
          {...(thresholds ? { thresholds } : {})}
        />
      ) : null}
    </Panel>
  );
}
