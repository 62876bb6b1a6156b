import { describe, expect, it } from "vitest";
import { all, first, parseParams, printParams, prometheusExpressions } from "./params";
import { inScope, parseScope, printScope, withChip } from "./scope";

describe("parameters", () => {
  it("round-trips texts as they are", () => {
    const params = { expr: ['rate(a{b="c"}[5m])', "up"], from: "now-1h", trace: "0123", n: "007" };
    expect(parseParams(printParams(params))).toEqual(params);
  });
  it("leaves out what is not set", () => {
    expect(printParams({ a: undefined, b: "", c: "1" })).toBe("?c=1");
    expect(printParams({})).toBe("");
  });
  it("reads a Prometheus link in the order of its graphs", () => {
    const params = parseParams("?g10.expr=z&g2.expr=b&g0.expr=up&g0.tab=1&g1.expr=");
    expect(prometheusExpressions(params)).toEqual(["up", "b", "z"]);
    expect(first(params["g0.tab"])).toBe("1");
    expect(all(params.nothing)).toEqual([]);
  });
});

describe("scope", () => {
  it("round-trips, commas included", () => {
    const chips = [
      { key: "service", value: "a,b" },
      { key: "host", value: "gw-01:9100" },
    ];
    expect(parseScope(printScope(chips))).toEqual(chips);
    expect(parseScope("broken,=x,service=")).toEqual([]);
  });
  it("survives a broken escape", () => expect(parseScope("service=100%")).toEqual([{ key: "service", value: "100%" }]));
  it("holds what it names and what it cannot judge", () => {
    const chips = parseScope("host=a,host=b,service=x");
    expect(inScope(chips, { host: "a" })).toBe(true);
    expect(inScope(chips, { host: "c" })).toBe(false);
    expect(inScope(chips, { job: "j" })).toBe(true);
    expect(inScope(chips, { host: "b", service: "y" })).toBe(false);
    expect(withChip(chips, { key: "host", value: "a" })).toHaveLength(3);
  });
});
