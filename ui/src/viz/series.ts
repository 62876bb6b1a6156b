// What charts draw: series on one time axis, and small questions about them.

import { formatValue, type Unit } from "../lib/format";

/** One line of a chart. */
export interface ChartSeries {
  /** Decides the colour; the same key has the same colour everywhere. */
  key: string;
  name: string;
  values: readonly (number | null)[];
  /** A CSS colour token that overrides the palette: `--p99`, `--crit`. */
  token?: string;
}

/** The CSS colour of a series. */
export function colourOf(
  key: string,
  token: string | undefined,
  strokes: ReadonlyMap<string, { slot: number }>,
): string {
  return `var(${token ?? `--series-${strokes.get(key)?.slot ?? 1}`})`;
}

interface Drawn {
  times: readonly number[];
  series: readonly ChartSeries[];
}

/** What was read later after what was stored before it: series of the same name are one line. */
export function continued(stored: Drawn, read: Drawn): { times: number[]; series: ChartSeries[] } {
  const first = read.times[0] ?? Number.POSITIVE_INFINITY;
  const before = stored.times.filter((time) => time < first);
  const names = [...new Set([...stored.series, ...read.series].map(({ name }) => name))];
  return {
    times: [...before, ...read.times],
    series: names.map((name) => {
      const [early, late] = [stored, read].map(({ series }) => series.find((one) => one.name === name));
      return {
        ...((early ?? late) as ChartSeries),
        values: [
          ...before.map((_, at) => early?.values[at] ?? null),
          ...read.times.map((_, at) => late?.values[at] ?? null),
        ],
      };
    }),
  };
}

/** The last value that is there. */
export function lastOf(values: readonly (number | null)[]): number | null {
  for (let at = values.length - 1; at >= 0; at -= 1) {
    const value = values[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** Least, most and last value as texts, for the spoken summary. */
export function summarise(
  series: readonly ChartSeries[],
  unit: Unit,
): { min: string; max: string; last: string; n: number } {
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
