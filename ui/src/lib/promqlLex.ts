// PromQL as tokens: enough to change a query's text without breaking what stands in strings, braces or label lists. It
// knows no grammar; the server parses.

export type TokenKind = "name" | "number" | "duration" | "text" | "mark" | "comment" | "wrong";

/** One token and where it stands. */
export interface Token {
  kind: TokenKind;
  text: string;
  at: number;
}

/** Queries longer than this are not taken apart. */
export const MOST_LENGTH = 20_000;

const SHAPES: readonly [TokenKind | "space", RegExp][] = [
  ["space", /\s+/y],
  ["comment", /#[^\n]*/y],
  ["text", /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y],
  // Variables of ours and of Grafana stand where a duration may: $__rate_interval, ${name}.
  ["duration", /\$\w+|\$\{\w+\}|(?:\d+(?:ms|[smhdwy]))+(?![\w.])/y],
  ["number", /(?:0x[0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?![\w.])/y],
  ["name", /[A-Za-z_:][\w:]*/y],
  ["mark", /=~|!~|==|!=|>=|<=|[-+*/%^(){}[\],=<>@:]/y],
  ["wrong", /[\s\S]/y],
];

/** The tokens of a query, white space left out. */
export function lex(query: string): Token[] {
  const text = query.slice(0, MOST_LENGTH);
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    for (const [kind, shape] of SHAPES) {
      shape.lastIndex = at;
      const found = shape.exec(text)?.[0];
      if (found === undefined) continue;
      if (kind !== "space") tokens.push({ kind, text: found, at });
      at += found.length;
      break;
    }
  }
  return tokens;
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

/** What a string literal says. */
export function unquote(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith("`")) return inner;
  return inner.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g, (_, code: string) => {
    if (code.length > 1) return String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(code.slice(1), 16)));
    return ESCAPES[code] ?? code;
  });
}
