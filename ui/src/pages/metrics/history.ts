// The queries that ran in this browser, newest first; starred ones stay. Kept in local storage, which may refuse.

/** One run: all rows of it. */
export interface Run {
  queries: string[];
  /** Epoch ms. */
  at: number;
  starred: boolean;
}

const KEY = "gw-metric-runs";
const MOST = 100;

/** What is kept. */
export function readRuns(): Run[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter(isRun) : [];
  } catch {
    return [];
  }
}

function isRun(value: unknown): value is Run {
  const run = value as Run | null;
  return typeof run === "object" && run !== null && Array.isArray(run.queries) && typeof run.at === "number";
}

/** Keeps runs; stars go first when there are too many. */
export function writeRuns(runs: readonly Run[]): void {
  const kept = new Set([...runs].sort((a, b) => Number(b.starred) - Number(a.starred) || b.at - a.at).slice(0, MOST));
  try {
    localStorage.setItem(KEY, JSON.stringify(runs.filter((run) => kept.has(run))));
  } catch {
    // Storage refused: history lasts for this page.
  }
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((text, at) => text === b[at]);

/** The runs with one more on top; the same queries are not kept twice. */
export function withRun(runs: readonly Run[], queries: readonly string[], at: number): Run[] {
  const before = runs.find((run) => same(run.queries, queries));
  return [{ queries: [...queries], at, starred: before?.starred ?? false }, ...runs.filter((run) => run !== before)];
}
