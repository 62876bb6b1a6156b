// Readings to columns: layouts that change, gaps, counters that fall.

import { describe, expect, it } from "vitest";
import { continued } from "../viz/series";
import { foldBy, LiveWindow, mean, WINDOW } from "./live";

const cpu = (cpu: string, mode: string) => ({ name: "cpu", labels: { cpu, mode } });

describe("a live window", () => {
  it("tells rates between readings, none over a gap or where a counter fell", () => {
    const window = new LiveWindow();
    window.tell([cpu("0", "user")]);
    for (const [at, value] of [
      [10, 1],
      [11, 1.5],
      [12, 0.2],
      [13, 0.4],
      [20, 9],
    ] as const)
      window.add({ at, values: [value] });
    const [column] = window.rates("cpu");
    expect(column?.values.map((value) => value && Number(value.toFixed(3)))).toEqual([null, 0.5, null, 0.2, null]);
  });

  it("keeps a series when others come and go", () => {
    const window = new LiveWindow();
    window.tell([cpu("0", "user")]);
    window.add({ at: 1, values: [5] });
    window.tell([cpu("1", "user"), cpu("0", "user")]);
    window.add({ at: 2, values: [7, 6] });
    window.add({ at: 2, values: [8, 8] });
    window.add({ at: 3, values: [null, 7] });
    expect(window.times).toEqual([1, 2, 3]);
    expect(window.gauges("cpu", ({ cpu }) => cpu === "0")[0]?.values).toEqual([5, 6, 7]);
    expect(window.gauges("cpu", ({ cpu }) => cpu === "1")[0]?.values).toEqual([null, 7, null]);
  });

  it("forgets what is older than its window", () => {
    const window = new LiveWindow();
    window.tell([cpu("0", "user")]);
    for (let at = 1; at <= WINDOW + 5; at += 1) window.add({ at, values: [at] });
    expect(window.times.length).toBe(WINDOW);
    expect(window.times[0]).toBe(6);
  });

  it("folds by a label what is there", () => {
    const columns = [
      { labels: { cpu: "0", mode: "user" }, values: [1, 2] },
      { labels: { cpu: "1", mode: "user" }, values: [3, null] },
      { labels: { cpu: "0", mode: "idle" }, values: [null, 4] },
    ];
    expect(foldBy(columns, "mode", mean)).toEqual([
      { name: "user", values: [2, 2] },
      { name: "idle", values: [null, 4] },
    ]);
  });

  it("continues what is stored", () => {
    const line = (name: string, values: number[]) => ({ key: name, name, values });
    const stored = { times: [10, 20, 30], series: [line("a", [1, 2, 3]), line("gone", [7, 7, 7])] };
    const read = { times: [25, 26], series: [line("a", [5, 6]), line("new", [9, 9])] };
    expect(continued(stored, read)).toEqual({
      times: [10, 20, 25, 26],
      series: [
        line("a", [1, 2, 5, 6]),
        { ...line("gone", []), values: [7, 7, null, null] },
        { ...line("new", []), values: [null, null, 9, 9] },
      ],
    });
  });
});
