// A heat map of a distribution over time: time to the right, buckets upwards, colour for the count. A canvas, since a day
// of buckets is many thousand cells; arrow keys move over the cells and speak them, and the table holds the same numbers.

import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useTheme } from "../app/theme";
import { useTime } from "../app/url";
import { useLanguage } from "../i18n";
import type { Heat } from "../lib/buckets";
import { formatDateTime, formatValue, type Unit } from "../lib/format";
import { timeLabels, token } from "./chartOptions";

const HEIGHT = 320;
const LEFT = 72;
const BOTTOM = 22;
const TOP = 6;
const SHADES = 9;

/** The shade of a count, 0 for none; by the square root, so that rare things are seen beside common ones. */
export function shadeOf(count: number, most: number): number {
  if (!(count > 0) || most <= 0) return 0;
  return Math.max(1, Math.min(SHADES, Math.ceil(Math.sqrt(count / most) * SHADES)));
}

/** `0 s – 5 ms`. */
export function bucketName({ low, high }: { low: number; high: number }, unit: Unit): string {
  return `${formatValue(low, unit)} – ${formatValue(high, unit)}`;
}

interface HeatMapProps {
  title: string;
  times: readonly number[];
  step: number;
  heat: Heat;
  unit: Unit;
}

interface Cell {
  row: number;
  at: number;
}

function paint(canvas: HTMLCanvasElement, { times, heat, unit, step }: HeatMapProps, cell: Cell | null): void {
  const width = canvas.clientWidth;
  canvas.width = width * devicePixelRatio;
  canvas.height = HEIGHT * devicePixelRatio;
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.scale(devicePixelRatio, devicePixelRatio);
  const { w, h } = sizes(width, times.length, heat.rows.length);
  const shades = Array.from({ length: SHADES }, (_, at) => token(`--heat-${at + 1}`));
  for (const [row, { counts }] of heat.rows.entries()) {
    const y = HEIGHT - BOTTOM - (row + 1) * h;
    for (let at = 0; at < times.length; at += 1) {
      const shade = shadeOf(counts[at] ?? 0, heat.most);
      if (shade === 0) continue;
      ctx.fillStyle = shades[shade - 1] ?? "#888";
      // Whole pixels, or seams of the background shine through.
      const x = Math.floor(LEFT + at * w);
      ctx.fillRect(x, Math.floor(y), Math.ceil(LEFT + (at + 1) * w) - x, Math.ceil(h));
    }
  }
  ctx.font = '11px "Pretendard Variable", "Noto Sans KR", system-ui, sans-serif';
  ctx.fillStyle = token("--text-3");
  ctx.textAlign = "right";
  const every = Math.max(1, Math.ceil(16 / h));
  for (const [row, { high }] of heat.rows.entries()) {
    const y = HEIGHT - BOTTOM - (row + 1) * h;
    if (row % every === every - 1 || row === heat.rows.length - 1)
      ctx.fillText(formatValue(high, unit), LEFT - 6, Math.max(12, y + 4));
  }
  ctx.textAlign = "center";
  const marks = timeMarks(times, Math.max(2, Math.floor((width - LEFT) / 90)));
  for (const [at, text] of timeLabels(marks, marks.length > 1 ? (marks[1] ?? 0) - (marks[0] ?? 0) : step).entries()) {
    const x = LEFT + (((marks[at] ?? 0) - (times[0] ?? 0)) / step + 0.5) * w;
    ctx.fillText(text, Math.min(x, width - 24), HEIGHT - 6);
  }
  if (cell) {
    ctx.strokeStyle = token("--text");
    ctx.lineWidth = 1.5;
    ctx.strokeRect(LEFT + cell.at * w, HEIGHT - BOTTOM - (cell.row + 1) * h, Math.max(w, 2), h);
  }
}

const MARKS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 604_800];

/** Round moments to label, at most `most`. */
function timeMarks(times: readonly number[], most: number): number[] {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const every = MARKS.find((seconds) => (last - first) / seconds <= most) ?? 2_592_000;
  const zone = new Date(first * 1000).getTimezoneOffset() * 60;
  const start = Math.ceil((first - zone) / every) * every + zone;
  return Array.from({ length: Math.max(0, Math.floor((last - start) / every) + 1) }, (_, at) => start + at * every);
}

function sizes(width: number, columns: number, rows: number) {
  return { w: (width - LEFT) / Math.max(1, columns), h: (HEIGHT - BOTTOM - TOP) / Math.max(1, rows) };
}

/** The drawing. */
export function HeatMap(props: HeatMapProps) {
  const { title, times, heat, unit } = props;
  const { t, language } = useLanguage();
  const { shown: theme } = useTheme();
  const { setRange } = useTime();
  const canvas = useRef<HTMLCanvasElement>(null);
  const id = useId();
  const [cell, setCell] = useState<Cell | null>(null);
  const [from, setFrom] = useState<number | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme repaints
  useEffect(() => {
    const target = canvas.current;
    if (!target) return;
    const draw = () => paint(target, { title, times, heat, unit, step: props.step }, cell);
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(target);
    return () => observer.disconnect();
  }, [heat, times, unit, theme, cell, title, props.step]);

  const cellAt = (event: React.PointerEvent): Cell | null => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return null;
    const { w, h } = sizes(box.width, times.length, heat.rows.length);
    const at = Math.floor((event.clientX - box.left - LEFT) / w);
    const row = Math.floor((HEIGHT - BOTTOM - (event.clientY - box.top)) / h);
    return at >= 0 && at < times.length && row >= 0 && row < heat.rows.length ? { row, at } : null;
  };
  const onKey = (event: React.KeyboardEvent) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const start = cell ?? { at: times.length - 1, row: 0 };
    const bound = (value: number, most: number) => Math.max(0, Math.min(most - 1, value));
    setCell({
      at: bound(start.at + (move[0] ?? 0), times.length),
      row: bound(start.row + (move[1] ?? 0), heat.rows.length),
    });
  };
  const release = (event: React.PointerEvent) => {
    const to = cellAt(event)?.at ?? null;
    if (from !== null && to !== null && Math.abs(to - from) > 0) {
      const [start, end] = [times[Math.min(from, to)], times[Math.max(from, to)]];
      if (start !== undefined && end !== undefined) setRange({ start: start * 1000, end: (end + props.step) * 1000 });
    }
    setFrom(null);
  };
  const spoken = useMemo(() => {
    const row = cell ? heat.rows[cell.row] : undefined;
    if (!cell || !row) return "";
    const time = formatDateTime((times[cell.at] ?? 0) * 1000, language);
    return `${time}, ${bucketName(row, unit)}: ${formatValue(row.counts[cell.at])}`;
  }, [cell, heat, times, unit, language]);
  return (
    <figure
      className="chart"
      aria-label={t("metrics.heatSummary", { title, n: heat.rows.length, max: formatValue(heat.most) })}
    >
      <div
        className="chart-box"
        tabIndex={0}
        role="group"
        aria-label={t("metrics.heatKeys", { title })}
        aria-describedby={`${id}-live`}
        onKeyDown={onKey}
      >
        <canvas
          ref={canvas}
          className="heat"
          style={{ width: "100%", height: HEIGHT, touchAction: "pan-y" }}
          onPointerMove={(event) => {
            const next = cellAt(event);
            if (next?.at !== cell?.at || next?.row !== cell?.row) setCell(next);
          }}
          onPointerDown={(event) => setFrom(cellAt(event)?.at ?? null)}
          onPointerUp={release}
          onPointerLeave={() => {
            setCell(null);
            setFrom(null);
          }}
        />
      </div>
      <div id={`${id}-live`} className="heat-readout" aria-live="polite" translate="no">
        {spoken || "\u00a0"}
      </div>
      <Scale most={heat.most} />
    </figure>
  );
}

function Scale({ most }: { most: number }) {
  return (
    <div className="row nogap small faint" aria-hidden>
      0
      {Array.from({ length: SHADES }, (_, at) => (
        <i key={at} className="heat-shade" style={{ background: `var(--heat-${at + 1})` }} />
      ))}
      {formatValue(most)}
    </div>
  );
}
