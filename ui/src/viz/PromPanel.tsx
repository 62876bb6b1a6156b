// A chart panel that asks PromQL, with a way into Explore.

import { Link } from "@tanstack/react-router";
import { useTime } from "../app/url";
import { useRanges } from "../data/hooks";
import type { Matrix } from "../data/prometheus";
import { useT } from "../i18n";
import type { Unit } from "../lib/format";
import { labelKey } from "../lib/palette";
import { fillQuery, shortNames } from "../lib/promql";
import { stepFor } from "../lib/time";
import { ChartPanel, type ChartPanelProps } from "./ChartPanel";
import type { ChartSeries } from "./series";

/** One query of a panel. */
export interface PanelQuery {
  expr: string;
  /** Name of its single series; without it the labels that differ are shown. */
  name?: string;
  token?: string;
}

interface PromPanelProps extends Pick<ChartPanelProps, "height" | "top" | "thresholds" | "marks" | "hint"> {
  title: string;
  queries: readonly PanelQuery[];
  unit?: Unit;
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
export function PromPanel({ title, queries, ...rest }: PromPanelProps) {
  const t = useT();
  const { range } = useTime();
  const answers = useRanges(queries.map(({ expr }) => expr));
  const joined = joinMatrices(
    queries,
    answers.map(({ data }) => data),
  );
  return (
    <ChartPanel
      title={title}
      {...joined}
      {...rest}
      query={queries.map(({ expr }) => fillQuery(expr, stepFor(range), range)).join("\n")}
      waiting={answers.some(({ isPending, fetchStatus }) => isPending && fetchStatus !== "idle")}
      error={answers.find(({ error }) => error)?.error}
      actions={
        queries.length > 0 ? (
          <Link className="btn ghost small" to="/explore/metrics" search={{ expr: queries.map(({ expr }) => expr) }}>
            {t("nav.metrics")}
            <span className="visually-hidden">: {title}</span>
          </Link>
        ) : null
      }
    />
  );
}
