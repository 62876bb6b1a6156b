// Log lines over time, stacked by level, on a canvas. Dragging over it narrows the time range.

import { useEffect, useMemo, useRef, useState } from "react";
import { useTheme } from "../../app/theme";
import { useTime } from "../../app/url";
import { useLogRange } from "../../data/hooks";
import type { Matrix } from "../../data/prometheus";
import { useLanguage } from "../../i18n";
import { formatDateTime, formatValue } from "../../lib/format";
import { token } from "../../viz/chartOptions";
import { LEVELS, type Level, levelOf } from "./fields";

/** Canvas colour of each level. */
export const LEVEL_TOKENS: Record<Level, string> = {
  unknown: "--text-3",
  trace: "--text-3",
  debug: "--text-2",
  info: "--info",
  warn: "--warn",
  error: "--crit",
  fatal: "--crit",
};

/** Counts of each level at each step. */
export interface Bars {
  times: number[];
  levels: { level: Level; counts: number[] }[];
  most: number;
}

/** Adds the series of an answer up by level. */
export function toBars(matrix: Matrix): Bars {
  const sums = new Map<Level, number[]>();
  for (const { labels, values } of matrix.series) {
    const level = levelOf({ time: "", line: "", labels });
    const counts = sums.get(level) ?? new Array<number>(matrix.times.length).fill(0);
    for (const [at, value] of values.entries()) counts[at] = (counts[at] ?? 0) + (value ?? 0);
    sums.set(level, counts);
  }
  const levels = LEVELS.flatMap((level) => {
    const counts = sums.get(level);
    return counts ? [{ level, counts }] : [];
  });
  const totals = matrix.times.map((_, at) => levels.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0));
  return { times: matrix.times, levels, most: Math.max(1, ...totals) };
}

const HEIGHT = 72;

function draw(canvas: HTMLCanvasElement, bars: Bars, range: { start: number; end: number }): void {
  const scale = devicePixelRatio;
  const width = canvas.clientWidth;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.scale(scale, scale);
  ctx.clearRect(0, 0, width, HEIGHT);
  const span = (range.end - range.start) / 1000;
  const step = (bars.times[1] ?? 0) - (bars.times[0] ?? 0) || 1;
  const wide = Math.max(1, (step / span) * width - 1);
  for (const [at, time] of bars.times.entries()) {
    // A bar counts what came in the step before its time.
    const x = ((time - step - range.start / 1000) / span) * width;
    let y = HEIGHT;
    for (const { level, counts } of bars.levels) {
      const high = ((counts[at] ?? 0) / bars.most) * (HEIGHT - 4);
      ctx.fillStyle = token(LEVEL_TOKENS[level]);
      ctx.fillRect(x, y - high, wide, high);
      y -= high;
    }
  }
  ctx.fillStyle = token("--line");
  ctx.fillRect(0, HEIGHT - 1, width, 1);
}

/** The histogram of a log selector. */
export function Histogram({ query }: { query: string }) {
  const { t, language } = useLanguage();
  const { shown: theme } = useTheme();
  const { range, setRange } = useTime();
  const { data } = useLogRange(query);
  const bars = useMemo(() => (data ? toBars(data) : null), [data]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme repaints
  useEffect(() => {
    const target = canvas.current;
    if (!target || !bars) return;
    const paint = () => draw(target, bars, range);
    paint();
    const observer = new ResizeObserver(paint);
    observer.observe(target);
    return () => observer.disconnect();
  }, [bars, range, theme]);

  const timeAt = (x: number) => {
    const width = canvas.current?.clientWidth ?? 1;
    return range.start + (Math.min(Math.max(0, x), width) / width) * (range.end - range.start);
  };
  const place = (event: React.PointerEvent) => event.clientX - (canvas.current?.getBoundingClientRect().left ?? 0);
  const total =
    bars?.levels.map(({ level, counts }) => ({ level, n: counts.reduce((sum, count) => sum + count, 0) })) ?? [];
  const summary = total.map(({ level, n }) => `${t(`level.${level}`)} ${formatValue(n, "count")}`).join(", ");
  return (
    <figure className="histogram" aria-label={t("logs.histogram", { summary: summary || "0" })}>
      <div
        className="histogram-box"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([place(event), place(event)]);
        }}
        onPointerMove={(event) => drag && setDrag([drag[0], place(event)])}
        onPointerUp={() => {
          if (drag && Math.abs(drag[1] - drag[0]) > 4) {
            setRange({ start: timeAt(Math.min(...drag)), end: timeAt(Math.max(...drag)) });
          }
          setDrag(null);
        }}
      >
        <canvas ref={canvas} style={{ width: "100%", height: HEIGHT }} aria-hidden />
        {drag ? (
          <div className="brush" style={{ left: Math.min(...drag), width: Math.abs(drag[1] - drag[0]) }} />
        ) : null}
      </div>
      <figcaption className="row small">
        {total.map(({ level, n }) => (
          <span key={level} className="row nogap">
            <i className="dot" style={{ background: `var(${LEVEL_TOKENS[level]})` }} /> {t(`level.${level}`)}{" "}
            {formatValue(n, "count")}
          </span>
        ))}
        <span className="faint end">
          {formatDateTime(range.start, language)} – {formatDateTime(range.end, language)}
        </span>
      </figcaption>
    </figure>
  );
}
