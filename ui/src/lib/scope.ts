// The scope: filter chips such as `service=checkout` that live in the URL and narrow every page that has such a thing.

/** One chip. */
export interface ScopeChip {
  key: string;
  value: string;
}

/** The kinds of things a scope can name. */
export const SCOPE_KEYS = ["service", "host", "gateway", "route", "job"] as const;

/** `service=a,host=b:9100` of the URL as chips; broken parts are dropped. */
export function parseScope(text: string): ScopeChip[] {
  return text
    .split(",")
    .map((part) => {
      const at = part.indexOf("=");
      return at <= 0 ? null : { key: part.slice(0, at), value: unescapeValue(part.slice(at + 1)) };
    })
    .filter((chip): chip is ScopeChip => chip !== null && chip.value !== "");
}

function unescapeValue(text: string): string {
  return text.replace(/%2C/gi, ",").replace(/%25/g, "%");
}

/** Chips as the URL's text. A comma inside a value is escaped, since commas part the chips. */
export function printScope(chips: readonly ScopeChip[]): string {
  return chips.map(({ key, value }) => `${key}=${value.replace(/%/g, "%25").replace(/,/g, "%2C")}`).join(",");
}

/** The chips with one more, once. */
export function withChip(chips: readonly ScopeChip[], chip: ScopeChip): ScopeChip[] {
  return chips.some(({ key, value }) => key === chip.key && value === chip.value) ? [...chips] : [...chips, chip];
}

/** Whether a thing lies in the scope: for each key it has, one of the chips of that key must name it. */
export function inScope(
  chips: readonly ScopeChip[],
  thing: Readonly<Record<string, string | null | undefined>>,
): boolean {
  const keys = new Set(chips.map(({ key }) => key));
  return [...keys].every((key) => {
    const own = thing[key];
    if (own === undefined || own === null) return true;
    return chips.some((chip) => chip.key === key && chip.value === own);
  });
}
