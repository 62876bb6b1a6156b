// Numbers, bytes, durations and times as text, in Korean and English. Pure: language and `now` are handed in.

export type Language = "ko" | "en";

/** What a value measures; decides scale, digits and suffix. */
export type Unit = "none" | "ratio" | "bytes" | "bytes/s" | "seconds" | "/s" | "count";

const DASH = "–";

function digits(value: number): number {
  const size = Math.abs(value);
  if (size >= 100 || size === 0) return 0;
  return size >= 10 ? 1 : 2;
}

/** Kept, because making one costs a thousand times what using it does. */
const FORMATS = [0, 1, 2, 3].map((places) => new Intl.NumberFormat("en-US", { maximumFractionDigits: places }));

function trim(value: number, places: number): string {
  return (FORMATS[places] as Intl.NumberFormat).format(value);
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let size = value;
  let at = 0;
  while (Math.abs(size) >= base && at < names.length - 1) {
    size /= base;
    at += 1;
  }
  const text = size !== 0 && Math.abs(size) < 0.01 ? String(Number(size.toPrecision(2))) : trim(size, digits(size));
  return `${text}${names[at] ?? ""}`;
}

/** Seconds as the two leading units: `850 ms`, `1.2 s`, `3m 20s`, `5d 4h`. */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${trim(seconds * 1e6, digits(seconds * 1e6))} µs`;
  if (size < 1) return `${trim(seconds * 1e3, digits(seconds * 1e3))} ms`;
  if (size < 60) return `${trim(seconds, digits(seconds))} s`;
  const sign = seconds < 0 ? "-" : "";
  const parts: [number, string][] = [
    [86400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ];
  const first = parts.findIndex(([unit]) => size >= unit);
  const [unit, name] = parts[first] ?? [1, "s"];
  const head = Math.floor(size / unit);
  const next = parts[first + 1];
  const tail = next ? Math.floor((size - head * unit) / next[0]) : 0;
  return `${sign}${head}${name}${next && tail > 0 ? ` ${tail}${next[1]}` : ""}`;
}

/** A value with its unit; a dash where there is none (null, NaN). */
export function formatValue(value: number | null | undefined, unit: Unit = "none"): string {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  switch (unit) {
    case "ratio":
      return `${trim(value * 100, Math.abs(value) < 0.1 ? 2 : 1)}%`;
    case "bytes":
      return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);
    case "bytes/s":
      return scaled(value, 1024, [" B/s", " KiB/s", " MiB/s", " GiB/s", " TiB/s"]);
    case "seconds":
      return formatSeconds(value);
    case "/s":
      return `${scaled(value, 1000, ["", "k", "M", "G"])}/s`;
    case "count":
      return trim(value, 0);
    case "none":
      if (value !== 0 && Math.abs(value) < 0.01) return Number(value.toPrecision(3)).toString();
      return scaled(value, 1000, ["", "k", "M", "G", "T"]);
  }
}

const WORDS: Record<Language, { now: string; ago: (text: string) => string; units: [number, string][] }> = {
  ko: {
    now: "방금",
    ago: (text) => `${text} 전`,
    units: [
      [86400, "일"],
      [3600, "시간"],
      [60, "분"],
      [1, "초"],
    ],
  },
  en: {
    now: "just now",
    ago: (text) => `${text} ago`,
    units: [
      [86400, "d"],
      [3600, "h"],
      [60, "min"],
      [1, "s"],
    ],
  },
};

/** A span of time in words of one unit: `3분`, `3 min`. */
export function formatSpan(milliseconds: number, language: Language): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const { units } = WORDS[language];
  const [unit, name] = units.find(([size]) => seconds >= size) ?? [1, language === "ko" ? "초" : "s"];
  const count = Math.floor(seconds / unit);
  return language === "ko" ? `${count}${name}` : `${count} ${name}`;
}

/** How long ago a moment was: `3분 전`, `3 min ago`, and `방금` below five seconds. */
export function formatAgo(at: string | number | null | undefined, now: number, language: Language): string {
  if (at === null || at === undefined) return DASH;
  const time = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(time)) return DASH;
  const { now: present, ago } = WORDS[language];
  return now - time < 5000 ? present : ago(formatSpan(now - time, language));
}

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
const WEEKDAYS = ["일", "월", "화", "수", "목", "금", "토"];

/** A moment in local time: `2026-11-22 (일) 10:23:05`, in English `2026-11-22 (Sun) 10:23:05`. */
export function formatDateTime(at: string | number | null | undefined, language: Language): string {
  const date = at === null || at === undefined ? new Date(Number.NaN) : new Date(at);
  if (Number.isNaN(date.getTime())) return DASH;
  const day =
    language === "ko" ? WEEKDAYS[date.getDay()] : date.toLocaleDateString("en-US", { weekday: "short" }).slice(0, 3);
  return `${formatDate(date)} (${day}) ${formatClock(date, true)}`;
}

/** `2026-11-22` in local time. */
export function formatDate(date: Date): string {
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** `10:23` or `10:23:05` in local time. */
export function formatClock(date: Date, seconds = false): string {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}${seconds ? `:${pad(date.getSeconds())}` : ""}`;
}

/** `10:23:05.123` of nanoseconds given as text, which must not pass through a double. */
export function formatLogTime(nanoseconds: string): string {
  const milliseconds = Number(nanoseconds.slice(0, -6));
  const date = new Date(milliseconds);
  return `${formatClock(date, true)}.${pad(date.getMilliseconds(), 3)}`;
}

/** What a datetime-local input holds for a moment: `2026-11-22T10:23:05`. */
export function formatInput(at: number): string {
  const date = new Date(at);
  return `${formatDate(date)}T${formatClock(date, true)}`;
}

/** Microseconds of a span as text. */
export function formatMicros(micros: number): string {
  return formatSeconds(micros / 1e6);
}
