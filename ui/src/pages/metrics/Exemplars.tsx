// Exemplars: measured examples that name their trace. Dots over the chart for the eye and the mouse, a folded list of the
// same links for keyboards and screen readers.

import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type uPlot from "uplot";
import { useTime } from "../../app/url";
import { type Exemplar, queryExemplars } from "../../data/prometheus";
import { useLanguage } from "../../i18n";
import { formatDateTime, formatValue } from "../../lib/format";
import { seriesName } from "../../lib/promql";

const MOST_DOTS = 150;
const MOST_LISTED = 50;
const TRACE_NAMES = ["trace_id", "traceID", "traceId", "TraceId", "traceid", "trace.id"];

/** The trace an exemplar names. */
export function traceOfExemplar({ labels }: Pick<Exemplar, "labels">): string | null {
  for (const name of TRACE_NAMES) if (labels[name]) return labels[name] ?? null;
  return null;
}

/** Spreads what is shown over the whole range: the largest of each stretch of time, since those are looked for. */
export function thinExemplars(
  exemplars: readonly Exemplar[],
  range: { start: number; end: number },
  most: number,
): Exemplar[] {
  if (exemplars.length <= most) return [...exemplars];
  const kept = new Map<number, Exemplar>();
  for (const one of exemplars) {
    const slot = Math.floor(((one.at * 1000 - range.start) / (range.end - range.start)) * most);
    const before = kept.get(slot);
    if (!before || one.value > before.value) kept.set(slot, one);
  }
  return [...kept.values()];
}

/** The exemplars of queries over the page's range that name a trace. */
export function useExemplars(queries: readonly string[], enabled: boolean): Exemplar[] {
  const { range, from, to } = useTime();
  const results = useQueries({
    queries: [...new Set(queries)].map((query) => ({
      queryKey: ["exemplars", query, from, to, range.end],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryExemplars(query, range, signal),
      enabled: enabled && query !== "",
      placeholderData: (before: Exemplar[] | undefined, last: { queryKey: readonly unknown[] } | undefined) =>
        last?.queryKey[1] === query ? before : undefined,
      // A query that fails says so in its own answer.
      retry: false,
    })),
  });
  if (!enabled) return [];
  const found = distinct(results.flatMap(({ data }) => data ?? [])).filter((one) => traceOfExemplar(one) !== null);
  return thinExemplars(found, range, MOST_DOTS).sort((a, b) => b.at - a.at);
}

/** Each once: queries over the same metric, and the buckets of one histogram, name the same examples. */
function distinct(exemplars: readonly Exemplar[]): Exemplar[] {
  return [...new Map(exemplars.map((one) => [`${one.at} ${one.value} ${traceOfExemplar(one)}`, one])).values()];
}

interface DotsProps {
  plot: uPlot;
  exemplars: readonly Exemplar[];
}

/** The dots. One that lies outside of the values shown sits at the edge, so that it can still be opened. */
export function ExemplarDots({ plot, exemplars }: DotsProps) {
  const { t, language } = useLanguage();
  const { offsetLeft, offsetTop, clientWidth, clientHeight } = plot.over;
  return (
    <div className="exemplar-dots" aria-hidden translate="no">
      {exemplars.map((one) => {
        const x = plot.valToPos(one.at, "x");
        if (x < 0 || x > clientWidth) return null;
        const y = Math.max(0, Math.min(clientHeight, plot.valToPos(one.value, "y")));
        const trace = traceOfExemplar(one) ?? "";
        return (
          <Link
            key={`${one.at}${trace}${one.value}`}
            to="/explore/traces"
            search={{ trace }}
            tabIndex={-1}
            className="exemplar"
            style={{ left: offsetLeft + x, top: offsetTop + y }}
            title={`${t("metrics.exemplar")} ${formatValue(one.value)}\n${formatDateTime(one.at * 1000, language)}\n${trace}\n${seriesName(one.series)}`}
          />
        );
      })}
    </div>
  );
}

/** The list. */
export function ExemplarList({ exemplars }: { exemplars: readonly Exemplar[] }) {
  const { t, language } = useLanguage();
  if (exemplars.length === 0) return null;
  return (
    <details className="panel exemplar-list">
      <summary>{t("metrics.exemplarCount", { n: exemplars.length })}</summary>
      <ul>
        {exemplars.slice(0, MOST_LISTED).map((one) => {
          const trace = traceOfExemplar(one) ?? "";
          return (
            <li key={`${one.at}${trace}${one.value}`} className="row">
              <span className="faint nowrap">{formatDateTime(one.at * 1000, language)}</span>
              <b className="num">{formatValue(one.value)}</b>
              <Link to="/explore/traces" search={{ trace }} translate="no">
                <code>{trace}</code>
              </Link>
              <code className="faint clip">{seriesName(one.series)}</code>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
