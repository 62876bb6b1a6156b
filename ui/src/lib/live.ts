// Readings of a machine that come each second: kept for a few minutes, counters as rates between two readings. Pure; times
// are epoch seconds, names and labels those of node_exporter.

import type { Labels } from "../data/prometheus";

/** A series as the stream tells it. */
export interface LiveSeries {
  name: string;
  labels: Labels;
}
/** One reading: values in the order of the series told last. */
export interface LiveReading {
  at: number;
  values: readonly (number | null)[];
}
/** Values of one series on the times of the window. */
export interface LiveColumn {
  labels: Labels;
  values: (number | null)[];
}

/** How many readings are kept: five minutes. */
export const WINDOW = 300;
/** Readings further apart have a gap between them: a rate over it would be drawn as if it had been measured. */
const GAP = 3;

const keyOf = ({ name, labels }: LiveSeries): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .sort()
    .join(",")}}`;

/** The last readings of a machine. */
export class LiveWindow {
  private readonly series = new Map<string, { series: LiveSeries; slot: number }>();
  private order: number[] = [];
  private rows: { at: number; values: (number | null)[] }[] = [];

  /** Takes the series that the next readings tell. */
  tell(series: readonly LiveSeries[]): void {
    this.order = series.map((one) => {
      const key = keyOf(one);
      const known = this.series.get(key) ?? { series: one, slot: this.series.size };
      this.series.set(key, known);
      return known.slot;
    });
  }

  /** Takes a reading. One that is not newer than the last (a stream opened anew) is dropped. */
  add({ at, values }: LiveReading): void {
    if (at <= (this.rows.at(-1)?.at ?? 0)) return;
    const row: (number | null)[] = [];
    for (const [index, slot] of this.order.entries()) row[slot] = values[index] ?? null;
    this.rows.push({ at, values: row });
    if (this.rows.length > WINDOW) this.rows = this.rows.slice(-WINDOW);
  }

  /** When the readings were taken. */
  get times(): number[] {
    return this.rows.map(({ at }) => at);
  }

  /** Values as read. */
  gauges(name: string, wanted: (labels: Labels) => boolean = () => true): LiveColumn[] {
    return this.columns(name, wanted, (slot) => this.rows.map(({ values }) => values[slot] ?? null));
  }

  /** How fast a counter grew between each reading and the one before; null after a gap and where it fell. */
  rates(name: string, wanted: (labels: Labels) => boolean = () => true): LiveColumn[] {
    return this.columns(name, wanted, (slot) =>
      this.rows.map(({ at, values }, index) => {
        const before = this.rows[index - 1];
        const [last, now] = [before?.values[slot] ?? null, values[slot] ?? null];
        if (!before || last === null || now === null || now < last || at - before.at > GAP) return null;
        return (now - last) / (at - before.at);
      }),
    );
  }

  private columns(
    name: string,
    wanted: (labels: Labels) => boolean,
    of: (slot: number) => (number | null)[],
  ): LiveColumn[] {
    return [...this.series.values()]
      .filter(({ series }) => series.name === name && wanted(series.labels))
      .map(({ series, slot }) => ({ labels: series.labels, values: of(slot) }));
  }
}

/** Columns put together by the value of a label, each moment by `fold` of those that are there; null where none is. */
export function foldBy(
  columns: readonly LiveColumn[],
  label: string,
  fold: (values: number[]) => number,
): { name: string; values: (number | null)[] }[] {
  const groups = new Map<string, LiveColumn[]>();
  for (const column of columns) {
    const name = column.labels[label] ?? "";
    groups.set(name, [...(groups.get(name) ?? []), column]);
  }
  return [...groups].map(([name, members]) => ({
    name,
    values: (members[0]?.values ?? []).map((_, at) => {
      const values = members
        .map((member) => member.values[at])
        .filter((value) => value !== null && value !== undefined);
      return values.length > 0 ? fold(values) : null;
    }),
  }));
}

export const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: number[]): number => sum(values) / values.length;
