import { describe, expect, it } from "vitest";
import { buildTree, type SpanLike, selfTime, tagsToJson, visibleSpans } from "./trace";

const span = (spanID: string, parent: string | null, startTime: number, duration: number, error = false): SpanLike => ({
  spanID,
  traceID: "t",
  operationName: `op ${spanID}`,
  startTime,
  duration,
  references: parent ? [{ refType: "CHILD_OF", spanID: parent }] : [],
  tags: error ? [{ key: "error", value: true }] : [],
  processID: "p1",
});
const PROCESSES = { p1: { serviceName: "shop" } };
const shape = (spans: SpanLike[]) =>
  buildTree(spans, PROCESSES).spans.map(({ span: { spanID }, depth }) => `${depth}${spanID}`);

describe("buildTree", () => {
  it("puts children under their parent, by start", () => {
    expect(
      shape([span("c", "a", 30, 5), span("a", null, 0, 100), span("b", "a", 10, 5), span("d", "b", 11, 1)]),
    ).toEqual(["0a", "1b", "2d", "1c"]);
  });
  it("keeps spans whose parent never came, and cycles", () => {
    expect(shape([span("a", "gone", 0, 10)])).toEqual(["0a"]);
    expect(shape([span("a", "b", 0, 10), span("b", "a", 1, 5)])).toHaveLength(2);
    expect(shape([span("a", "a", 0, 10)])).toEqual(["0a"]);
  });
  it("survives a very deep chain and an empty trace", () => {
    const deep = Array.from({ length: 20_000 }, (_, at) => span(`s${at}`, at === 0 ? null : `s${at - 1}`, at, 1));
    expect(buildTree(deep, PROCESSES).spans.at(-1)?.depth).toBe(19_999);
    expect(buildTree([], PROCESSES).spans).toEqual([]);
  });
  it("counts errors, duration and what lies below", () => {
    const tree = buildTree(
      [span("a", null, 100, 50), span("b", "a", 120, 60, true), span("c", "b", 121, 1)],
      PROCESSES,
    );
    expect([tree.errors, tree.start, tree.duration]).toEqual([1, 100, 80]);
    expect(tree.spans.map(({ below }) => below)).toEqual([2, 1, 0]);
    expect(tree.services).toEqual(["shop"]);
  });
});

it("folds what is closed", () => {
  const tree = buildTree(
    [span("a", null, 0, 9), span("b", "a", 1, 5), span("c", "b", 2, 1), span("d", "a", 7, 1)],
    PROCESSES,
  );
  expect(visibleSpans(tree, new Set(["b"])).map((item) => item.span.spanID)).toEqual(["a", "b", "d"]);
});

it("subtracts the time children cover, overlaps once", () => {
  const children = [span("b", "a", 10, 20), span("c", "a", 20, 20), span("d", "a", 90, 100)];
  expect(selfTime(span("a", null, 0, 100), children)).toBe(60);
});

it("turns logfmt tags into Jaeger's JSON", () => {
  expect(tagsToJson('http.status_code=500 msg="a b"')).toBe('{"http.status_code":"500","msg":"a b"}');
  expect(tagsToJson('{"a":"b"}')).toBe('{"a":"b"}');
  expect(tagsToJson("  ")).toBeUndefined();
});
