// Rate, errors and p99 of a service over time from its entry spans, by SQL: a service that no gateway names has no metrics.

import { useQuery } from "@tanstack/react-query";
import { useTime } from "../app/url";
import { stepFor } from "../lib/time";
import { write } from "./http";
import type { SqlAnswer } from "./types";

/** Columns on one axis of equal steps (epoch seconds). */
export interface SpanSeries {
  query: string;
  times: number[];
  rate: (number | null)[];
  errors: (number | null)[];
  p99: (number | null)[];
}

/** The statement: entry spans (server and consumer) in steps, durations in nanoseconds. */
export function spanQuery(service: string, start: number, end: number, step: number): string {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  return [
    `SELECT date_bin(INTERVAL '${step} seconds', time, TIMESTAMP '1970-01-01T00:00:00Z') AS at, count(*) AS calls,`,
    "sum(CASE WHEN status = 2 THEN 1 ELSE 0 END) AS failed, approx_percentile_cont(duration, 0.99) AS p99",
    `FROM spans WHERE service = '${service.replace(/'/g, "''")}' AND kind IN (2, 5)`,
    `AND time >= TIMESTAMP '${at(start)}' AND time < TIMESTAMP '${at(end)}' GROUP BY 1 ORDER BY 1`,
  ].join(" ");
}

/** Epoch seconds of a timestamp cell; SQL times come without a zone and are UTC. */
function seconds(cell: unknown): number {
  if (typeof cell === "number") return cell > 1e14 ? cell / 1e9 : cell / 1e3;
  const text = String(cell).replace(" ", "T");
  return Date.parse(/[Zz]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`) / 1000;
}

/** Puts the rows on the axis; a step without a call has rate 0 and no duration. */
export function alignSpans(
  rows: readonly unknown[][],
  start: number,
  end: number,
  step: number,
): Omit<SpanSeries, "query"> {
  const count = Math.max(1, Math.round((end - start) / step));
  const times = Array.from({ length: count }, (_, at) => start + at * step);
  const rate: (number | null)[] = new Array(count).fill(0);
  const errors: (number | null)[] = new Array(count).fill(null);
  const p99: (number | null)[] = new Array(count).fill(null);
  for (const [time, calls, failed, nanos] of rows) {
    const at = Math.round((seconds(time) - start) / step);
    if (!(at >= 0 && at < count)) continue;
    rate[at] = Number(calls) / step;
    errors[at] = Number(failed) / Math.max(1, Number(calls));
    p99[at] = Number(nanos) / 1e9;
  }
  return { times, rate, errors, p99 };
}

/** The series of a service over the page's range. */
export function useSpanSeries(service: string, enabled: boolean) {
  const { range, from, to } = useTime();
  return useQuery({
    queryKey: ["spanSeries", service, from, to, range.end],
    queryFn: async (): Promise<SpanSeries> => {
      const step = stepFor(range, 120, 10);
      const start = Math.floor(range.start / 1000 / step) * step;
      const end = Math.floor(range.end / 1000 / step) * step;
      const query = spanQuery(service, start, end, step);
      const { rows } = await write<SqlAnswer>("POST", "/api/gw/sql", { query, limit: 1000 });
      return { query, ...alignSpans(rows, start, end, step) };
    },
    enabled,
    placeholderData: (before, last) => (last?.queryKey[1] === service ? before : undefined),
    retry: false,
  });
}
