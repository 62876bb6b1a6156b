// A value over time as a ribbon of states: ok, warn, crit, unknown, and how much of the time each was.

/** A stretch of one state. */
export interface Stretch {
  start: string;
  end: string;
  state: "ok" | "warn" | "crit" | "unknown";
}

/** Where a state begins. */
export interface Bounds {
  warn: number;
  crit: number;
}

/** The state of a value. */
export function healthOf(value: number | null | undefined, { warn, crit }: Bounds): Stretch["state"] {
  if (value === null || value === undefined || Number.isNaN(value)) return "unknown";
  if (value >= crit) return "crit";
  return value >= warn ? "warn" : "ok";
}

/** Stretches of equal state. Each value stands for the step that ends with it; times are epoch seconds. */
export function stretches(
  times: readonly number[],
  values: readonly (number | null | undefined)[],
  bounds: Bounds,
): Stretch[] {
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  const made: Stretch[] = [];
  for (const [at, time] of times.entries()) {
    const state = healthOf(values[at], bounds);
    const end = new Date(time * 1000).toISOString();
    const last = made.at(-1);
    if (last?.state === state) last.end = end;
    else made.push({ start: last?.end ?? new Date((time - step) * 1000).toISOString(), end, state });
  }
  return made;
}

/** The share of the time in each state. */
export function shares(parts: readonly Stretch[]): Record<Stretch["state"], number> {
  const found = { ok: 0, warn: 0, crit: 0, unknown: 0 };
  for (const { start, end, state } of parts) found[state] += Date.parse(end) - Date.parse(start);
  const all = Object.values(found).reduce((sum, one) => sum + one, 0) || 1;
  return { ok: found.ok / all, warn: found.warn / all, crit: found.crit / all, unknown: found.unknown / all };
}
