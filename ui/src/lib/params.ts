// URL search parameters as plain text both ways: no JSON in the address bar, so links of other products parse as written
// and ours are readable.

/** A decoded query string; a repeated name gives a list. */
export type Params = Record<string, string | string[] | undefined>;

/** Decodes `?a=1&b=x&b=y`. */
export function parseParams(text: string): Params {
  const params: Params = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = params[name];
    params[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return params;
}

/** Encodes, leaving out what is undefined or empty. */
export function printParams(params: Readonly<Record<string, unknown>>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") out.append(name, String(one));
    }
  }
  const text = out.toString().replace(/%3A/g, ":").replace(/%2C/g, ",").replace(/%2F/g, "/");
  return text === "" ? "" : `?${text}`;
}

/** The first value of a parameter, or the fallback. */
export function first(value: string | string[] | undefined, fallback = ""): string {
  return (Array.isArray(value) ? value[0] : value) ?? fallback;
}

/** All values of a parameter. */
export function all(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** The expressions `g0.expr`, `g1.expr`, ... of a Prometheus link. */
export function prometheusExpressions(params: Params): string[] {
  return Object.keys(params)
    .filter((name) => /^g\d+\.expr$/.test(name))
    .sort((a, b) => Number(a.slice(1, -5)) - Number(b.slice(1, -5)))
    .map((name) => first(params[name]))
    .filter((expr) => expr !== "");
}
