// Distributions over time: from classic buckets (`le`), native histograms, or the values of many series. One shape feeds
// the heat map and the histogram.

/** A native histogram of the HTTP API: per bucket its border rule, lower and upper end, count. */
export interface NativeHistogram {
  count: number;
  sum: number;
  buckets: readonly { low: number; high: number; count: number }[];
}

/** What a distribution is made of. */
export interface BucketSeries {
  labels: Readonly<Record<string, string>>;
  values: readonly (number | null)[];
  histograms?: readonly (NativeHistogram | null)[] | undefined;
}

/** Rows of buckets, low to high, each with a count a step; NaN where there is no sample. */
export interface Heat {
  source: "native" | "classic" | "values";
  rows: { low: number; high: number; counts: number[] }[];
  most: number;
}

/** More rows than this are merged: they would be thinner than a line. */
const MOST_ROWS = 60;
const VALUE_ROWS = 24;

type Row = Heat["rows"][number];

const bound = (text: string): number => (text === "+Inf" || text === "Inf" ? Number.POSITIVE_INFINITY : Number(text));

function native(series: readonly BucketSeries[], steps: number): Row[] {
  const rows = new Map<string, Row>();
  for (const { histograms = [] } of series) {
    for (const [at, histogram] of histograms.entries()) {
      for (const { low, high, count } of histogram?.buckets ?? []) {
        const key = `${low} ${high}`;
        const row = rows.get(key) ?? { low, high, counts: new Array<number>(steps).fill(Number.NaN) };
        row.counts[at] = (row.counts[at] || 0) + count;
        rows.set(key, row);
      }
    }
  }
  // A step with a histogram that lacks a bucket has none in it; a step without a histogram is unknown.
  const known = Array.from({ length: steps }, (_, at) => series.some(({ histograms }) => histograms?.[at]));
  for (const { counts } of rows.values()) {
    for (let at = 0; at < steps; at += 1) if (known[at] && Number.isNaN(counts[at])) counts[at] = 0;
  }
  return [...rows.values()];
}

function classic(series: readonly BucketSeries[], steps: number): Row[] {
  const groups = new Map<string, { le: number; values: readonly (number | null)[] }[]>();
  for (const { labels, values } of series) {
    const { le, ...rest } = labels;
    if (le === undefined) continue;
    const key = JSON.stringify(Object.entries(rest).sort());
    groups.set(key, [...(groups.get(key) ?? []), { le: bound(le), values }]);
  }
  const rows = new Map<number, Row>();
  for (const group of groups.values()) {
    group.sort((a, b) => a.le - b.le);
    for (const [index, { le, values }] of group.entries()) {
      const below = group[index - 1];
      const low = below?.le ?? (le > 0 ? 0 : Number.NEGATIVE_INFINITY);
      const row = rows.get(le) ?? { low, high: le, counts: new Array<number>(steps).fill(Number.NaN) };
      row.low = Math.max(row.low, low);
      for (let at = 0; at < steps; at += 1) {
        const value = values[at];
        if (value === null || value === undefined) continue;
        row.counts[at] = (row.counts[at] || 0) + Math.max(0, value - (below?.values[at] ?? 0));
      }
      rows.set(le, row);
    }
  }
  return [...rows.values()];
}

/** How many series have a value in each of some ranges; by size where the values span more than three decades. */
function spread(series: readonly BucketSeries[], steps: number): Row[] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { values } of series) {
    for (const value of values) {
      if (value === null || !Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [];
  if (low === high) high = low + (Math.abs(low) || 1);
  const log = low > 0 && high / low > 1000;
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const width = (to - from) / VALUE_ROWS;
  const edge = (at: number) => (log ? Math.exp(from + at * width) : from + at * width);
  const rows = Array.from({ length: VALUE_ROWS }, (_, at) => ({
    low: edge(at),
    high: edge(at + 1),
    counts: new Array<number>(steps).fill(Number.NaN),
  }));
  for (const { values } of series) {
    for (const [at, value] of values.entries()) {
      if (value === null || !Number.isFinite(value)) continue;
      if (Number.isNaN(rows[0]?.counts[at])) for (const row of rows) row.counts[at] = 0;
      const place = Math.min(VALUE_ROWS - 1, Math.floor(((log ? Math.log(value) : value) - from) / width));
      const counts = rows[place]?.counts;
      if (counts) counts[at] = (counts[at] ?? 0) + 1;
    }
  }
  return rows;
}

/** Merges neighbours until there are few enough rows to see. */
function thin(rows: Row[]): Row[] {
  let out = rows;
  while (out.length > MOST_ROWS) {
    const merged: Row[] = [];
    for (let at = 0; at < out.length; at += 2) {
      const [one, two] = [out[at], out[at + 1]];
      if (!one) continue;
      if (!two) merged.push(one);
      else
        merged.push({
          low: one.low,
          high: two.high,
          counts: one.counts.map((count, step) => {
            const other = two.counts[step] ?? Number.NaN;
            return Number.isNaN(count) ? other : count + (other || 0);
          }),
        });
    }
    out = merged;
  }
  return out;
}

/** The distribution in an answer, or null where there is nothing to distribute. */
export function heatOf(series: readonly BucketSeries[], steps: number): Heat | null {
  const source = series.some(({ histograms }) => histograms?.some((one) => one !== null))
    ? "native"
    : series.some(({ labels }) => labels.le !== undefined)
      ? "classic"
      : "values";
  const made = { native, classic, values: spread }[source](series, steps);
  const rows = thin(made.sort((a, b) => a.low - b.low || a.high - b.high));
  if (rows.length === 0) return null;
  let most = 0;
  for (const { counts } of rows) for (const count of counts) if (count > most) most = count;
  return { source, rows, most };
}

/** The quantile of a distribution at a step, by the line between the ends of its bucket; null without counts. */
export function quantileAt({ rows }: Heat, at: number, quantile: number): number | null {
  const total = rows.reduce((sum, { counts }) => sum + (counts[at] || 0), 0);
  if (total <= 0) return null;
  let seen = 0;
  for (const { low, high, counts } of rows) {
    const count = counts[at] || 0;
    if (count > 0 && seen + count >= quantile * total) {
      if (!Number.isFinite(high)) return low;
      if (!Number.isFinite(low)) return high;
      return low + (high - low) * ((quantile * total - seen) / count);
    }
    seen += count;
  }
  return rows.at(-1)?.low ?? null;
}

/** The argument of `histogram_quantile(...)`: the buckets it looks into; null for any other query. */
export function bucketsOf(query: string): string | null {
  const found = /^\s*histogram_quantile\s*\(\s*[\d.]+\s*,\s*([\s\S]+)\)\s*$/.exec(query);
  const inner = found?.[1];
  if (inner === undefined) return null;
  // The last parenthesis must be the one of histogram_quantile itself.
  let depth = 0;
  for (const char of inner.replace(/"(?:[^"\\]|\\.)*"/g, "")) {
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (depth < 0) return null;
  }
  return depth === 0 ? inner.trim() : null;
}
