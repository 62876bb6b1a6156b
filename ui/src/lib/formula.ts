// Formulas: a row that begins with `=` reckons with the other rows by their letters, as in `= A / B`. It becomes one PromQL
// query with the rows written in, so that what runs can be copied and explained.

import { lex } from "./promqlLex";

/** The names of rows. */
export const LETTERS = "ABCDEFGH";

/** The name of a row by its place. */
export const letter = (at: number): string => LETTERS[at] ?? "?";

/** Whether a row is a formula. */
export const isFormula = (text: string): boolean => text.trimStart().startsWith("=");

/** What a row runs, or why it cannot: it names itself over others, or a row that is not there. */
export type Resolved = { query: string } | { wrong: "loop" | "missing"; what: string };

const GROUPING = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);

/** Where the letters of rows stand in a formula: not in strings, selectors or label lists, and not as a function. */
function references(formula: string): { name: string; at: number }[] {
  const found: { name: string; at: number }[] = [];
  const tokens = lex(formula);
  let closing = "";
  for (const [index, { kind, text, at }] of tokens.entries()) {
    if (closing !== "") {
      if (kind === "mark" && text === closing) closing = "";
    } else if (kind === "mark" && text === "{") closing = "}";
    else if (kind === "mark" && text === "(" && GROUPING.has(tokens[index - 1]?.text ?? "")) closing = ")";
    else if (kind === "name" && text.length === 1 && LETTERS.includes(text)) {
      const next = tokens[index + 1]?.text;
      if (next !== "(" && next !== "{" && next !== "[") found.push({ name: text, at });
    }
  }
  return found;
}

function resolve(rows: readonly string[], at: number, path: readonly number[]): Resolved {
  const text = rows[at] ?? "";
  if (!isFormula(text)) return { query: text };
  const formula = text.trimStart().slice(1).trim();
  let out = "";
  let copied = 0;
  for (const { name, at: place } of references(formula)) {
    const other = LETTERS.indexOf(name);
    if (other >= rows.length || (rows[other] ?? "").trim() === "") return { wrong: "missing", what: name };
    if (other === at || path.includes(other)) return { wrong: "loop", what: name };
    const inner = resolve(rows, other, [...path, at]);
    if ("wrong" in inner) return inner;
    out += `${formula.slice(copied, place)}(${inner.query})`;
    copied = place + name.length;
  }
  return { query: out + formula.slice(copied) };
}

/** What each row runs. */
export function resolveRows(rows: readonly string[]): Resolved[] {
  return rows.map((_, at) => resolve(rows, at, []));
}
