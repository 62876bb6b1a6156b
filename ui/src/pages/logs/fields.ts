// What a log line says about itself: its level and its fields, from labels, JSON or logfmt.

import type { LogLine } from "../../data/rooms";
import { formatSeconds } from "../../lib/format";

/** Levels, calm to loud. */
export const LEVELS = ["unknown", "trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];

const ALIASES: Record<string, Level> = {
  trace: "trace",
  debug: "debug",
  dbg: "debug",
  info: "info",
  information: "info",
  informational: "info",
  notice: "info",
  inf: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
  fatal: "fatal",
  critical: "fatal",
  crit: "fatal",
  panic: "fatal",
  alert: "fatal",
  emerg: "fatal",
};

/** The level a text names. */
export function levelNamed(text: string | undefined): Level {
  return ALIASES[(text ?? "").toLowerCase()] ?? "unknown";
}

/** The level of an access log line by its status. */
function statusLevel(status: string | undefined): Level {
  const code = Number(status);
  if (!(code >= 100 && code < 600)) return "unknown";
  return code >= 500 ? "error" : code >= 400 ? "warn" : "info";
}

/** Where a field of a line comes from: a label of its stream or metadata, or the parser that finds it in the text. */
export type Origin = "label" | "json" | "logfmt";

/** Narrows a query by a field. */
export type OnFilter = (name: string, op: "=" | "!=", value: string, origin: Origin) => void;

/** Which parser finds the fields of this text. */
export function parserOf(line: string): Origin {
  return line.trimStart().startsWith("{") ? "json" : "logfmt";
}

const MOST_PARSED = 20_000;

/** The fields inside a line: JSON objects (nested keys joined by `_`, as LogQL's `json` does) or logfmt pairs. */
export function parseLine(line: string): Record<string, string> {
  const text = line.trim();
  if (text.length > MOST_PARSED) return {};
  if (text.startsWith("{")) {
    try {
      const fields: Record<string, string> = {};
      flatten(JSON.parse(text) as Record<string, unknown>, "", fields, 0);
      return fields;
    } catch {
      return {};
    }
  }
  const fields: Record<string, string> = {};
  for (const [, key = "", quoted, plain] of text.matchAll(/([A-Za-z_][\w.]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/g)) {
    fields[key.replace(/\./g, "_")] = quoted ?? plain ?? "";
  }
  return fields;
}

function flatten(value: Record<string, unknown>, prefix: string, out: Record<string, string>, depth: number): void {
  for (const [key, inner] of Object.entries(value)) {
    const name = `${prefix}${key}`.replace(/[^A-Za-z0-9_]/g, "_");
    if (inner !== null && typeof inner === "object" && !Array.isArray(inner) && depth < 8) {
      flatten(inner as Record<string, unknown>, `${name}_`, out, depth + 1);
    } else {
      out[name] = typeof inner === "string" ? inner : JSON.stringify(inner);
    }
  }
}

const LEVEL_NAMES = ["level", "detected_level", "severity", "severity_text", "lvl", "loglevel"];

/** The level of a line, by label, then by field, then by its first words. */
export function levelOf({ labels, line }: LogLine): Level {
  for (const name of LEVEL_NAMES) {
    const level = levelNamed(labels[name]);
    if (level !== "unknown") return level;
  }
  const fields = parseLine(line);
  for (const name of LEVEL_NAMES) {
    const level = levelNamed(fields[name]);
    if (level !== "unknown") return level;
  }
  const status = fields.status ?? fields.DownstreamStatus ?? labels.status ?? /" (\d{3}) /.exec(line)?.[1];
  const byStatus = statusLevel(status);
  if (byStatus !== "unknown") return byStatus;
  return levelNamed(
    /\b(trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|panic|crit(?:ical)?)\b/i.exec(line.slice(0, 120))?.[1],
  );
}

/** The trace a line belongs to. */
export function traceOf({ labels, line }: LogLine): string | null {
  const fields = { ...parseLine(line), ...labels };
  for (const name of ["trace_id", "traceid", "traceID", "TraceId", "traceId", "trace"]) {
    const id = fields[name];
    if (id && /^[0-9a-f]{16,32}$/i.test(id)) return id;
  }
  return /\b(?:trace_?id)["=:\s]+"?([0-9a-f]{32}|[0-9a-f]{16})\b/i.exec(line)?.[1] ?? null;
}

const pick = (fields: Readonly<Record<string, string>>, names: readonly string[]): string =>
  names.map((name) => fields[name] ?? "").find((value) => value !== "" && value !== "-") ?? "";

/**
 * A JSON line in short: its message, or what an access log is read for (status, method, path, duration, router). Empty
 * where the line itself is as short as it gets.
 */
export function briefOf({ line, labels }: LogLine): string {
  if (parserOf(line) !== "json") return "";
  const fields = parseLine(line);
  const method = pick(fields, ["RequestMethod", "method", "request_method", "http_method"]);
  const path = pick(fields, ["RequestPath", "path", "uri", "request_uri", "request_path", "url"]);
  if (method !== "" && path !== "") {
    const status = pick({ ...fields, ...labels }, ["DownstreamStatus", "status", "status_code"]);
    const seconds = Number(labels.duration);
    const took = seconds > 0 ? formatSeconds(seconds) : "";
    return [status, method, path, took, pick(fields, ["RouterName", "router", "host"])].filter(Boolean).join(" ");
  }
  return pick(fields, ["msg", "message", "Message", "event", "error"]);
}

/** A field over many lines. */
export interface FieldCount {
  name: string;
  origin: Origin;
  lines: number;
  values: [string, number][];
}

const MOST_VALUES = 1000;

/** How often each value of each field occurs in these lines; labels first, then fields with most lines. */
export function countFields(lines: readonly LogLine[]): FieldCount[] {
  const counts = new Map<string, { origin: Origin; lines: number; values: Map<string, number> }>();
  const add = (name: string, value: string, origin: Origin) => {
    const entry = counts.get(name) ?? { origin, lines: 0, values: new Map<string, number>() };
    entry.lines += 1;
    if (origin === "label") entry.origin = origin;
    const { values } = entry;
    if (values.size < MOST_VALUES || values.has(value)) values.set(value, (values.get(value) ?? 0) + 1);
    counts.set(name, entry);
  };
  for (const { labels, line } of lines) {
    for (const [name, value] of Object.entries(labels)) add(name, value, "label");
    for (const [name, value] of Object.entries(parseLine(line)))
      if (!(name in labels)) add(name, value, parserOf(line));
  }
  return [...counts]
    .map(([name, { origin, lines: n, values }]) => ({
      name,
      origin,
      lines: n,
      values: [...values].sort((a, b) => b[1] - a[1]).slice(0, 5),
    }))
    .sort(
      (a, b) =>
        Number(b.origin === "label") - Number(a.origin === "label") ||
        b.lines - a.lines ||
        a.name.localeCompare(b.name),
    );
}
