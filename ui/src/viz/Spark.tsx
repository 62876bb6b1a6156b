// Small drawings inside rows and tiles: a sparkline and a ribbon of states. SVG, because they are few points each.

import { toneOf } from "../ui/State";

interface SparkProps {
  values: readonly (number | null)[];
  label: string;
  width?: number;
  height?: number;
  tone?: string;
}

/** The path of a sparkline; a missing value breaks the line. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length === 0) return "";
  const low = Math.min(0, ...known);
  const high = Math.max(...known);
  const span = high - low || 1;
  const step = width / Math.max(1, values.length - 1);
  let pen = "M";
  return values
    .map((value, at) => {
      if (value === null || !Number.isFinite(value)) {
        pen = "M";
        return "";
      }
      const part = `${pen}${(at * step).toFixed(1)} ${(height - 1 - ((value - low) / span) * (height - 2)).toFixed(1)}`;
      pen = "L";
      return part;
    })
    .join("");
}

/** A line without axes. */
export function Spark({ values, label, width = 96, height = 20, tone = "var(--accent)" }: SparkProps) {
  const path = sparkPath(values, width, height);
  return (
    <svg
      className="spark"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path d={path} fill="none" stroke={tone} strokeWidth={1.25} />
    </svg>
  );
}

interface RibbonProps {
  parts: readonly { start: string; end: string; state: string }[];
  label: string;
}

/** A bar of states over time. */
export function Ribbon({ parts, label }: RibbonProps) {
  const first = parts[0];
  const last = parts.at(-1);
  if (!first || !last) return <div className="ribbon" role="img" aria-label={label} />;
  const start = Date.parse(first.start);
  const span = Math.max(1, Date.parse(last.end) - start);
  return (
    <svg className="ribbon" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label={label}>
      {parts.map((part) => {
        const x = ((Date.parse(part.start) - start) / span) * 1000;
        const width = ((Date.parse(part.end) - Date.parse(part.start)) / span) * 1000;
        const tone = toneOf(part.state);
        return (
          <rect
            key={part.start}
            x={x}
            y={tone === "unknown" ? 3 : 0}
            width={Math.max(0.5, width)}
            height={tone === "unknown" ? 2 : 8}
            fill={`var(--${tone})`}
          />
        );
      })}
    </svg>
  );
}
