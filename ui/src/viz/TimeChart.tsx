// A time series chart: uPlot draws; around it a title for screen readers, a legend, a tooltip, zoom by dragging, a data
// table as the alternative, and arrow keys that move the cursor and speak its values.

import { useEffect, useId, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../app/theme";
import { useTime } from "../app/url";
import { useLanguage } from "../i18n";
import { formatClock, formatDate, formatDateTime, formatValue, type Unit } from "../lib/format";
import { assignStrokes } from "../lib/palette";
import { chartOptions } from "./chartOptions";

/** One line of a chart. */
export interface ChartSeries {
  /** Decides the colour; the same key has the same colour everywhere. */
  key: string;
  name: string;
  values: readonly (number | null)[];
  /** A CSS colour token that overrides the palette: `--p99`, `--crit`. */
  token?: string;
}

interface ChartProps {
  title: string;
  times: readonly number[];
  series: readonly ChartSeries[];
  unit?: Unit;
  height?: number;
  /** Lines at fixed values, such as an alert's threshold. */
  thresholds?: readonly number[];
  /** Moments to mark with a dashed line. */
  marks?: readonly { at: number; title: string }[];
  legend?: boolean;
  /** Fixed upper end of the y axis, such as 1 for ratios. */
  top?: number;
  table?: boolean;
}

const LEGEND_MOST = 24;

/** Draws a chart; the range shown is the page's. */
export function TimeChart(props: ChartProps) {
  const { title, times, series, unit = "none", height = 160, legend = true, table = false } = props;
  const { language, t } = useLanguage();
  const { shown: theme } = useTheme();
  const { range, setRange } = useTime();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const id = useId();
  const [cursor, setCursor] = useState<number | null>(null);
  const [spoken, setSpoken] = useState("");
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());

  const strokes = useMemo(() => assignStrokes(series.map(({ key }) => key)), [series]);
  const visible = useMemo(() => series.filter(({ key }) => !hidden.has(key)), [series, hidden]);
  const data = useMemo(
    () => [times as number[], ...visible.map(({ values }) => values as (number | null)[])] as uPlot.AlignedData,
    [times, visible],
  );
  const shape = visible.map(({ key }) => key).join("\n");
  const zoom = useRef(setRange);
  zoom.current = setRange;
  const rangeRef = useRef(range);
  rangeRef.current = range;
  const latest = useRef(data);
  latest.current = data;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the plot is rebuilt only when its shape or the theme changes
  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const options = chartOptions({
      width: Math.max(120, host.clientWidth),
      height,
      unit,
      series: visible,
      strokes,
      thresholds: props.thresholds ?? [],
      marks: props.marks ?? [],
      top: props.top,
      range: () => rangeRef.current,
      onZoom: (start, end) => zoom.current({ start, end }),
      onCursor: setCursor,
    });
    const made = new uPlot(options, latest.current, host);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(120, host.clientWidth), height }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [
    shape,
    theme,
    height,
    unit,
    props.top,
    (props.thresholds ?? []).join(),
    (props.marks ?? []).map(({ at }) => at).join(),
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a moved range redraws even when the data is the same
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, range]);

  const onKey = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step === 0 || times.length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const at = Math.min(times.length - 1, Math.max(0, (cursor ?? times.length) + step));
    setCursor(at);
    const left = plot.current?.valToPos(times[at] ?? 0, "x") ?? 0;
    plot.current?.setCursor({ left, top: 10 });
    const values = visible.slice(0, 8).map(({ name, values }) => `${name} ${formatValue(values[at], unit)}`);
    setSpoken(`${formatDateTime((times[at] ?? 0) * 1000, language)}: ${values.join(", ")}`);
  };

  const summary = useMemo(() => summarise(visible, unit), [visible, unit]);
  const toggle = (key: string) =>
    setHidden((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });

  if (table) return <ChartTable title={title} times={times} series={visible} unit={unit} />;
  return (
    <figure className="chart" aria-label={t("chart.summary", { title, ...summary })}>
      <div
        className="chart-box"
        ref={box}
        style={{ height }}
        tabIndex={0}
        role="group"
        aria-label={t("chart.keys", { title })}
        aria-describedby={`${id}-live`}
        onKeyDown={onKey}
        onDoubleClick={() => setRange(wider(range))}
      />
      <div id={`${id}-live`} className="visually-hidden" aria-live="polite">
        {spoken}
      </div>
      {cursor !== null ? (
        <Readout at={cursor} times={times} series={visible} unit={unit} strokes={strokes} plot={plot.current} />
      ) : null}
      {legend && series.length > 0 ? (
        <ul className="legend" translate="no">
          {series.slice(0, LEGEND_MOST).map(({ key, name, token, values }) => (
            <li key={key}>
              <button type="button" aria-pressed={!hidden.has(key)} onClick={() => toggle(key)} title={name}>
                <i style={{ background: token ? `var(${token})` : `var(--series-${strokes.get(key)?.slot ?? 1})` }} />
                <span className="clip">{name}</span>
                <b>{formatValue(lastOf(values), unit)}</b>
              </button>
            </li>
          ))}
          {series.length > LEGEND_MOST ? (
            <li className="faint">{t("chart.more", { n: series.length - LEGEND_MOST })}</li>
          ) : null}
        </ul>
      ) : null}
    </figure>
  );
}

function wider(range: { start: number; end: number }) {
  const span = range.end - range.start;
  return { start: range.start - span / 2, end: Math.min(range.end + span / 2, Math.max(Date.now(), range.end)) };
}

function lastOf(values: readonly (number | null)[]): number | null {
  for (let at = values.length - 1; at >= 0; at -= 1) {
    const value = values[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

function summarise(series: readonly ChartSeries[], unit: Unit): { min: string; max: string; last: string; n: number } {
  let min: number | null = null;
  let max: number | null = null;
  for (const { values } of series) {
    for (const value of values) {
      if (value === null) continue;
      if (min === null || value < min) min = value;
      if (max === null || value > max) max = value;
    }
  }
  const last = lastOf(series[0]?.values ?? []);
  return { min: formatValue(min, unit), max: formatValue(max, unit), last: formatValue(last, unit), n: series.length };
}

interface ReadoutProps {
  at: number;
  times: readonly number[];
  series: readonly ChartSeries[];
  unit: Unit;
  strokes: ReadonlyMap<string, { slot: number }>;
  plot: uPlot | null;
}

/** The values under the cursor, largest first, at most twelve. */
function Readout({ at, times, series, unit, strokes, plot }: ReadoutProps) {
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
          <i style={{ background: token ? `var(${token})` : `var(--series-${strokes.get(key)?.slot ?? 1})` }} />
          <span className="clip">{name}</span>
          <b>{formatValue(value, unit)}</b>
        </div>
      ))}
    </div>
  );
}

/** The numbers of a chart as a table. */
function ChartTable({
  title,
  times,
  series,
  unit,
}: {
  title: string;
  times: readonly number[];
  series: readonly ChartSeries[];
  unit: Unit;
}) {
  const { t } = useLanguage();
  const shown = series.slice(0, 12);
  return (
    <div className="table-wrap chart-table" tabIndex={0} role="region" aria-label={title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("common.time")}</th>
            {shown.map(({ key, name }) => (
              <th key={key} scope="col" className="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .map((time, at) => (
              <tr key={time}>
                <td className="nowrap">
                  {formatDate(new Date(time * 1000))} {formatClock(new Date(time * 1000), true)}
                </td>
                {shown.map(({ key, values }) => (
                  <td key={key} className="num">
                    {formatValue(values[at], unit)}
                  </td>
                ))}
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </div>
  );
}
