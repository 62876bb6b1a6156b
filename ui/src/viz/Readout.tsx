// The values under the cursor of a chart.

import type uPlot from "uplot";
import { useLanguage } from "../i18n";
import { formatDateTime, formatValue, type Unit } from "../lib/format";
import { type ChartSeries, colourOf } from "./series";

interface ReadoutProps {
  at: number;
  times: readonly number[];
  series: readonly ChartSeries[];
  unit: Unit;
  strokes: ReadonlyMap<string, { slot: number }>;
  plot: uPlot | null;
}

/** The values under the cursor, largest first, at most twelve. */
export function Readout({ at, times, series, unit, strokes, plot }: ReadoutProps) {
  const { language } = useLanguage();
  const time = times[at];
  if (time === undefined || !plot) return null;
  const rows = series
    .map(({ key, name, token, values }) => ({ key, name, token, value: values[at] ?? null }))
    .filter(({ value }) => value !== null)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
    .slice(0, 12);
  const left = plot.valToPos(time, "x") + plot.over.offsetLeft;
  const flip = left > plot.width * 0.6;
  return (
    <div
      className="readout"
      translate="no"
      aria-hidden
      style={flip ? { right: plot.width - left + 12 } : { left: left + 12 }}
    >
      <div className="faint">{formatDateTime(time * 1000, language)}</div>
      {rows.map(({ key, name, token, value }) => (
        <div key={key} className="readout-row">
          <i style={{ background: colourOf(key, token, strokes) }} />
          <span className="clip">{name}</span>
          <b>{formatValue(value, unit)}</b>
        </div>
      ))}
    </div>
  );
}
