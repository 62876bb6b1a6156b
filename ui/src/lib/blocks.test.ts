import { describe, expect, it } from "vitest";
import { newStep, parseBlocks, printBlocks, printSelector, withStep } from "./blocks";

const round = (text: string) => {
  const parsed = parseBlocks(text);
  return "blocks" in parsed ? printBlocks(parsed.blocks) : `${parsed.reason} ${parsed.what}`;
};

describe("text to blocks and back", () => {
  it.each([
    "up",
    'up{job="a", instance!~"b.*"}',
    "rate(http_requests_total[5m])",
    'sum by (job, le) (rate(http_requests_total{code=~"5.."}[$__rate_interval]))',
    "histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
    "topk(10, sum without (instance) (x))",
    "quantile_over_time(0.95, x[1h])",
    "predict_linear(disk_free[6h], 3600)",
    "1 - avg by (instance) (rate(cpu[1m]))",
    "rate(x[5m]) * 100 / 3",
    "(x + 1) * 2",
    "2 ^ (x * 3)",
    "x > bool 5",
    '{"my.metric", "http.status"="200"}',
    '{job="a"}',
    "sum(x)",
    "x * -1",
  ])("%s stays", (text) => expect(round(text)).toBe(text));

  it.each([
    ["sum(rate(x[5m])) by (job)", "sum by (job) (rate(x[5m]))"],
    ["( ( x ) )", "x"],
    ['{__name__="up",job="a",}', 'up{job="a"}'],
    ["x+1*1", "binary *"],
    ["(x / 10) / 2", "x / 10 / 2"],
    ["x / (10)", "x / 10"],
    ["up{job='a\\'b'}", 'up{job="a\'b"}'],
  ])("%s becomes %s", (text, wanted) => expect(round(text)).toBe(wanted));

  it.each([
    ["a / b", "binary /"],
    ["a and b", "binary and"],
    ["a * on (x) b", "binary on"],
    ["rate(x[5m] offset 1h)", "offset offset"],
    ["x @ end()", "offset @"],
    ["max_over_time(rate(x[5m])[1h:1m])", "subquery [1h:]"],
    ["max_over_time(rate(x[5m])[1h:])", "subquery [1h:]"],
    ["x[5m]", "window [5m]"],
    ["rate(x)", "function rate"],
    ["abs(x[5m])", "function abs"],
    ['label_replace(x, "a", "b", "c", "d")', "function label_replace"],
    ["time()", "function time"],
    ["42", "number 42"],
    ["sum(", "syntax "],
    ['up{job="a"', "syntax "],
    ["up # why", "syntax # why"],
    ["-x", "binary -"],
  ])("%s has none: %s", (text, wanted) => expect(round(text)).toBe(wanted));

  it("never throws and never hangs", () => {
    for (const text of [
      "((((((((((",
      "{{{",
      "sum by",
      "a[b]",
      'x{"',
      "(".repeat(5000),
      "[".repeat(999),
      "\u0000",
      "1e",
      "toString(x)",
      "constructor",
    ])
      expect(() => round(text)).not.toThrow();
  });
});

it("puts a function over time on the selector, and only one", () => {
  const parsed = parseBlocks("sum by (job) (rate(x[5m]))");
  if (!("blocks" in parsed)) throw new Error("no blocks");
  expect(printBlocks(withStep(parsed.blocks, newStep("increase")))).toBe(
    "sum by (job) (increase(x[$__rate_interval]))",
  );
  expect(printBlocks(withStep(parsed.blocks, newStep("topk")))).toBe("topk(10, sum by (job) (rate(x[5m])))");
  expect(printBlocks(withStep(parsed.blocks, newStep("*")))).toBe("sum by (job) (rate(x[5m])) * 100");
});

it("leaves out a filter without a name and keeps a value with every character", () => {
  expect(printSelector({ metric: "up", filters: [{ name: "", op: "=", value: "x" }] })).toBe("up");
  const filters = [{ name: "path", op: "=" as const, value: 'a"\\\n한' }];
  const text = printSelector({ metric: "up", filters });
  const parsed = parseBlocks(text);
  expect("blocks" in parsed && parsed.blocks.filters).toEqual(filters);
});
