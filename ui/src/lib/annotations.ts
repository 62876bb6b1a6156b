// Where in a query a warning, an info or an error points to. The server sees the query with its variables filled in, so
// places are reckoned back to the text in the editor.

import { fillQuery } from "./promql";

export type Severity = "error" | "warning" | "info";

/** A sentence about a query; `from` and `to` are offsets in its text, null where it is about the whole. */
export interface Note {
  severity: Severity;
  message: string;
  from: number | null;
  to: number | null;
}

/** Offset of `line:column` (both from 1; columns count bytes, as the server does). */
function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const own = lines[line - 1];
  if (own === undefined) return text.length;
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  let bytes = 0;
  let at = 0;
  for (const char of own) {
    if (bytes >= column - 1) break;
    bytes += new TextEncoder().encode(char).length;
    at += char.length;
  }
  return before + at;
}

/** Where the word at an offset ends. */
function wordEnd(text: string, from: number): number {
  const word = /^[\w:$.]+/.exec(text.slice(from))?.[0].length ?? 1;
  return Math.min(text.length, from + Math.max(1, word));
}

/** Finds the place in a sentence: `... (1:6)` of annotations, `1:6: parse error: ...` of errors. */
export function readNote(severity: Severity, sentence: string, ran: string): Note {
  const found = /\((\d+):(\d+)\)\s*$/.exec(sentence) ?? /\b(\d+):(\d+): parse error/.exec(sentence);
  const message = sentence.replace(/\s*\(\d+:\d+\)\s*$/, "").replace(/^PromQL (info|warning): /, "");
  if (!found) return { severity, message, from: null, to: null };
  // What is missing at the end is shown at the last character there is.
  const from = Math.min(offsetOf(ran, Number(found[1]), Number(found[2])), Math.max(0, ran.length - 1));
  return { severity, message, from, to: wordEnd(ran, from) };
}

/** The offset in `query` of an offset in the text it ran as. */
export function sourceOffset(query: string, step: number, range: { start: number; end: number }, at: number): number {
  let source = 0;
  let ran = 0;
  for (const part of query.split(/(\$__(?:rate_interval|interval|range)\b)/)) {
    const filled = fillQuery(part, step, range).length;
    if (at < ran + filled || (at === ran + filled && filled === 0)) return source + Math.min(at - ran, part.length);
    ran += filled;
    source += part.length;
  }
  return source;
}

/** A note placed in the text it was written in. */
export function placeNote(note: Note, query: string, step: number, range: { start: number; end: number }): Note {
  if (note.from === null || note.to === null) return note;
  const from = sourceOffset(query, step, range, note.from);
  const to = sourceOffset(query, step, range, note.to);
  return { ...note, from, to: Math.max(from + 1, Math.min(to, query.length)) };
}
