// The uPlot options of a time chart: axes, grid, colours from the tokens, thresholds and marks drawn as hooks.

import uPlot from "uplot";
import { formatClock, formatDate, formatValue, type Unit } from "../lib/format";
import type { Stroke } from "../lib/palette";
import type { Range } from "../lib/time";

/** How values are drawn. Stacked ones and bars lie on each other. */
export type ChartStyle = "lines" | "stacked" | "bars";

interface Input {
  style: ChartStyle;
  width: number;
  height: number;
  unit: Unit;
  series: readonly { key: string; name: string; token?: string }[];
  strokes: ReadonlyMap<string, Stroke>;
  thresholds: readonly number[];
  marks: readonly { at: number; title: string }[];
  top: number | undefined;
  range: () => Range;
  onZoom: (start: number, end: number) => void;
  onCursor: (at: number | null) => void;
  onDraw: ((plot: uPlot) => void) | undefined;
}

/** The value of a colour token now. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

const FONT = '11px "Pretendard Variable", "Noto Sans KR", system-ui, sans-serif';

/** Labels of the x axis: clock times, with the date where the day changes. */
export function timeLabels(splits: readonly number[], step: number): string[] {
  let day = "";
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const today = formatDate(date).slice(5);
    const changed = day !== "" && today !== day;
    day = today;
    if (step >= 86400) return today;
    return changed ? today : formatClock(date, step < 60);
  });
}

/** Builds the options. Everything that changes with the data alone stays out, so refreshes only set data. */
export function chartOptions(input: Input): uPlot.Options {
  return {
    width: input.width,
    height: input.height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    focus: { alpha: 0.35 },
    cursor: {
      sync: { key: "gw", setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      focus: { prox: 24 },
    },
    scales: scales(input),
    axes: axes(input.unit),
    series: [{}, ...lines(input)],
    ...(input.style === "stacked" ? { bands: bands(input) } : {}),
    hooks: {
      setSelect: [(plot) => zoom(plot, input)],
      setCursor: [
        (plot) =>
          input.onCursor(plot.cursor.left !== undefined && plot.cursor.left >= 0 ? (plot.cursor.idx ?? null) : null),
      ],
      draw: [(plot) => drawMarks(plot, input), (plot) => input.onDraw?.(plot)],
    },
  };
}

function scales({ range, thresholds, top }: Input): uPlot.Scales {
  return {
    x: {
      time: true,
      range: () => {
        const { start, end } = range();
        return [start / 1000, end / 1000];
      },
    },
    y: {
      range: (_plot, low, high) => {
        const most = Math.max(high ?? 0, ...thresholds);
        const least = Math.min(0, low ?? 0);
        if (top !== undefined && most <= top) return [least, top];
        return [least, most === least ? least + 1 : most + (most - least) * 0.08];
      },
    },
  };
}

function axes(unit: Unit): uPlot.Axis[] {
  const look = {
    stroke: token("--text-3"),
    font: FONT,
    grid: { stroke: token("--grid"), width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...look,
      size: 24,
      space: 70,
      values: (_plot, splits) => timeLabels(splits, (splits[1] ?? 0) - (splits[0] ?? 0)),
    },
    {
      ...look,
      space: 36,
      size: (_plot, values) => 14 + Math.max(...(values ?? []).map((value) => value.length), 2) * 6,
      values: (_plot, splits) => splits.map((value) => formatValue(value, unit)),
    },
  ];
}

function lines({ series, strokes, style }: Input): uPlot.Series[] {
  const bars = style === "bars" ? uPlot.paths.bars?.({ size: [0.8, 24], align: 0 }) : undefined;
  return series.map(({ key, token: own }) => {
    const stroke = strokes.get(key);
    const colour = token(own ?? `--series-${stroke?.slot ?? 1}`);
    const fill = bars ? colour : style === "stacked" ? `${colour}66` : series.length === 1 ? `${colour}14` : undefined;
    return {
      stroke: colour,
      width: bars ? 0 : series.length <= 3 ? 2 : 1.25,
      dash: stroke?.dash ?? [],
      ...(fill ? { fill } : {}),
      ...(bars ? { paths: bars } : {}),
      points: { show: false },
      spanGaps: false,
    };
  });
}

/** The area of each stacked series ends at the one below it; the last stands on the axis. */
function bands({ series }: Input): uPlot.Band[] {
  return series.slice(1).map((_, at) => ({ series: [at + 1, at + 2] as [number, number] }));
}

/**
 * The columns to draw. Stacked, each series is on top of those after it, so that the first column is the whole and bars
 * cover each other in order.
 */
export function stack(columns: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const below: number[] = new Array(columns[0]?.length ?? 0).fill(0);
  return [...columns]
    .reverse()
    .map((values) =>
      values.map((value, at) => {
        if (value === null) return null;
        below[at] = (below[at] ?? 0) + value;
        return below[at] ?? 0;
      }),
    )
    .reverse();
}

/** A drag wider than a slip of the hand becomes the page's range. */
function zoom(plot: uPlot, { onZoom }: Input): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const [start, end] = [plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom(start, end);
}

function drawMarks(plot: uPlot, { thresholds, marks }: Input): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const value of thresholds) {
    const y = plot.valToPos(value, "y", true);
    ctx.strokeStyle = token("--crit");
    ctx.fillStyle = `${token("--crit")}0f`;
    ctx.fillRect(bbox.left, bbox.top, bbox.width, Math.max(0, y - bbox.top));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.strokeStyle = token("--text-3");
  for (const { at } of marks) {
    const x = plot.valToPos(at / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
