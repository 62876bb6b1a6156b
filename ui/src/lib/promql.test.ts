import { describe, expect, it } from "vitest";
import {
  addFilter,
  addMatcher,
  fillQuery,
  isMetricQuery,
  overTime,
  quote,
  selector,
  seriesName,
  shortNames,
  withDurations,
} from "./promql";

it("quotes", () => expect(quote('a"b\\c\nd')).toBe('"a\\"b\\\\c\\nd"'));

it("names series", () => {
  expect(seriesName({ __name__: "up", job: "a", instance: "b" })).toBe('up{instance="b", job="a"}');
  expect(seriesName({ __name__: "up" })).toBe("up");
  expect(seriesName({})).toBe("{}");
  expect(
    shortNames([
      { job: "a", mode: "user" },
      { job: "a", mode: "system" },
    ]),
  ).toEqual(["user", "system"]);
  expect(shortNames([{ __name__: "up", job: "a" }])).toEqual(['up{job="a"}']);
  expect(shortNames([])).toEqual([]);
});

describe("filters added by a click", () => {
  it("narrows the selector, once", () => {
    expect(addMatcher('{job="a"} |= "x"', "level", "=", "error")).toBe('{job="a", level="error"} |= "x"');
    expect(addMatcher('{job="a"}', "job", "=", "a")).toBe('{job="a"}');
    expect(addMatcher("{}", "job", "!=", "a")).toBe('{job!="a"}');
  });
  it("is not fooled by braces in strings", () => {
    expect(addMatcher('{job=~"a{2}"} | json', "x", "=", "y")).toBe('{job=~"a{2}", x="y"} | json');
  });
  it("adds a label filter behind the pipeline", () => {
    expect(addFilter('{job="a"} | json', "status", "!=", "200")).toBe('{job="a"} | json | status!="200"');
  });
});

it("tells numbers from lines", () => {
  expect(isMetricQuery('sum by (level) (count_over_time({a="b"}[1m]))')).toBe(true);
  expect(isMetricQuery('rate({a="b"}[1m])')).toBe(true);
  expect(isMetricQuery('{a="b"} |= "rate("')).toBe(false);
  expect(selector({}, '{job=~".+"}')).toBe('{job=~".+"}');
});

it("turns the window of a number into one that follows the step", () => {
  expect(overTime('sum(rate(a{b="[1h]c"}[1h])) / sum(rate(d[5m]))')).toContain("rate(d[$__rate_interval])");
  expect(overTime("up")).toBe("up");
});

it("fills variables in, and keeps places where it only stands in for them", () => {
  const query = "rate(a[$__rate_interval]) / rate(b[$__range])";
  expect(fillQuery(query, 15, { start: 0, end: 3600e3 })).toBe("rate(a[60s]) / rate(b[3600s])");
  expect(withDurations(query)).toHaveLength(query.length);
  expect(withDurations(query)).toMatch(/rate\(a\[1m +\]\) \/ rate\(b\[1m +\]\)/);
  expect(withDurations("$__other")).toBe("$__other");
});
