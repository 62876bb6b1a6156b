// What the metrics page keeps in its URL: rows of queries with legend and switch, and how they are asked and shown.

import { LETTERS, letter } from "../../lib/formula";
import { all, first, type Params } from "../../lib/params";
import { parseDuration, type Range, stepFor } from "../../lib/time";

/** One query, or a formula over the others. */
export interface Row {
  text: string;
  /** A name for its series, with `{{label}}` filled in; empty for the labels that differ. */
  legend: string;
  on: boolean;
}

/** More rows than this are no longer one question. */
export const MOST_ROWS = LETTERS.length;

export const TABS = ["graph", "table", "heat", "histogram", "explain"] as const;
export type TabId = (typeof TABS)[number];
export const STYLES = ["lines", "stacked", "bars"] as const;
export type Style = (typeof STYLES)[number];

/** How the rows are asked and shown. */
export interface Settings {
  tab: TabId;
  style: Style;
  instant: boolean;
  /** As typed; empty is automatic. */
  step: string;
  lookback: string;
  exemplars: boolean;
}

/** An empty row. */
export const EMPTY_ROW: Row = { text: "", legend: "", on: true };

/** The rows in the URL. */
export function readRows(params: Params): Row[] {
  const off = first(params.off);
  return all(params.expr)
    .slice(0, MOST_ROWS)
    .map((text, at) => ({ text, legend: first(params[`legend${letter(at)}`]), on: !off.includes(letter(at)) }));
}

/** The rows as they go into the URL, those without text left out. */
export function writeRows(rows: readonly Row[]): Params {
  // One line a query: a line break inside PromQL is only white space, unless a comment ends there.
  const kept = rows
    .map((row) => ({
      ...row,
      text: row.text.includes("#") ? row.text.trim() : row.text.replace(/\s*\n\s*/g, " ").trim(),
    }))
    .filter(({ text }) => text !== "");
  const legends = Object.fromEntries(
    [...LETTERS].map((name, at) => [`legend${name}`, kept[at]?.legend || undefined] as const),
  );
  const off = kept.map(({ on }, at) => (on ? "" : letter(at))).join("");
  return { expr: kept.map(({ text }) => text), off: off || undefined, ...legends };
}

/** The settings in the URL. */
export function readSettings(params: Params): Settings {
  return {
    tab: TABS.find((id) => id === first(params.tab)) ?? "graph",
    style: STYLES.find((id) => id === first(params.style)) ?? "lines",
    instant: first(params.at) === "instant",
    step: first(params.step),
    lookback: first(params.lookback),
    exemplars: first(params.exemplars) !== "off",
  };
}

/** The step in seconds: as chosen, or what suits the range. Shorter ones than the server would answer are widened. */
export function stepOf({ step }: Pick<Settings, "step">, range: Range): number {
  const chosen = parseDuration(step);
  const least = Math.ceil((range.end - range.start) / 1000 / 11_000);
  return chosen === null || chosen <= 0 ? stepFor(range) : Math.max(chosen, least);
}

/** The name of a series by a legend such as `{{instance}} reads`. */
export function legendName(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replace(/\{\{\s*([^{}\s]+)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
}
