// Reading Prometheus's own API under /rooms/prometheus: vectors, matrices, exemplars, names, the store's status.

import type { NativeHistogram } from "../lib/buckets";
import { type Range, stepFor } from "../lib/time";
import { get, path } from "./http";

const PROMETHEUS = "/rooms/prometheus/api/v1";

export type Labels = Record<string, string>;

/** One series of a range answer: seconds and values side by side, null where a step has no sample. */
export interface Series {
  labels: Labels;
  values: (number | null)[];
  /** There only where the series holds native histograms. */
  histograms?: (NativeHistogram | null)[];
}
/** A range answer on one time axis (epoch seconds). */
export interface Matrix {
  times: number[];
  series: Series[];
  warnings: string[];
  infos: string[];
  /** How long the answer took, as seen from here. */
  millis: number;
}
/** One sample of an instant answer: a number, or a native histogram and its count. */
export interface Sample {
  labels: Labels;
  value: number;
  histogram?: NativeHistogram;
}
/** An instant answer. */
export interface Instant {
  samples: Sample[];
  warnings: string[];
  infos: string[];
  millis: number;
}

interface PromAnswer {
  status: string;
  warnings?: string[];
  infos?: string[];
  data: {
    resultType: "matrix" | "vector" | "scalar" | "string";
    result: unknown;
  };
}
/** A sample on the wire: epoch seconds and the value as text. */
export type Point = [number, string];
interface WireHistogram {
  count: string;
  sum: string;
  buckets?: [number, string, string, string][];
}
type HistogramPoint = [number, WireHistogram];
interface WireSeries {
  metric: Labels;
  values?: Point[];
  histograms?: HistogramPoint[];
}

const toNumber = (text: string): number =>
  text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);

const toHistogram = ({ count, sum, buckets = [] }: WireHistogram): NativeHistogram => ({
  count: toNumber(count),
  sum: toNumber(sum),
  buckets: buckets.map(([, low, high, own]) => ({ low: toNumber(low), high: toNumber(high), count: toNumber(own) })),
});

/** Puts the points of every series on one axis of equal steps. */
export function alignMatrix(
  result: WireSeries[],
  start: number,
  end: number,
  step: number,
): Pick<Matrix, "times" | "series"> {
  const count = Math.floor((end - start) / step + 1e-6) + 1;
  const times = Array.from({ length: count }, (_, at) => start + at * step);
  const place = (time: number) => Math.round((time - start) / step);
  const series = result.map(({ metric, values = [], histograms }): Series => {
    const column: (number | null)[] = new Array(count).fill(null);
    for (const [time, text] of values) {
      const at = place(time);
      const value = toNumber(text);
      if (at >= 0 && at < count) column[at] = Number.isFinite(value) ? value : null;
    }
    if (!histograms || histograms.length === 0) return { labels: metric, values: column };
    const wide: (NativeHistogram | null)[] = new Array(count).fill(null);
    for (const [time, wire] of histograms)
      if (place(time) >= 0 && place(time) < count) wide[place(time)] = toHistogram(wire);
    return { labels: metric, values: column, histograms: wide };
  });
  return { times, series };
}

/** What a query may be given besides its text and time. */
export interface QueryOptions {
  /** How far back a sample counts, as a PromQL duration; empty for the server's own. */
  lookback?: string;
}

/** The moments of a range query (epoch seconds). */
export function gridOf(range: Range, step: number): { start: number; end: number } {
  // Steps fall on multiples of the step, so that a refresh moves the window without shaking the curve.
  return { start: Math.floor(range.start / 1000 / step) * step, end: Math.floor(range.end / 1000 / step) * step };
}

/** The address of a range query. */
export function rangePath(query: string, range: Range, step: number, { lookback }: QueryOptions = {}): string {
  return path(`${PROMETHEUS}/query_range`, { query, ...gridOf(range, step), step, lookback_delta: lookback });
}

/** The address of an instant query. */
export function instantPath(query: string, at: number, { lookback }: QueryOptions = {}): string {
  return path(`${PROMETHEUS}/query`, { query, time: at / 1000, lookback_delta: lookback });
}

/** Runs a range query at steps of `step` seconds. */
export async function queryRange(
  query: string,
  range: Range,
  signal?: AbortSignal,
  step = stepFor(range),
  options: QueryOptions = {},
): Promise<Matrix> {
  const { start, end } = gridOf(range, step);
  const began = performance.now();
  const answer = await get<PromAnswer>(rangePath(query, range, step, options), signal);
  return {
    ...alignMatrix(answer.data.result as WireSeries[], start, end, step),
    warnings: answer.warnings ?? [],
    infos: answer.infos ?? [],
    millis: performance.now() - began,
  };
}

function toSamples({ resultType, result }: PromAnswer["data"]): Sample[] {
  if (resultType === "scalar") return [{ labels: {}, value: toNumber((result as Point)[1]) }];
  if (resultType === "string") return [{ labels: { value: (result as Point)[1] }, value: Number.NaN }];
  if (resultType === "matrix") {
    return (result as WireSeries[]).map(({ metric, values = [] }) => ({
      labels: metric,
      value: toNumber(values.at(-1)?.[1] ?? "NaN"),
    }));
  }
  return (result as { metric: Labels; value?: Point; histogram?: HistogramPoint }[]).map(
    ({ metric, value, histogram }): Sample =>
      histogram
        ? { labels: metric, value: toNumber(histogram[1].count), histogram: toHistogram(histogram[1]) }
        : { labels: metric, value: toNumber(value?.[1] ?? "NaN") },
  );
}

/** Runs an instant query at a moment (epoch ms). */
export async function queryInstant(
  query: string,
  at: number,
  signal?: AbortSignal,
  options: QueryOptions = {},
): Promise<Instant> {
  const began = performance.now();
  const answer = await get<PromAnswer>(instantPath(query, at, options), signal);
  return {
    samples: toSamples(answer.data),
    warnings: answer.warnings ?? [],
    infos: answer.infos ?? [],
    millis: performance.now() - began,
  };
}

/** A sample kept with its labels as an example of what was measured. `at` is epoch seconds. */
export interface Exemplar {
  series: Labels;
  labels: Labels;
  value: number;
  at: number;
}

/** The exemplars of the series a query selects. */
export async function queryExemplars(query: string, range: Range, signal?: AbortSignal): Promise<Exemplar[]> {
  const answer = await get<{
    data: { seriesLabels: Labels; exemplars: { labels: Labels; value: string; timestamp: number }[] }[] | null;
  }>(path(`${PROMETHEUS}/query_exemplars`, { query, start: range.start / 1000, end: range.end / 1000 }), signal);
  return (answer.data ?? []).flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, value, timestamp }) => ({
      series: seriesLabels,
      labels,
      value: toNumber(value),
      at: timestamp,
    })),
  );
}

/** Label names of the series a selector picks, within a range. */
export async function labelNames(match: string, range: Range, signal?: AbortSignal): Promise<string[]> {
  const answer = await get<{ data: string[] }>(
    path(`${PROMETHEUS}/labels`, { "match[]": match, start: range.start / 1000, end: range.end / 1000 }),
    signal,
  );
  return answer.data.filter((name) => name !== "__name__");
}

/** Values of a label in the series a selector picks, within a range. */
export async function labelValues(name: string, match: string, range: Range, signal?: AbortSignal): Promise<string[]> {
  // The path takes UTF-8 names in the escaped form of the API.
  const own = /^[A-Za-z_]\w*$/.test(name)
    ? name
    : `U__${[...name].map((char) => (/\w/.test(char) ? (char === "_" ? "__" : char) : `_${char.codePointAt(0)?.toString(16)}_`)).join("")}`;
  const answer = await get<{ data: string[] }>(
    path(`${PROMETHEUS}/label/${own}/values`, {
      "match[]": match,
      start: range.start / 1000,
      end: range.end / 1000,
      limit: 1000,
    }),
    signal,
  );
  return answer.data;
}

/** Counts of one list of the store's status. */
export type StatList = { name: string; value: number }[];
/** What the store says of its labels and series. */
export interface TsdbStatus {
  headStats: { numSeries: number; numLabelPairs: number; chunkCount: number; minTime: number; maxTime: number };
  seriesCountByMetricName: StatList;
  labelValueCountByLabelName: StatList;
  memoryInBytesByLabelName: StatList;
  seriesCountByLabelValuePair: StatList;
}

/** The store's status, with at most `limit` entries a list. */
export async function tsdbStatus(limit: number, signal?: AbortSignal): Promise<TsdbStatus> {
  return (await get<{ data: TsdbStatus }>(path(`${PROMETHEUS}/status/tsdb`, { limit }), signal)).data;
}

/** Facts of the running process that concern the store; keys are Prometheus's. */
export async function runtimeInfo(signal?: AbortSignal): Promise<Record<string, string | number | boolean>> {
  return (await get<{ data: Record<string, string | number | boolean> }>(`${PROMETHEUS}/status/runtimeinfo`, signal))
    .data;
}

/** All metric names, sorted. */
export async function metricNames(signal?: AbortSignal): Promise<string[]> {
  const answer = await get<{ data: string[] }>(`${PROMETHEUS}/label/__name__/values`, signal);
  return answer.data;
}

/** Type, help and unit of a metric; a metric has more than one where its targets disagree. */
export type Metadata = Record<string, { type: string; help: string; unit: string }[]>;

/** Type, help and unit of metrics by name. */
export async function metricMetadata(signal?: AbortSignal): Promise<Metadata> {
  return (await get<{ data: Metadata }>(path(`${PROMETHEUS}/metadata`, { limit_per_metric: 1 }), signal)).data;
}
