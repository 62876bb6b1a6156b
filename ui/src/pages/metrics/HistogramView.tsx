// One row's distribution at a moment: its buckets as bars, with where half, nine tenths and all but a hundredth lie.

import { useMemo, useState } from "react";
import { useLanguage } from "../../i18n";
import { type Heat, heatOf, quantileAt } from "../../lib/buckets";
import { formatDateTime, formatValue, type Unit } from "../../lib/format";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { bucketName } from "../../viz/HeatMap";
import type { Answer } from "./answers";
import { bucketUnit, unitOf } from "./units";

const QUANTILES = [0.5, 0.9, 0.99] as const;

interface Moments {
  heat: Heat | null;
  times: number[];
}

function momentsOf({ matrix, instant }: Answer): Moments {
  if (matrix) return { heat: heatOf(matrix.series, matrix.times.length), times: matrix.times };
  if (!instant) return { heat: null, times: [] };
  const series = instant.samples.map(({ labels, value, histogram }) => ({
    labels,
    values: [Number.isFinite(value) ? value : null],
    ...(histogram ? { histograms: [histogram] } : {}),
  }));
  return { heat: heatOf(series, 1), times: [0] };
}

/** The last step that has counts: the newest may not be written yet. */
function lastKnown({ heat, times }: Moments): number {
  for (let at = times.length - 1; at > 0; at -= 1)
    if (heat?.rows.some(({ counts }) => (counts[at] ?? 0) > 0)) return at;
  return 0;
}

/** The view of one row. */
export function HistogramView({ answer }: { answer: Answer }) {
  const { t, language } = useLanguage();
  const { matrix, instant, ran } = answer;
  const moments = useMemo(() => momentsOf({ matrix, instant } as Answer), [matrix, instant]);
  const [chosen, setChosen] = useState<number | null>(null);
  const { heat, times } = moments;
  const at = Math.min(chosen ?? lastKnown(moments), Math.max(0, times.length - 1));
  const unit = heat?.source === "values" ? unitOf(ran) : bucketUnit(ran);
  const time = formatDateTime((times[at] ?? 0) * 1000, language);
  return (
    <Panel
      title={<code>{ran}</code>}
      note={heat ? t(`metrics.source.${heat.source}`) : undefined}
      query={ran}
      busy={answer.waiting}
    >
      {answer.error ? <Failure error={answer.error} retry={answer.retry} /> : null}
      {(matrix || instant) && !heat ? <Empty title={t("chart.empty")} hint={t("metrics.emptyHint")} /> : null}
      {heat && times.length > 1 ? (
        <label className="moment">
          <span>{time}</span>
          <input
            type="range"
            min={0}
            max={times.length - 1}
            value={at}
            aria-label={t("metrics.moment")}
            aria-valuetext={time}
            onChange={(event) => setChosen(Number(event.target.value))}
          />
        </label>
      ) : null}
      {heat ? <Buckets heat={heat} at={at} unit={unit} /> : null}
    </Panel>
  );
}

function Buckets({ heat, at, unit }: { heat: Heat; at: number; unit: Unit }) {
  const { t } = useLanguage();
  const counts = heat.rows.map((row) => row.counts[at] || 0);
  const most = Math.max(...counts, 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  // Empty buckets at both ends say nothing.
  const first = Math.max(
    0,
    counts.findIndex((count) => count > 0),
  );
  const last = Math.max(
    first,
    counts.findLastIndex((count) => count > 0),
  );
  const quantiles = QUANTILES.map((quantile) => ({ quantile, value: quantileAt(heat, at, quantile) }));
  if (most === 0) return <Empty title={t("metrics.noCounts")} />;
  return (
    <>
      {heat.source === "values" ? null : (
        <dl className="stats">
          {quantiles.map(({ quantile, value }) => (
            <div className="stat" key={quantile}>
              <dt>{`p${quantile * 100}`}</dt>
              <dd>{formatValue(value, unit)}</dd>
            </div>
          ))}
        </dl>
      )}
      <div className="table-wrap">
        <table className="table histogram-table">
          <thead>
            <tr>
              <th scope="col" className="num">
                {t("metrics.bucket")}
              </th>
              <th scope="col">{t("metrics.count")}</th>
              <th scope="col" className="num">
                {t("metrics.ratio")}
              </th>
            </tr>
          </thead>
          <tbody>
            {heat.rows.slice(first, last + 1).map((row, index) => {
              const count = counts[first + index] ?? 0;
              return (
                <tr key={`${row.low} ${row.high}`}>
                  <td className="num nowrap">{bucketName(row, unit)}</td>
                  <td>
                    <span className="histogram-bar">
                      <i style={{ width: `${(count / most) * 88}%` }} />
                      <b>{formatValue(count)}</b>
                    </span>
                  </td>
                  <td className="num">{formatValue(count / total, "ratio")}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}
