import { describe, expect, it } from "vitest";
import { alignMatrix } from "../data/prometheus";
import { mergeStreams } from "../data/rooms";
import { sparkPath } from "../viz/Spark";
import { annotationsIn, splitThreshold } from "./alerts/AlertRow";
import { parseMatchers, printMatcher } from "./alerts/Silences";
import { briefOf, countFields, levelOf, parseLine, traceOf } from "./logs/fields";
import { traceQuery } from "./logs/Logs";
import { starter } from "./metrics/MetricBrowser";
import { toCsv } from "./query/Query";
import { guessKind, guessName } from "./uptime/guess";

describe("answers", () => {
  it("puts samples on the axis and leaves gaps null", () => {
    const { times, series } = alignMatrix(
      [
        {
          metric: { a: "b" },
          values: [
            [10, "1"],
            [30, "NaN"],
            [40, "+Inf"],
            [99, "7"],
          ],
        },
      ],
      10,
      40,
      10,
    );
    expect(times).toEqual([10, 20, 30, 40]);
    expect(series[0]?.values).toEqual([1, null, null, null]);
  });
  it("orders log lines by nanoseconds no double could tell apart", () => {
    const merged = mergeStreams([
      {
        stream: { s: "1" },
        values: [
          ["1790000000000000001", "first"],
          ["1790000000000000003", "third"],
        ],
      },
      { stream: { s: "2" }, values: [["1790000000000000002", "second", { trace_id: "x" }]] },
    ]);
    expect(merged.map(({ line }) => line)).toEqual(["third", "second", "first"]);
    expect(merged[1]?.labels).toEqual({ s: "2", trace_id: "x" });
  });
});

describe("log lines", () => {
  const line = (text: string, labels: Record<string, string> = {}) => ({ time: "1", line: text, labels });
  it.each([
    ['{"level":"warning"}', {}, "warn"],
    ["level=ERROR msg=x", {}, "error"],
    ["anything", { detected_level: "debug" }, "debug"],
    ['{"DownstreamStatus":502}', {}, "error"],
    ['1.2.3.4 - - [x] "GET / HTTP/1.1" 404 12', {}, "warn"],
    ["2026-11-22 INFO started", {}, "info"],
    ["plain words", {}, "unknown"],
  ])("level of %s", (text, labels, level) => expect(levelOf(line(text, labels as Record<string, string>))).toBe(level));
  it("reads fields as LogQL names them", () => {
    expect(parseLine('{"a":{"b":1},"c-d":[1]}')).toEqual({ a_b: "1", c_d: "[1]" });
    expect(parseLine('msg="a b" n=1')).toEqual({ msg: "a b", n: "1" });
    expect(parseLine("{broken")).toEqual({});
  });
  it("finds the trace", () => {
    expect(traceOf(line('{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}'))).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
    expect(traceOf(line("x", { traceID: "4bf92f3577b34da6" }))).toBe("4bf92f3577b34da6");
    expect(traceOf(line("no trace here"))).toBeNull();
  });
  it("says JSON lines in short", () => {
    const access = '{"RequestMethod":"GET","RequestPath":"/cart","DownstreamStatus":502,"RouterName":"cart@docker"}';
    expect(briefOf(line(access, { duration: "0.0123" }))).toBe("502 GET /cart 12.3 ms cart@docker");
    expect(briefOf(line('{"level":"info","msg":"started"}'))).toBe("started");
    expect(briefOf(line("level=info msg=started"))).toBe("");
  });
  it("counts fields, labels first", () => {
    const fields = countFields([line("n=1", { job: "a" }), line("n=2 m=1", { job: "a" })]);
    expect(fields.map(({ name, lines }) => [name, lines])).toEqual([
      ["job", 2],
      ["n", 2],
      ["m", 1],
    ]);
  });
});

describe("silences", () => {
  it("reads the four operators and prints them back", () => {
    const text = 'alertname="High", instance=~"a.*", job!=x, path!~"b"';
    expect(parseMatchers(text)?.map(printMatcher)).toEqual([
      'alertname="High"',
      'instance=~"a.*"',
      'job!="x"',
      'path!~"b"',
    ]);
    expect(parseMatchers('{a="b"}')).toHaveLength(1);
    expect(parseMatchers("nonsense")).toBeNull();
    expect(parseMatchers("")).toBeNull();
  });
});

it("splits a rule at its threshold", () => {
  expect(splitThreshold("sum(rate(a[5m])) > 0.05")).toEqual({ expr: "sum(rate(a[5m]))", threshold: 0.05 });
  expect(splitThreshold("absent(up)")).toEqual({ expr: "absent(up)", threshold: null });
});

it("guesses monitors", () => {
  expect(["https://a.b/c", "db:5432", "[::1]:80", "10.0.0.1", ""].map(guessKind)).toEqual([
    "http",
    "tcp",
    "tcp",
    "ping",
    "http",
  ]);
  expect(["https://a.b/c", "db:5432", "10.0.0.1"].map(guessName)).toEqual(["a.b/c", "db:5432", "10.0.0.1"]);
});

it("starts a metric with what its type asks for", () => {
  expect(starter("a_total", undefined)).toBe("rate(a_total[$__rate_interval])");
  expect(starter("a_seconds_bucket", "histogram")).toContain("sum by (le) (rate(a_seconds_bucket[");
  expect(starter("a_seconds", "histogram")).toBe("histogram_quantile(0.99, sum(rate(a_seconds[$__rate_interval])))");
  expect(starter("http.requests", "gauge")).toBe('{"http.requests"}');
  expect(starter("a", "gauge")).toBe("a");
});

it("draws gaps and writes CSV", () => {
  expect(sparkPath([1, null, 2], 10, 10).match(/M/g)).toHaveLength(2);
  expect(sparkPath([], 10, 10)).toBe("");
  expect(toCsv({ columns: [{ name: "a", type: "" }], rows: [['x"y'], [null], [{ b: 1 }]] })).toBe(
    'a\r\n"x""y"\r\n\r\n"{""b"":1}"',
  );
});

it("lets an alert speak the reader's language", () => {
  const both = { summary: "load", summary_ko: "부하", runbook_url: "x" };
  expect(annotationsIn(both, "ko")).toEqual({ summary: "부하", runbook_url: "x" });
  expect(annotationsIn(both, "en")).toEqual({ summary: "load", runbook_url: "x" });
});

it("asks for the lines of a trace however they carry its id", () => {
  const query = traceQuery("job", "4bf92f35");
  expect(query).toContain('trace_id="4bf92f35" or traceID="4bf92f35"');
  expect(query).toContain('whole_line=~"(?s).*4bf92f35.*"');
  // Only names that lines carry stay on the lines.
  expect(query.endsWith("| drop whole_line")).toBe(true);
});
