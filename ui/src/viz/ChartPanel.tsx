// A panel around one chart: the drawing or its numbers as a table, the query to copy, the states every view has.

import { ChartLine, Table2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "react-aria-components";
import type uPlot from "uplot";
import { useT } from "../i18n";
import type { Unit } from "../lib/format";
import { Empty, Failure, Panel } from "../ui/Panel";
import type { ChartStyle } from "./chartOptions";
import type { ChartSeries } from "./series";
import { TimeChart } from "./TimeChart";

export interface ChartPanelProps {
  title: string;
  note?: ReactNode;
  times: readonly number[];
  series: readonly ChartSeries[];
  unit?: Unit;
  query?: string;
  /** True until the first answer is there. */
  waiting?: boolean;
  error?: unknown;
  retry?: () => void;
  actions?: ReactNode;
  height?: number;
  top?: number;
  thresholds?: readonly number[];
  marks?: readonly { at: number; title: string }[];
  /** What helps when nothing is drawn. */
  hint?: string;
  style?: ChartStyle;
  over?: (plot: uPlot) => ReactNode;
}

/** The panel. */
export function ChartPanel(props: ChartPanelProps) {
  const { title, note, times, series, unit = "none", query, waiting = false, error, retry, actions, hint } = props;
  const t = useT();
  const [table, setTable] = useState(false);
  const empty = series.every(({ values }) => values.every((value) => value === null));
  return (
    <Panel
      title={title}
      note={note}
      query={query || undefined}
      busy={waiting}
      actions={
        <>
          {actions}
          {empty ? null : (
            <Button
              className="btn ghost icon small"
              aria-label={`${t(table ? "chart.chart" : "chart.table")}: ${title}`}
              onPress={() => setTable(!table)}
            >
              {table ? <ChartLine size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
            </Button>
          )}
        </>
      }
    >
      {error ? <Failure error={error} retry={retry} /> : null}
      {empty && !waiting && !error ? <Empty title={t("chart.empty")} hint={hint} /> : null}
      {empty ? null : (
        <TimeChart
          title={title}
          times={times}
          series={series}
          unit={unit}
          table={table}
          {...(props.height ? { height: props.height } : {})}
          {...(props.top === undefined ? {} : { top: props.top })}
          {...(props.thresholds ? { thresholds: props.thresholds } : {})}
          {...(props.marks ? { marks: props.marks } : {})}
          {...(props.style ? { style: props.style } : {})}
          {...(props.over ? { over: props.over } : {})}
        />
      )}
    </Panel>
  );
}
