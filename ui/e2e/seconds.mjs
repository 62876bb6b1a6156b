// Where the time of the walk goes: seconds by page and by kind of work.

const pages = new Map();
const kinds = new Map();

const add = (table, name, seconds) => table.set(name, (table.get(name) ?? 0) + seconds);

/** Awaits `work` and counts its seconds for a page and a kind. */
export async function timed(page, kind, work) {
  const began = performance.now();
  try {
    return await work();
  } finally {
    const seconds = (performance.now() - began) / 1000;
    add(pages, page, seconds);
    add(kinds, kind, seconds);
  }
}

const list = (table) =>
  [...table]
    .sort(([, a], [, b]) => b - a)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`)
    .join(", ");

/** Two lines: by kind and by page, the longest first. Walkers work side by side, so they add up to more than the clock. */
export function secondsLines() {
  return [
    `seconds: ${(performance.now() / 1000).toFixed(0)} by the clock; ${list(kinds)}`,
    `seconds of a page: ${list(pages)}`,
  ];
}
