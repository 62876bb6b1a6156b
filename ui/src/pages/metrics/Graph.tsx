// The rows over time on one axis, with exemplars that lead to their traces; at one moment, the values side by side.

import { useMemo } from "react";
import type { Labels } from "../../data/prometheus";
import { useT } from "../../i18n";
import { formatValue } from "../../lib/format";
import { LETTERS } from "../../lib/formula";
import { labelKey } from "../../lib/palette";
import { seriesName, shortNames } from "../../lib/promql";
import { Empty, Panel } from "../../ui/Panel";
import { ChartPanel } from "../../viz/ChartPanel";
import type { ChartSeries } from "../../viz/series";
import type { Answer } from "./answers";
import { ExemplarDots, ExemplarList, useExemplars } from "./Exemplars";
import { Failures } from "./Results";
import { legendName, type Settings } from "./state";
import { sharedUnit } from "./units";

/** More lines than this are a carpet, and cost a second to draw. */
const MOST_DRAWN = 200;

interface GraphProps {
  answers: readonly Answer[];
  settings: Settings;
  step: number;
}

/** The series of all rows; with several rows each name says whose it is. */
export function joinAnswers(answers: readonly Answer[]): { times: number[]; series: ChartSeries[] } {
  const times = answers.find(({ matrix }) => matrix)?.matrix?.times ?? [];
  const several = answers.length > 1;
  const series = answers.flatMap(({ matrix, row, name }) => {
    if (!matrix || matrix.times.length !== times.length) return [];
    const short = shortNames(matrix.series.map(({ labels }) => labels));
    return matrix.series.map(({ labels, values, histograms }, at): ChartSeries => {
      const own = row.legend ? legendName(row.legend, labels) : nameOf(labels, short[at], row.text);
      return {
        key: `${name}:${labelKey(labels)}`,
        name: several && !row.legend ? `${name} ${own}` : own,
        // A native histogram has no single value; its count stands for it.
        values: histograms ? values.map((value, step) => value ?? histograms[step]?.count ?? null) : values,
      };
    });
  });
  return { times, series };
}

/** A series without labels is called what it was asked for. */
function nameOf(labels: Labels, short: string | undefined, query: string): string {
  return Object.keys(labels).length === 0 ? query : short || "{}";
}

const peak = ({ values }: ChartSeries) =>
  values.reduce<number>((most, value) => Math.max(most, value ?? most), Number.NEGATIVE_INFINITY);

/** The view. */
export function Graph({ answers, settings, step }: GraphProps) {
  return settings.instant ? <Bars answers={answers} /> : <Lines answers={answers} settings={settings} step={step} />;
}

function Lines({ answers, settings }: GraphProps) {
  const t = useT();
  // The answers are new objects each time; their data is not.
  const key = answers
    .map(({ name, ran, row, matrix }) => `${name}${ran}${row.legend}${matrix?.millis ?? ""}`)
    .join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the answers
  const { times, series } = useMemo(() => joinAnswers(answers), [key]);
  const drawn = useMemo(
    () => (series.length <= MOST_DRAWN ? series : [...series].sort((a, b) => peak(b) - peak(a)).slice(0, MOST_DRAWN)),
    [series],
  );
  const exemplars = useExemplars(
    // A query that failed has none, and asking would only fail again.
    answers.filter(({ matrix, error }) => matrix && !error).map(({ ran }) => ran),
    settings.exemplars,
  );
  const failed = answers.filter(({ error }) => error);
  const only = failed.length === answers.length;
  return (
    <>
      {only ? null : <Failures answers={failed} />}
      <ChartPanel
        title={t("metrics.tab.graph")}
        note={
          drawn.length < series.length
            ? t("metrics.cut", { n: MOST_DRAWN, all: series.length.toLocaleString("en-US") })
            : t("metrics.series", { n: series.length })
        }
        times={times}
        series={drawn}
        unit={sharedUnit(answers.map(({ ran }) => ran))}
        query={answers.map(({ ran }) => ran).join("\n")}
        waiting={answers.some(({ waiting }) => waiting)}
        error={only ? failed[0]?.error : undefined}
        retry={() => failed[0]?.retry()}
        height={340}
        hint={t("metrics.emptyHint")}
        style={settings.style}
        over={(plot) => <ExemplarDots plot={plot} exemplars={exemplars} />}
      />
      <ExemplarList exemplars={exemplars} />
    </>
  );
}

const MOST_BARS = 100;

/** The values at one moment, largest first. */
function Bars({ answers }: { answers: readonly Answer[] }) {
  const t = useT();
  const rows = answers
    .flatMap(({ name, row, instant }) =>
      (instant?.samples ?? []).map(({ labels, value }) => ({
        id: `${name}${labelKey(labels)}`,
        name: row.legend
          ? legendName(row.legend, labels)
          : `${answers.length > 1 ? `${name} ` : ""}${nameOf(labels, seriesName(labels), row.text)}`,
        slot: (LETTERS.indexOf(name) % 8) + 1,
        value,
      })),
    )
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => b.value - a.value);
  const most = Math.max(...rows.map(({ value }) => (Number.isFinite(value) ? Math.abs(value) : 0)), 0) || 1;
  const unit = sharedUnit(answers.map(({ ran }) => ran));
  return (
    <Panel
      title={t("metrics.tab.graph")}
      note={t("metrics.series", { n: rows.length })}
      query={answers.map(({ ran }) => ran).join("\n")}
      busy={answers.some(({ waiting }) => waiting)}
    >
      <Failures answers={answers} />
      {answers.every(({ instant }) => instant?.samples.length === 0) ? (
        <Empty title={t("metrics.emptyNow")} hint={t("metrics.emptyHint")} />
      ) : null}
      <ol className="value-bars" translate="no">
        {rows.slice(0, MOST_BARS).map(({ id, name, slot, value }) => (
          <li key={id}>
            <code className="clip" title={name}>
              {name}
            </code>
            <span className="value-track">
              <i
                style={{
                  width: `${Math.min(100, (Math.abs(value) / most) * 100)}%`,
                  background: `var(--series-${slot})`,
                }}
              />
            </span>
            <b>{formatValue(value, unit)}</b>
          </li>
        ))}
      </ol>
      {rows.length > MOST_BARS ? <p className="faint">{t("chart.more", { n: rows.length - MOST_BARS })}</p> : null}
    </Panel>
  );
}
