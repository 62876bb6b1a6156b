// What a query measures, by the customs of metric names: `_seconds`, `_bytes`, `_ratio`, and rates of counters.

import type { Unit } from "../../lib/format";

const RATES = /\b(rate|irate|deriv)\s*\(/;
/** These answer how many or how much of something else than what the metric measures. */
const COUNTS = /\b(count|count_values|group|changes|resets|count_over_time|timestamp|absent|histogram_count)\b/;

function unitOfName(name: string): Unit | null {
  if (/_seconds(_|$)/.test(name) && !/_seconds_(count|bucket)$/.test(name)) return "seconds";
  if (/_bytes(_|$)/.test(name) && !/_bytes_(count|bucket)$/.test(name)) return "bytes";
  if (/_ratio$/.test(name)) return "ratio";
  return null;
}

/** The unit of one query's values; "none" where names do not tell. */
export function unitOf(query: string): Unit {
  const bare = query.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, "");
  const names = [...bare.matchAll(/[A-Za-z_:][\w:]*/g)].map(([name]) => name);
  if (/^\s*histogram_(quantile|avg)\b/.test(bare)) {
    const measured = names.find((name) => /_(seconds|bytes)(_bucket)?$/.test(name));
    return measured ? (measured.includes("_seconds") ? "seconds" : "bytes") : "none";
  }
  // A quotient or a product measures something new.
  if (/[*/^]/.test(bare.replace(/\[[^\]]*\]/g, "")) || COUNTS.test(bare)) return "none";
  const units = new Set(names.map(unitOfName).filter((unit) => unit !== null));
  const rated = RATES.test(bare);
  if (units.size > 1) return "none";
  const [unit] = units;
  if (!rated) return unit ?? "none";
  if (unit === "bytes") return "bytes/s";
  // Seconds a second are a share of time; any other counted thing is a rate.
  return unit === "seconds" ? "none" : unit === "ratio" ? "none" : "/s";
}

/** The unit of several queries on one axis: theirs if they agree. */
export function sharedUnit(queries: readonly string[]): Unit {
  const units = new Set(queries.map(unitOf));
  const [unit] = units;
  return units.size === 1 && unit ? unit : "none";
}

/** The unit of the buckets of a query: what the histogram measures, not how often. */
export function bucketUnit(query: string): Unit {
  if (/_seconds(_bucket)?\b/.test(query)) return "seconds";
  if (/_bytes(_bucket)?\b/.test(query)) return "bytes";
  return "none";
}
