// Reading the products' own APIs under /rooms: Loki streams and Jaeger traces. Prometheus's is in prometheus.ts.

import { type Range, stepFor } from "../lib/time";
import { get, path } from "./http";
import { alignMatrix, gridOf, type Labels, type Matrix, type Point } from "./prometheus";

const LOKI = "/rooms/loki/loki/api/v1";
const JAEGER = "/rooms/jaeger/api";

/** One log line. `time` is nanoseconds as text: a double would lose the last digits. */
export interface LogLine {
  time: string;
  line: string;
  labels: Labels;
}

interface LokiStreams {
  data: {
    resultType: "streams" | "matrix" | "vector";
    result: { stream?: Labels; metric?: Labels; values: [string | number, string, Labels?][] }[];
  };
}

const nanos = (milliseconds: number): string => `${Math.round(milliseconds)}000000`;

/** Lines newest first, over all streams. */
export function mergeStreams(result: LokiStreams["data"]["result"]): LogLine[] {
  const lines = result.flatMap(({ stream = {}, values }) =>
    values.map(([time, line, more]) => ({
      time: String(time),
      line,
      labels: more && typeof more === "object" ? { ...stream, ...more } : stream,
    })),
  );
  // Texts of equal length order as numbers do; all are 19 digits between 2001 and 2286.
  return lines.sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
}

/** Runs a log query. */
export async function queryLogs(query: string, range: Range, limit: number, signal?: AbortSignal): Promise<LogLine[]> {
  const answer = await get<LokiStreams>(
    path(`${LOKI}/query_range`, {
      query,
      start: nanos(range.start),
      end: nanos(range.end),
      limit,
      direction: "backward",
    }),
    signal,
  );
  return mergeStreams(answer.data.result);
}

/** Runs a LogQL query that answers numbers. */
export async function queryLogMatrix(
  query: string,
  range: Range,
  signal?: AbortSignal,
  step = stepFor(range, 120),
): Promise<Matrix> {
  const { start, end } = gridOf(range, step);
  const began = performance.now();
  const answer = await get<LokiStreams>(
    path(`${LOKI}/query_range`, { query, start: nanos(start * 1000), end: nanos(end * 1000), step: `${step}s` }),
    signal,
  );
  const result = answer.data.result.map(({ metric = {}, values }) => ({
    metric,
    values: values.map(([time, value]) => [Number(time), value] as Point),
  }));
  return { ...alignMatrix(result, start, end, step), warnings: [], infos: [], millis: performance.now() - began };
}

/** Label names of the logs in a range. */
export async function logLabels(range: Range, signal?: AbortSignal): Promise<string[]> {
  const answer = await get<{ data?: string[] }>(
    path(`${LOKI}/labels`, { start: nanos(range.start), end: nanos(range.end) }),
    signal,
  );
  return answer.data ?? [];
}

/** Values of a log label in a range. */
export async function logLabelValues(name: string, range: Range, signal?: AbortSignal): Promise<string[]> {
  const answer = await get<{ data?: string[] }>(
    path(`${LOKI}/label/${encodeURIComponent(name)}/values`, { start: nanos(range.start), end: nanos(range.end) }),
    signal,
  );
  return answer.data ?? [];
}

/** The address of the live tail websocket. */
export function tailAddress(query: string, since: number): string {
  const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${window.location.host}${path(`${LOKI}/tail`, { query, start: nanos(since), limit: 100 })}`;
}

/** Lines of one websocket message. */
export function readTail(text: string): LogLine[] {
  const message = JSON.parse(text) as { streams?: { stream: Labels; values: [string, string][] }[] };
  return mergeStreams(message.streams ?? []);
}

export interface JaegerTag {
  key: string;
  type?: string;
  value: string | number | boolean;
}
export interface JaegerSpan {
  traceID: string;
  spanID: string;
  operationName: string;
  references: { refType: string; traceID: string; spanID: string }[];
  startTime: number;
  duration: number;
  tags: JaegerTag[];
  logs: { timestamp: number; fields: JaegerTag[] }[];
  processID: string;
  warnings: string[] | null;
}
export interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string; tags?: JaegerTag[] }>;
}

/** Services that have spans. */
export async function traceServices(signal?: AbortSignal): Promise<string[]> {
  const answer = await get<{ data: string[] | null }>(`${JAEGER}/services`, signal);
  return [...(answer.data ?? [])].sort();
}

/** Operations of a service. */
export async function traceOperations(service: string, signal?: AbortSignal): Promise<string[]> {
  const answer = await get<{ data: string[] | null }>(
    `${JAEGER}/services/${encodeURIComponent(service)}/operations`,
    signal,
  );
  return [...(answer.data ?? [])].sort();
}

/** What the search form asks. */
export interface TraceSearch {
  service: string;
  operation?: string;
  tags?: string;
  minDuration?: string;
  maxDuration?: string;
  limit: number;
}

/** Finds traces in a range. */
export async function searchTraces(search: TraceSearch, range: Range, signal?: AbortSignal): Promise<JaegerTrace[]> {
  const answer = await get<{ data: JaegerTrace[] | null }>(
    path(`${JAEGER}/traces`, {
      service: search.service,
      operation: search.operation,
      tags: search.tags,
      minDuration: search.minDuration,
      maxDuration: search.maxDuration,
      limit: search.limit,
      start: Math.round(range.start * 1000),
      end: Math.round(range.end * 1000),
    }),
    signal,
  );
  return answer.data ?? [];
}

/** One trace by its id. */
export async function getTrace(id: string, signal?: AbortSignal): Promise<JaegerTrace | null> {
  const answer = await get<{ data: JaegerTrace[] | null }>(`${JAEGER}/traces/${encodeURIComponent(id)}`, signal);
  return answer.data?.[0] ?? null;
}
