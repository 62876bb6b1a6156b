// Small pieces of PromQL and LogQL text: quoting, label sets as selectors, filters added to a query by a click.

import { rateWindow } from "./time";

/** A string literal of PromQL and LogQL. */
export function quote(text: string): string {
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`;
}

/** Escapes a value for use inside a regular expression literal. */
export function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** `name{a="b"}` as Prometheus prints a series. */
export function seriesName(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = "", ...rest } = labels;
  const pairs = Object.keys(rest)
    .sort()
    .map((key) => `${key}=${quote(rest[key] ?? "")}`);
  return pairs.length === 0 && name !== "" ? name : `${name}{${pairs.join(", ")}}`;
}

/** The shortest text that tells these series apart: labels that all share are left out. */
export function shortNames(all: readonly Readonly<Record<string, string>>[]): string[] {
  const [first] = all;
  if (!first) return [];
  const shared = new Set(Object.keys(first).filter((key) => all.every((labels) => labels[key] === first[key])));
  return all.map((labels) => {
    const own = Object.fromEntries(Object.entries(labels).filter(([key]) => !shared.has(key)));
    if (Object.keys(own).length > 0) {
      const values = Object.values(own);
      return values.length === 1 ? (values[0] ?? "") : seriesName(own);
    }
    const values = Object.values(labels);
    if (all.length === 1 && values.length === 1) return values[0] ?? "";
    return all.length === 1 ? seriesName(labels) : (labels.__name__ ?? seriesName(labels));
  });
}

/** A LogQL stream selector; with no labels, one that matches every stream. */
export function selector(labels: Readonly<Record<string, string>>, fallback: string): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${quote(value)}`);
  return pairs.length === 0 ? fallback : `{${pairs.join(", ")}}`;
}

/** Ends of the stream selector of a LogQL query, braces included; null where it has none. */
function selectorSpan(query: string): [number, number] | null {
  const start = query.indexOf("{");
  if (start < 0) return null;
  let quoteChar = "";
  for (let at = start; at < query.length; at += 1) {
    const char = query.charAt(at);
    if (quoteChar !== "") {
      if (char === "\\" && quoteChar === '"') at += 1;
      else if (char === quoteChar) quoteChar = "";
    } else if (char === '"' || char === "`") quoteChar = char;
    else if (char === "}") return [start, at + 1];
  }
  return null;
}

/** Adds one label matcher to the stream selector. */
export function addMatcher(query: string, name: string, op: "=" | "!=", value: string): string {
  const span = selectorSpan(query);
  const matcher = `${name}${op}${quote(value)}`;
  if (!span) return `{${matcher}} ${query}`.trim();
  const inner = query.slice(span[0] + 1, span[1] - 1).trim();
  if (inner.split(",").some((part) => part.trim() === matcher)) return query;
  return `${query.slice(0, span[0])}{${inner === "" ? matcher : `${inner.replace(/,\s*$/, "")}, ${matcher}`}}${query.slice(span[1])}`;
}

/** Adds one label filter after the pipeline, for fields that only a parser or structured metadata gives. */
export function addFilter(query: string, name: string, op: "=" | "!=", value: string): string {
  const filter = `| ${name}${op}${quote(value)}`;
  return query.includes(filter) ? query : `${query.trim()} ${filter}`;
}

/** True for a LogQL query that answers numbers, not lines. */
export function isMetricQuery(query: string): boolean {
  const open = query.indexOf("{");
  return open > 0 && /[a-z_]+\s*(by\s*\([^)]*\)|without\s*\([^)]*\))?\s*\(/i.test(query.slice(0, open));
}

/** A query of one number as a query over time: its long windows give way to one that follows the step. */
export function overTime(query: string): string {
  return query.replace(/\[\d+(?:ms|[smhdwy])\]/g, "[$__rate_interval]");
}

/** Fills `$__rate_interval`, `$__interval` and `$__range` in for a step (seconds) and a range (epoch ms). */
export function fillQuery(query: string, step: number, range: { start: number; end: number }): string {
  return query
    .replaceAll("$__rate_interval", rateWindow(step))
    .replaceAll("$__interval", `${step}s`)
    .replaceAll("$__range", `${Math.round((range.end - range.start) / 1000)}s`);
}

/** Our variables, which stand where a duration may. */
export const VARIABLE = /\$__(?:rate_interval|interval|range)\b/g;

/** The query with a duration in place of each variable, of equal length, so that places stay true. */
export function withDurations(query: string): string {
  return query.replace(VARIABLE, (name) => "1m".padEnd(name.length));
}
