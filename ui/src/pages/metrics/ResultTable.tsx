// One row's answer as a table: the values at the end of the range, or first, last, least, most and mean of each series.

import { useMemo } from "react";
import { useT } from "../../i18n";
import type { NativeHistogram } from "../../lib/buckets";
import { formatValue } from "../../lib/format";
import { labelKey } from "../../lib/palette";
import { seriesName } from "../../lib/promql";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";
import type { Answer } from "./answers";
import type { Settings } from "./state";

interface Line {
  id: string;
  labels: Readonly<Record<string, string>>;
  values: { last: number | null; min: number | null; max: number | null; mean: number | null };
  histogram: NativeHistogram | undefined;
}

const exact = (value: number | null) => (value === null ? "–" : Number.isNaN(value) ? "NaN" : formatExact(value));

function formatExact(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}

/** Least, most, mean and last of a column. */
export function summarise(values: readonly (number | null)[]): Line["values"] {
  let [min, max, last, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0, 0];
  for (const value of values) {
    if (value === null) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    last = value;
    sum += value;
    count += 1;
  }
  return count === 0 ? { last: null, min: null, max: null, mean: null } : { last, min, max, mean: sum / count };
}

function linesOf({ matrix, instant }: Answer): Line[] {
  if (instant) {
    return instant.samples.map(({ labels, value, histogram }) => ({
      id: labelKey(labels),
      labels,
      values: { last: value, min: null, max: null, mean: null },
      histogram,
    }));
  }
  return (matrix?.series ?? []).map(({ labels, values, histograms }) => ({
    id: labelKey(labels),
    labels,
    values: summarise(values),
    histogram: histograms?.findLast((one) => one !== null) ?? undefined,
  }));
}

/** The table of one row. */
export function ResultTable({ answer, settings }: { answer: Answer; settings: Settings }) {
  const t = useT();
  const lines = useMemo(() => linesOf(answer), [answer]);
  const number = (id: keyof Line["values"], title: string, wide = false): Column<Line> => ({
    id,
    title,
    numeric: true,
    wide,
    sort: ({ values }) => values[id],
    cell: ({ values }) => <code>{id === "mean" ? formatValue(values[id]) : exact(values[id])}</code>,
  });
  const columns: Column<Line>[] = [
    {
      id: "series",
      title: t("metrics.seriesName"),
      sort: ({ labels }) => seriesName(labels),
      cell: ({ labels, histogram }) => (
        <>
          <code>{seriesName(labels)}</code>
          {histogram ? <HistogramCell histogram={histogram} /> : null}
        </>
      ),
    },
    ...(settings.instant
      ? [number("last", t("common.value"))]
      : [
          number("min", t("metrics.min"), true),
          number("mean", t("metrics.mean"), true),
          number("max", t("metrics.max"), true),
          number("last", t("metrics.last")),
        ]),
  ];
  const known = answer.matrix !== undefined || answer.instant !== undefined;
  return (
    <Panel
      title={<code>{answer.ran}</code>}
      note={known ? t("metrics.series", { n: lines.length.toLocaleString("en-US") }) : undefined}
      query={answer.ran}
      busy={answer.waiting}
      flush
    >
      {answer.error ? <Failure error={answer.error} retry={answer.retry} /> : null}
      {known && lines.length === 0 ? (
        <Empty title={t(settings.instant ? "metrics.emptyNow" : "chart.empty")} hint={t("metrics.emptyHint")} />
      ) : null}
      {lines.length > 0 ? (
        <Table<Line>
          label={answer.ran}
          rows={lines}
          rowKey={({ id }) => id}
          start={{ id: "last", down: true }}
          columns={columns}
        />
      ) : null}
    </Panel>
  );
}

/** A native histogram in a line: count, sum, and its buckets as bars. */
function HistogramCell({ histogram }: { histogram: NativeHistogram }) {
  const t = useT();
  const most = Math.max(...histogram.buckets.map(({ count }) => count), 1);
  const width = Math.max(2, Math.min(8, Math.floor(160 / Math.max(1, histogram.buckets.length))));
  return (
    <span className="row nogap small muted">
      {t("metrics.histogramOf", { count: formatValue(histogram.count), sum: formatValue(histogram.sum) })}
      <svg width={histogram.buckets.length * width} height={16} aria-hidden>
        {histogram.buckets.map(({ low, count }, at) => (
          <rect
            key={low}
            x={at * width}
            y={16 - (count / most) * 16}
            width={width - 1}
            height={(count / most) * 16}
            fill="var(--series-1)"
          />
        ))}
      </svg>
    </span>
  );
}
