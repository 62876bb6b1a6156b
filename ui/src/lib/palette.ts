// Which colour a series gets. The colour belongs to the series' key, not to its place in the answer, so that a host keeps
// its colour on every page and when its neighbours come and go.

/** How a series is drawn: palette slot 1..8 and a dash pattern for the ninth and later. */
export interface Stroke {
  slot: number;
  dash: number[];
}

const SLOTS = 8;
const DASHES: number[][] = [[], [6, 3], [2, 2]];

/** FNV-1a over UTF-16 units. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    value ^= text.charCodeAt(at);
    value = Math.imul(value, 0x01000193);
  }
  return value >>> 0;
}

/** A stroke for each key. Keys claim their hashed slot in order; a taken slot passes to the next free one. */
export function assignStrokes(keys: readonly string[]): Map<string, Stroke> {
  const strokes = new Map<string, Stroke>();
  const taken = new Set<number>();
  for (const key of [...new Set(keys)].sort()) {
    const round = Math.floor(strokes.size / SLOTS);
    if (strokes.size % SLOTS === 0) taken.clear();
    let slot = hash(key) % SLOTS;
    while (taken.has(slot)) slot = (slot + 1) % SLOTS;
    taken.add(slot);
    strokes.set(key, { slot: slot + 1, dash: DASHES[round] ?? [1, 3] });
  }
  return strokes;
}

/** The canonical key of a label set: sorted, `__name__` first. */
export function labelKey(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${labels[name] ?? ""}`)
    .join(",");
}
