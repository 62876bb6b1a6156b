// A time series chart: uPlot draws; around it a title for screen readers, a legend, a tooltip, zoom by dragging, a data
// table as the alternative, and arrow keys that move the cursor and speak its values.

import { type ReactNode, useId, useMemo, useRef, useState } from "react";
import type uPlot from "uplot";
import { useTime } from "../app/url";
import { useLanguage } from "../i18n";
import { formatDateTime, formatValue, type Unit } from "../lib/format";
import { assignStrokes } from "../lib/palette";
import { zoomOut } from "../lib/time";
import { ChartTable } from "./ChartTable";
import type { ChartStyle } from "./chartOptions";
import { Legend } from "./Legend";
import { Readout } from "./Readout";
import { type ChartSeries, summarise } from "./series";
import { usePlot } from "./usePlot";

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
  /** Fixed upper end of the y axis, such as 1 for ratios. */
  top?: number;
  table?: boolean;
  style?: ChartStyle;
  /** Things over the plot, such as exemplars; drawn with the plot they lie on. */
  over?: (plot: uPlot) => ReactNode;
}

const SPOKEN_MOST = 8;
const NO_MARKS: readonly { at: number; title: string }[] = [];
const NO_THRESHOLDS: readonly number[] = [];

/** Draws a chart; the range shown is the page's. */
export function TimeChart(props: ChartProps) {
  const { series } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const strokes = useMemo(() => assignStrokes(series.map(({ key }) => key)), [series]);
  const visible = useMemo(() => series.filter(({ key }) => !hidden.has(key)), [series, hidden]);
  const toggle = (key: string) =>
    setHidden((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const unit = props.unit ?? "none";
  if (props.table) return <ChartTable title={props.title} times={props.times} series={visible} unit={unit} />;
  return (
    <Drawing {...props} series={visible} strokes={strokes}>
      {series.length > 0 ? (
        <Legend series={series} unit={unit} strokes={strokes} hidden={hidden} onToggle={toggle} />
      ) : null}
    </Drawing>
  );
}

/** The axes and the size of a plot as one text. */
function placeOf({ scales, width, over }: uPlot): string {
  return [scales.x?.min, scales.x?.max, scales.y?.min, scales.y?.max, width, over.offsetLeft].join(" ");
}

interface DrawingProps extends ChartProps {
  strokes: ReturnType<typeof assignStrokes>;
  children: React.ReactNode;
}

function Drawing({ title, times, series, strokes, children, ...rest }: DrawingProps) {
  const { unit = "none", height = 160, top, thresholds = NO_THRESHOLDS, marks = NO_MARKS } = rest;
  const { language, t } = useLanguage();
  const { range, setRange } = useTime();
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const [cursor, setCursor] = useState<number | null>(null);
  const [spoken, setSpoken] = useState("");
  const { over, style = "lines" } = rest;
  // What lies over the plot is placed anew after each drawing that moved its axes.
  const [, setPlaced] = useState("");
  const onDraw = over ? (drawn: uPlot) => setPlaced(placeOf(drawn)) : undefined;
  const shape = { times, series, strokes, unit, height, top, thresholds, marks, style };
  const plot = usePlot(box, { ...shape, onCursor: setCursor, onDraw });
  const summary = useMemo(() => summarise(series, unit), [series, unit]);

  const onKey = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step === 0 || times.length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const at = Math.min(times.length - 1, Math.max(0, (cursor ?? times.length) + step));
    setCursor(at);
    plot.current?.setCursor({ left: plot.current.valToPos(times[at] ?? 0, "x"), top: 10 });
    const values = series.slice(0, SPOKEN_MOST).map(({ name, values }) => `${name} ${formatValue(values[at], unit)}`);
    setSpoken(`${formatDateTime((times[at] ?? 0) * 1000, language)}: ${values.join(", ")}`);
  };

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
        onDoubleClick={() => setRange(zoomOut(range, Date.now()))}
      />
      {over && plot.current ? over(plot.current) : null}
      <div id={`${id}-live`} className="visually-hidden" aria-live="polite">
        {spoken}
      </div>
      {cursor !== null ? (
        <Readout at={cursor} times={times} series={series} unit={unit} strokes={strokes} plot={plot.current} />
      ) : null}
      {children}
    </figure>
  );
}
