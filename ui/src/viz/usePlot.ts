// The uPlot behind a chart. It is built anew only when its shape or the theme changes; new data and ranges are set on it.

import { type RefObject, useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../app/theme";
import { useTime } from "../app/url";
import type { Unit } from "../lib/format";
import type { Stroke } from "../lib/palette";
import { type ChartStyle, chartOptions, stack } from "./chartOptions";
import type { ChartSeries } from "./series";

interface PlotInput {
  times: readonly number[];
  series: readonly ChartSeries[];
  strokes: ReadonlyMap<string, Stroke>;
  unit: Unit;
  height: number;
  top: number | undefined;
  thresholds: readonly number[];
  marks: readonly { at: number; title: string }[];
  onCursor: (at: number | null) => void;
  style: ChartStyle;
  /** Called after each drawing: places of things that lie over the plot. */
  onDraw?: ((plot: uPlot) => void) | undefined;
}

const LEAST_WIDTH = 120;

/** Keeps a plot inside `host`; the plot is null until the host is there. */
export function usePlot(host: RefObject<HTMLDivElement | null>, input: PlotInput): RefObject<uPlot | null> {
  const { times, series, height, unit, top, thresholds, marks, style } = input;
  const { shown: theme } = useTheme();
  const { range, setRange } = useTime();
  const plot = useRef<uPlot | null>(null);
  const data = useMemo(() => {
    const columns = series.map(({ values }) => values);
    return [times, ...(style === "lines" ? columns : stack(columns))] as uPlot.AlignedData;
  }, [times, series, style]);
  // What the plot's callbacks read when they run, not when the plot was built.
  const latest = useRef({ data, range, setRange, onDraw: input.onDraw });
  latest.current = { data, range, setRange, onDraw: input.onDraw };
  const shape = [series.map(({ key }) => key), thresholds, marks.map(({ at }) => at)]
    .map((part) => part.join("\n"))
    .join("\n\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for what the options are made of
  useEffect(() => {
    const box = host.current;
    if (!box) return;
    const width = () => Math.max(LEAST_WIDTH, box.clientWidth);
    const options = chartOptions({
      ...input,
      width: width(),
      range: () => latest.current.range,
      onDraw: (drawn) => latest.current.onDraw?.(drawn),
      onZoom: (start, end) => latest.current.setRange({ start, end }),
    });
    const made = new uPlot(options, latest.current.data, box);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: width(), height }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme, height, unit, top, style]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a moved range redraws even when the data is the same
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, range]);
  return plot;
}
