import { describe, expect, it } from "vitest";
import { placeNote, readNote } from "./annotations";
import { type BucketSeries, bucketsOf, heatOf, quantileAt } from "./buckets";
import { printCsv } from "./csv";
import { resolveRows } from "./formula";
import { prefixTree, treeLines } from "./prefixTree";

describe("formulas", () => {
  const first = (rows: string[], at: number) => resolveRows(rows)[at];
  it("writes the rows in", () => {
    expect(first(["rate(a[5m])", "b", "= A / B * 100"], 2)).toEqual({ query: "(rate(a[5m])) / (b) * 100" });
    expect(first(["a", "= A * 2", "= B + A"], 2)).toEqual({ query: "((a) * 2) + (a)" });
  });
  it("leaves labels, strings, functions and metrics alone", () => {
    const text = '= A * on (B) group_left (C) up{B="A"} + sum by (A) (A) + B(1) + Apple';
    expect(first(["x", text], 1)).toEqual({
      query: '(x) * on (B) group_left (C) up{B="A"} + sum by (A) ((x)) + B(1) + Apple',
    });
  });
  it("says what it cannot do", () => {
    expect(first(["= B", "= A"], 0)).toEqual({ wrong: "loop", what: "A" });
    expect(first(["= A"], 0)).toEqual({ wrong: "loop", what: "A" });
    expect(first(["a", "= C"], 1)).toEqual({ wrong: "missing", what: "C" });
  });
});

describe("names by prefix", () => {
  const names = ["go_gc_a", "go_gc_b", "go_gc_c", "go_gc_d", "go_info", "up", "x_a", "x_b"];
  it("groups what is worth it", () => {
    const tree = prefixTree(names);
    expect(
      treeLines(tree, new Set()).map((line) => (line.kind === "group" ? `${line.prefix}*${line.count}` : line.name)),
    ).toEqual(["go_*5", "up", "x_a", "x_b"]);
    const open = treeLines(tree, new Set(["go_", "go_gc_"]));
    expect(open.map((line) => `${line.depth}${line.kind === "group" ? line.prefix : line.name}`)).toEqual([
      "0go_",
      "1go_gc_",
      "2go_gc_a",
      "2go_gc_b",
      "2go_gc_c",
      "2go_gc_d",
      "1go_info",
      "0up",
      "0x_a",
      "0x_b",
    ]);
  });
  it("tells names in a group by what the group does not say", () => {
    const lines = treeLines(prefixTree(["a_x_bucket", "a_x_count", "a_x_sum", "up"]), new Set(["a_x_"]));
    const texts = lines.map((line) => (line.kind === "group" ? line.prefix : line.name.slice(line.prefix.length)));
    expect(texts).toEqual(["a_x_", "bucket", "count", "sum", "up"]);
  });
  it("keeps every name once, however many", () => {
    const many = Array.from({ length: 10_000 }, (_, at) => `m${at % 37}_${at % 11}_${at}_total`).sort();
    const tree = prefixTree(many);
    const groups = new Set<string>();
    for (let before = -1; before !== groups.size; ) {
      before = groups.size;
      for (const line of treeLines(tree, groups)) if (line.kind === "group") groups.add(line.prefix);
    }
    const found = treeLines(tree, groups).flatMap((line) => (line.kind === "name" ? [line.name] : []));
    expect(found).toEqual(many);
  });
});

describe("notes of the server", () => {
  const range = { start: 0, end: 3600e3 };
  it("finds the place of an info", () => {
    const ran = "rate(node_load1[1m])";
    const note = readNote("info", 'PromQL info: metric might not be a counter: "node_load1" (1:6)', ran);
    expect(ran.slice(note.from ?? 0, note.to ?? 0)).toBe("node_load1");
    expect(note.message).toBe('metric might not be a counter: "node_load1"');
  });
  it("finds the place of an error and reckons it back past filled-in variables", () => {
    const written = "rate(a[$__rate_interval]) + rate(b[$__range]) + c(";
    const ran = "rate(a[60s]) + rate(b[3600s]) + c(";
    const note = readNote("error", 'invalid parameter "query": 1:33: parse error: unknown function with name "c"', ran);
    const placed = placeNote(note, written, 15, range);
    expect(written.slice(placed.from ?? 0, placed.to ?? 0)).toBe("c");
  });
  it("shows what is missing at the end at the last character", () => {
    const note = readNote("error", 'invalid parameter "query": 1:8: parse error: unclosed left parenthesis', "rate(up");
    expect([note.from, note.to]).toEqual([6, 7]);
  });
  it("counts columns as bytes", () => {
    const ran = '{x="한글"} + y';
    const note = readNote("warning", "PromQL warning: w (1:16)", ran);
    expect(ran.slice(note.from ?? 0, note.to ?? 0)).toBe("y");
  });
  it("keeps a sentence without a place", () =>
    expect(readNote("warning", "partial answer", "up")).toEqual({
      severity: "warning",
      message: "partial answer",
      from: null,
      to: null,
    }));
});

describe("distributions", () => {
  const le = (bound: string, values: (number | null)[], job = "a"): BucketSeries => ({
    labels: { le: bound, job },
    values,
  });
  it("takes cumulative buckets apart and adds series up", () => {
    const heat = heatOf(
      [
        le("1", [1, null]),
        le("0.5", [1, null]),
        le("+Inf", [4, null]),
        le("0.5", [2, 1], "b"),
        le("+Inf", [2, 1], "b"),
      ],
      2,
    );
    expect(heat?.source).toBe("classic");
    expect(heat?.rows.map(({ low, high, counts }) => [low, high, counts[0], counts[1]])).toEqual([
      [0, 0.5, 3, 1],
      [0.5, 1, 0, Number.NaN],
      [1, Number.POSITIVE_INFINITY, 3, 0],
    ]);
    expect(heat?.most).toBe(3);
  });
  it("adds native histograms bucket by bucket", () => {
    const one = { count: 3, sum: 1, buckets: [{ low: 1, high: 2, count: 3 }] };
    const two = {
      count: 4,
      sum: 1,
      buckets: [
        { low: 1, high: 2, count: 1 },
        { low: 2, high: 4, count: 3 },
      ],
    };
    const heat = heatOf([{ labels: {}, values: [null, null, null], histograms: [one, two, null] }], 3);
    expect(heat?.source).toBe("native");
    expect(heat?.rows.map(({ counts }) => counts)).toEqual([
      [3, 1, Number.NaN],
      [0, 3, Number.NaN],
    ]);
  });
  it("spreads the values of series", () => {
    const heat = heatOf(
      [
        { labels: { a: "1" }, values: [0] },
        { labels: { a: "2" }, values: [24] },
      ],
      1,
    );
    expect(heat?.source).toBe("values");
    expect(heat?.rows.map(({ counts }) => counts[0]).filter((count) => count === 1)).toHaveLength(2);
    expect(heatOf([{ labels: {}, values: [null] }], 1)).toBeNull();
  });
  it("keeps every count when rows are merged", () => {
    const buckets = Array.from({ length: 300 }, (_, at) => ({ low: at, high: at + 1, count: 1 }));
    const heat = heatOf([{ labels: {}, values: [null], histograms: [{ count: 300, sum: 0, buckets }] }], 1);
    expect(heat && heat.rows.length <= 60).toBe(true);
    expect(heat?.rows.reduce((sum, { counts }) => sum + (counts[0] ?? 0), 0)).toBe(300);
  });
  it("finds quantiles", () => {
    const heat = heatOf([le("1", [50]), le("2", [100]), le("+Inf", [100])], 1);
    expect(heat && quantileAt(heat, 0, 0.5)).toBe(1);
    expect(heat && quantileAt(heat, 0, 0.75)).toBe(1.5);
  });
  it("looks into histogram_quantile, and only where it is the whole query", () => {
    expect(bucketsOf("histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))")).toBe(
      "sum by (le) (rate(x_bucket[5m]))",
    );
    expect(bucketsOf("histogram_quantile(0.9, x) + (y)")).toBeNull();
    expect(bucketsOf("rate(x[5m])")).toBeNull();
  });
});

it("writes CSV that reads back and that no spreadsheet runs", () =>
  expect(
    printCsv([
      ["a,b", 'c"d', null],
      [1.5, Number.NaN, "=cmd()"],
    ]),
  ).toBe('"a,b","c""d",\r\n1.5,NaN,\'=cmd()'));
