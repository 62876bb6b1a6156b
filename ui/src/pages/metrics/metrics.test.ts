import { describe, expect, it } from "vitest";
import type { Explained, PlanNode } from "../../data/types";
import type { Answer } from "./answers";
import { thinExemplars, traceOfExemplar } from "./Exemplars";
import { planLines, whyEmpty } from "./explainLines";
import { csvOf, curlOf, shareLink } from "./exports";
import { withRun } from "./history";
import { rankOf } from "./MetricBrowser";
import { summarise } from "./ResultTable";
import { legendName, readRows, readSettings, stepOf, writeRows } from "./state";
import { bucketUnit, sharedUnit, unitOf } from "./units";

const SETTINGS = readSettings({});

describe("what the URL keeps", () => {
  it("rows survive with legends and switches", () => {
    const rows = [
      { text: "up", legend: "{{job}}", on: true },
      { text: "  a\n + b ", legend: "", on: false },
      { text: "", legend: "lost", on: true },
    ];
    expect(readRows(writeRows(rows))).toEqual([
      { text: "up", legend: "{{job}}", on: true },
      { text: "a + b", legend: "", on: false },
    ]);
  });
  it("keeps the lines of a query with a comment", () => {
    expect(writeRows([{ text: "up # all\n+ 1", legend: "", on: true }]).expr).toEqual(["up # all\n+ 1"]);
  });
  it("a step is as chosen but never beyond what the server answers", () => {
    const range = { start: 0, end: 86_400e3 };
    expect(stepOf({ step: "5m" }, range)).toBe(300);
    expect(stepOf({ step: "1s" }, range)).toBe(8);
    expect(stepOf({ step: "" }, range)).toBe(300);
  });
  it("legends", () => expect(legendName("{{ job }}: {{none}}x", { job: "a" })).toBe("a: x"));
});

it.each([
  ["node_load1", "none"],
  ["process_resident_memory_bytes", "bytes"],
  ["rate(node_network_receive_bytes_total[5m])", "bytes/s"],
  ["sum by (job) (rate(http_requests_total[5m]))", "/s"],
  ["histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", "seconds"],
  ["rate(node_cpu_seconds_total[5m])", "none"],
  ["a_bytes / b_bytes", "none"],
  ["count(process_resident_memory_bytes)", "none"],
  ["disk_used_ratio", "ratio"],
  ["increase(http_requests_total[5m])", "none"],
])("the unit of %s is %s", (query, unit) => expect(unitOf(query)).toBe(unit));
it("units of an axis and of buckets", () => {
  expect(sharedUnit(["a_bytes", "b_bytes"])).toBe("bytes");
  expect(sharedUnit(["a_bytes", "b"])).toBe("none");
  expect(bucketUnit("rate(http_request_duration_seconds_bucket[5m])")).toBe("seconds");
});

const node = (name: string, series: number, children: PlanNode[] = []): PlanNode => ({
  name,
  detail: "",
  line: 1,
  column: 1,
  series,
  samples: 0,
  ms: 0,
  self_ms: 0,
  children,
});
const explained = (part: Partial<Explained>): Explained => ({
  series: 0,
  plan: null,
  cost: { series: 0, samples: 0, bytes: 0, parts: 0, ms: 0 },
  selectors: [],
  warnings: [],
  infos: [],
  ...part,
});
const selector = (left: number[]) => ({
  text: "up{}",
  line: 1,
  column: 1,
  conditions: left.map((n, at) => ({ matcher: `m${at}`, alone: n + at, left: n })),
});

describe("why it is empty", () => {
  it("the condition that leaves none", () => {
    const [why] = whyEmpty(explained({ selectors: [selector([9, 4, 0, 0])] }));
    expect(why).toMatchObject({ kind: "condition", condition: { matcher: "m2", alone: 2 }, before: 4 });
  });
  it("no samples in the window", () =>
    expect(
      whyEmpty(explained({ selectors: [selector([9, 4])], plan: node("call", 0, [node("select", 0)]) }))[0]?.kind,
    ).toBe("samples"));
  it("the operator that drops what its operands have", () => {
    const plan = node("aggregate", 0, [node("binary", 0, [node("select", 2), node("select", 3)])]);
    expect(whyEmpty(explained({ selectors: [selector([2]), selector([3])], plan }))[0]).toMatchObject({
      kind: "operator",
      node: { name: "binary" },
    });
  });
  it("says nothing of an answer with series", () =>
    expect(whyEmpty(explained({ series: 1, selectors: [selector([0])] }))).toEqual([]));
  it("walks plans of any depth", () => {
    let deep = node("leaf", 1);
    for (let at = 0; at < 20_000; at += 1) deep = node("n", 1, [deep]);
    expect(planLines(deep)).toHaveLength(500);
  });
});

const answer = (part: Partial<Answer>): Answer => ({
  row: { text: "up", legend: "", on: true },
  name: "A",
  resolved: { query: "up" },
  ran: "up",
  matrix: undefined,
  instant: undefined,
  error: null,
  waiting: false,
  retry: () => {},
  notes: [],
  ...part,
});

describe("to take along", () => {
  const range = { start: 0, end: 60e3 };
  it("curl quotes for the shell", () => {
    const text = curlOf(answer({ ran: `up{a="it's"}` }), SETTINGS, range, 15, "http://h:1003");
    expect(text).toContain("curl -G 'http://h:1003/rooms/prometheus/api/v1/query_range'");
    expect(text).toContain(`--data-urlencode 'query=up{a="it'\\''s"}'`);
    expect(text).toContain("--data-urlencode 'step=15'");
  });
  it("CSV of a range and of a moment", () => {
    const matrix = {
      times: [0, 15],
      series: [{ labels: { job: "a" }, values: [1, null] }],
      warnings: [],
      infos: [],
      millis: 1,
    };
    expect(csvOf([answer({ matrix })], SETTINGS)).toBe(
      'time,"{job=""a""}"\r\n1970-01-01T00:00:00.000Z,1\r\n1970-01-01T00:00:15.000Z,',
    );
    const instant = {
      samples: [{ labels: { job: "a" }, value: Number.POSITIVE_INFINITY }],
      warnings: [],
      infos: [],
      millis: 1,
    };
    expect(csvOf([answer({ instant })], { ...SETTINGS, instant: true })).toBe("query,job,value\r\nA,a,+Inf");
  });
  it("a shared link holds still", () =>
    expect(shareLink({ expr: ["up"], from: "now-1h" }, range, "http://h/explore/metrics?x=1#y")).toBe(
      "http://h/explore/metrics?expr=up&from=0&to=60000&refresh=off",
    ));
});

it("history keeps a query once, its star, and the newest first", () => {
  const runs = withRun(
    [
      { queries: ["a"], at: 1, starred: true },
      { queries: ["b"], at: 0, starred: false },
    ],
    ["a"],
    5,
  );
  expect(runs).toEqual([
    { queries: ["a"], at: 5, starred: true },
    { queries: ["b"], at: 0, starred: false },
  ]);
});

it("exemplars name their trace, and the largest of each stretch is kept", () => {
  expect(traceOfExemplar({ labels: { traceID: "x" } })).toBe("x");
  expect(traceOfExemplar({ labels: { span_id: "x" } })).toBeNull();
  const many = Array.from({ length: 100 }, (_, at) => ({ series: {}, labels: {}, value: at % 10, at }));
  const kept = thinExemplars(many, { start: 0, end: 100e3 }, 10);
  expect(kept).toHaveLength(10);
  expect(kept.every(({ value }) => value === 9)).toBe(true);
});

it("summarises a column", () => {
  expect(summarise([null, 2, 4, null])).toEqual({ last: 4, min: 2, max: 4, mean: 3 });
  expect(summarise([null])).toEqual({ last: null, min: null, max: null, mean: null });
});

it("finds a metric by several words of its name and help", () => {
  const rank = (typed: string) => rankOf(typed.split(" "), "process_resident_memory_bytes", "Resident memory size");
  expect(rank("memory bytes")).toBeGreaterThan(0);
  expect(rank("bytes size")).toBeGreaterThan(0);
  expect(rank("memory bytes")).toBeGreaterThan(rank("bytes size"));
  expect(rank("memory cpu")).toBe(0);
});
