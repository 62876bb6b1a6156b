// Found traces as dots: when they started, how long they took, how many spans; failed ones in the colour of errors. The
// list below it holds the same traces for keyboards and screen readers.

import { useEffect, useMemo, useRef, useState } from "react";
import { useTheme } from "../../app/theme";
import { useTime } from "../../app/url";
import { useLanguage } from "../../i18n";
import { formatDateTime, formatMicros } from "../../lib/format";
import { timeLabels, token } from "../../viz/chartOptions";
import type { TraceRow } from "./ResultList";

const HEIGHT = 160;
const LEFT = 56;
const BOTTOM = 20;

interface Dot {
  row: TraceRow;
  x: number;
  y: number;
  r: number;
}

/** Where each trace lies in a field of this width. The y axis is linear from zero. */
export function placeDots(rows: readonly TraceRow[], range: { start: number; end: number }, width: number): Dot[] {
  const longest = rows.reduce((most, { duration }) => Math.max(most, duration), 1);
  return rows.map((row) => ({
    row,
    x: LEFT + ((row.start / 1000 - range.start) / (range.end - range.start)) * (width - LEFT - 8),
    y: 8 + (1 - row.duration / longest) * (HEIGHT - BOTTOM - 16),
    r: Math.min(12, 3 + Math.sqrt(row.spans)),
  }));
}

function axes(
  ctx: CanvasRenderingContext2D,
  width: number,
  rows: readonly TraceRow[],
  range: { start: number; end: number },
): void {
  const longest = rows.reduce((most, { duration }) => Math.max(most, duration), 1);
  ctx.font = '11px "Pretendard Variable", "Noto Sans KR", system-ui, sans-serif';
  ctx.fillStyle = token("--text-3");
  ctx.strokeStyle = token("--line");
  for (const part of [0, 0.5, 1]) {
    const y = 8 + (1 - part) * (HEIGHT - BOTTOM - 16);
    ctx.beginPath();
    ctx.moveTo(LEFT, y);
    ctx.lineTo(width, y);
    ctx.stroke();
    ctx.textAlign = "right";
    ctx.fillText(formatMicros(longest * part), LEFT - 6, y + 4);
  }
  const count = Math.max(2, Math.floor(width / 140));
  const splits = Array.from(
    { length: count },
    (_, at) => (range.start + ((range.end - range.start) * (at + 0.5)) / count) / 1000,
  );
  ctx.textAlign = "center";
  for (const [at, text] of timeLabels(splits, 60).entries()) {
    ctx.fillText(text, LEFT + ((at + 0.5) / count) * (width - LEFT - 8), HEIGHT - 4);
  }
}

function paint(
  canvas: HTMLCanvasElement,
  rows: readonly TraceRow[],
  range: { start: number; end: number },
  hovered: string | null,
): Dot[] {
  const width = canvas.clientWidth;
  canvas.width = width * devicePixelRatio;
  canvas.height = HEIGHT * devicePixelRatio;
  const ctx = canvas.getContext("2d");
  if (!ctx) return [];
  ctx.scale(devicePixelRatio, devicePixelRatio);
  axes(ctx, width, rows, range);
  const dots = placeDots(rows, range, width);
  for (const { row, x, y, r } of dots) {
    const colour = token(row.errors > 0 ? "--crit" : "--series-1");
    ctx.beginPath();
    ctx.arc(x, y, r, 0, Math.PI * 2);
    ctx.fillStyle = `${colour}${hovered === row.id ? "cc" : "55"}`;
    ctx.strokeStyle = colour;
    ctx.fill();
    ctx.stroke();
  }
  return dots;
}

interface ScatterProps {
  rows: readonly TraceRow[];
  onOpen: (id: string) => void;
}

/** The dots. */
export function Scatter({ rows, onOpen }: ScatterProps) {
  const { t, language } = useLanguage();
  const { shown: theme } = useTheme();
  const { range } = useTime();
  const canvas = useRef<HTMLCanvasElement>(null);
  const dots = useRef<Dot[]>([]);
  const [hovered, setHovered] = useState<Dot | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme repaints
  useEffect(() => {
    const target = canvas.current;
    if (!target) return;
    const draw = () => {
      dots.current = paint(target, rows, range, hovered?.row.id ?? null);
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(target);
    return () => observer.disconnect();
  }, [rows, range, theme, hovered]);

  const near = (event: React.MouseEvent): Dot | null => {
    const box = canvas.current?.getBoundingClientRect();
    const [x, y] = [event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0)];
    return dots.current.find((dot) => Math.hypot(dot.x - x, dot.y - y) <= dot.r + 3) ?? null;
  };
  const longest = useMemo(() => rows.reduce((most, { duration }) => Math.max(most, duration), 0), [rows]);
  return (
    <figure className="chart" aria-label={t("traces.scatter", { n: rows.length, longest: formatMicros(longest) })}>
      <canvas
        ref={canvas}
        style={{ width: "100%", height: HEIGHT, cursor: hovered ? "pointer" : "default" }}
        onMouseMove={(event) => {
          const dot = near(event);
          if (dot?.row.id !== hovered?.row.id) setHovered(dot);
        }}
        onMouseLeave={() => setHovered(null)}
        onClick={(event) => {
          const dot = near(event);
          if (dot) onOpen(dot.row.id);
        }}
      />
      {hovered ? (
        <div
          className="readout"
          aria-hidden
          style={{ left: Math.min(hovered.x + 12, (canvas.current?.clientWidth ?? 400) - 240), top: hovered.y }}
        >
          <strong>
            {hovered.row.service}: {hovered.row.operation}
          </strong>
          <div>
            {formatMicros(hovered.row.duration)} · {t("traces.spans", { n: hovered.row.spans })}
          </div>
          <div className="faint">{formatDateTime(hovered.row.start / 1000, language)}</div>
        </div>
      ) : null}
    </figure>
  );
}
