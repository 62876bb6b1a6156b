// Time ranges as people and URLs write them: `now-1h`, `now-1d/d`, epoch milliseconds or RFC 3339. Pure functions: the
// caller hands in `now`, so the same text always gives the same range in a test.

/** A closed range of epoch milliseconds. */
export interface Range {
  start: number;
  end: number;
}

const UNIT_MS: Record<string, number> = {
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86400e3,
  w: 7 * 86400e3,
};

/** Sets a date back (or, with `up`, on) to the border of a unit in local time. */
function snap(date: Date, unit: string, up: boolean): Date {
  const d = new Date(date);
  const step = up ? 1 : 0;
  switch (unit) {
    case "s":
      d.setSeconds(d.getSeconds() + step, 0);
      break;
    case "m":
      d.setMinutes(d.getMinutes() + step, 0, 0);
      break;
    case "h":
      d.setHours(d.getHours() + step, 0, 0, 0);
      break;
    case "d":
      d.setDate(d.getDate() + step);
      d.setHours(0, 0, 0, 0);
      break;
    case "w":
      // Weeks start on Monday (ISO 8601).
      d.setDate(d.getDate() - ((d.getDay() + 6) % 7) + step * 7);
      d.setHours(0, 0, 0, 0);
      break;
    case "M":
      d.setMonth(d.getMonth() + step, 1);
      d.setHours(0, 0, 0, 0);
      break;
    case "y":
      d.setFullYear(d.getFullYear() + step, 0, 1);
      d.setHours(0, 0, 0, 0);
      break;
  }
  return d;
}

function shift(date: Date, amount: number, unit: string): Date {
  const d = new Date(date);
  if (unit === "M") {
    const day = d.getDate();
    d.setDate(1);
    d.setMonth(d.getMonth() + amount);
    // 31 March minus a month is the last of February, never 3 March.
    d.setDate(Math.min(day, new Date(d.getFullYear(), d.getMonth() + 1, 0).getDate()));
  } else if (unit === "y") {
    d.setFullYear(d.getFullYear() + amount);
  } else {
    d.setTime(d.getTime() + amount * (UNIT_MS[unit] ?? 0));
  }
  return d;
}

/** Epoch milliseconds of one end of a range, or null where the text is none. `up` rounds `/d` to the end of the day. */
export function parsePoint(text: string, now: number, up: boolean): number | null {
  const trimmed = text.trim();
  if (/^\d{12,16}$/.test(trimmed)) return Number(trimmed);
  if (/^\d{9,11}(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  if (!trimmed.startsWith("now")) {
    if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return null;
    const parsed = Date.parse(trimmed.includes("T") || trimmed.length <= 10 ? trimmed : trimmed.replace(" ", "T"));
    return Number.isNaN(parsed) ? null : parsed;
  }
  let date = new Date(now);
  let rest = trimmed.slice(3);
  while (rest !== "") {
    const step = /^([+-])(\d{1,6})([smhdwMy])/.exec(rest);
    if (step) {
      date = shift(date, Number(step[2]) * (step[1] === "-" ? -1 : 1), step[3] ?? "s");
      rest = rest.slice(step[0].length);
      continue;
    }
    const round = /^\/([smhdwMy])/.exec(rest);
    if (!round) return null;
    date = snap(date, round[1] ?? "s", up);
    rest = rest.slice(round[0].length);
  }
  return date.getTime();
}

/** The range of two texts, or null when either is not a time or the end is not after the start. */
export function parseRange(from: string, to: string, now: number): Range | null {
  const start = parsePoint(from, now, false);
  const end = parsePoint(to, now, true);
  return start === null || end === null || end <= start ? null : { start, end };
}

/** What a person types into the palette or the picker: `3h`, `last 3h`, `지난 30m`, `3시간`, `2d`. Gives the URL's `from`. */
export function parseQuick(text: string): string | null {
  const words = text
    .trim()
    .toLowerCase()
    .replace(/^(last|past|지난|최근)\s*/, "");
  const found = /^(\d{1,4})\s*(s|sec|seconds?|초|m|min|minutes?|분|h|hours?|시간|d|days?|일|w|weeks?|주)$/.exec(words);
  if (!found) return null;
  const name = found[2] ?? "";
  const unit =
    { 초: "s", 분: "m", 시: "h", 일: "d", 주: "w" }[name.charAt(0)] ?? (name.startsWith("m") ? "m" : name.charAt(0));
  return Number(found[1]) > 0 ? `now-${found[1]}${unit}` : null;
}

/** Doubles a range around its middle, its end never later than `now`. */
export function zoomOut(range: Range, now: number): Range {
  const half = (range.end - range.start) / 2;
  const end = Math.min(range.end + half, Math.max(now, range.end));
  return { start: Math.round(end - half * 4), end: Math.round(end) };
}

/** The same width moved by half of itself: -1 back, 1 forward. */
export function pan(range: Range, direction: -1 | 1): Range {
  const half = ((range.end - range.start) / 2) * direction;
  return { start: Math.round(range.start + half), end: Math.round(range.end + half) };
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

/** The step in seconds that gives at most about `points` points, never below `floor`. */
export function stepFor(range: Range, points = 300, floor = 5): number {
  const wanted = Math.max(floor, (range.end - range.start) / 1000 / points);
  return STEPS.find((step) => step >= wanted) ?? 86400;
}

/** The window of `rate()` for a step: at least four scrapes of 15 s, as Grafana's `$__rate_interval`. */
export function rateWindow(step: number): string {
  return `${Math.max(60, step + 15)}s`;
}

/** A refresh text of the URL (`15s`, `1m`, `off`) in milliseconds, 0 for none. */
export function refreshMs(text: string): number {
  const found = /^(\d{1,4})([smh])$/.exec(text);
  return found ? Number(found[1]) * (UNIT_MS[found[2] ?? "s"] ?? 0) : 0;
}

/** Seconds of a duration such as `1h30m`, `250ms`, `15us`; null where it is none. */
export function parseDuration(text: string): number | null {
  const scale: Record<string, number> = { us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
  let rest = text.trim();
  if (rest === "") return null;
  let total = 0;
  while (rest !== "") {
    const part = /^(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d|w)/.exec(rest);
    if (!part) return null;
    total += Number(part[1]) * (scale[part[2] ?? "s"] ?? 0);
    rest = rest.slice(part[0].length);
  }
  return total;
}
