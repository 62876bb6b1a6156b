import { describe, expect, it } from "vitest";
import {
  pan,
  parseDuration,
  parsePoint,
  parseQuick,
  parseRange,
  rateWindow,
  refreshMs,
  stepFor,
  zoomOut,
} from "./time";

const NOW = new Date(2026, 10, 22, 10, 23, 5).getTime();
const HOUR = 3600e3;

describe("parsePoint", () => {
  it.each<[string, boolean, number | null]>([
    ["now", false, NOW],
    ["now-1h", false, NOW - HOUR],
    ["now-90s", false, NOW - 90e3],
    ["now-1d+2h", false, NOW - 22 * HOUR],
    ["now/d", false, new Date(2026, 10, 22).getTime()],
    ["now/d", true, new Date(2026, 10, 23).getTime()],
    ["now-1d/d", false, new Date(2026, 10, 21).getTime()],
    ["now/w", false, new Date(2026, 10, 16).getTime()],
    ["now-1M/M", false, new Date(2026, 9, 1).getTime()],
    ["now/y", false, new Date(2026, 0, 1).getTime()],
    ["1790000000000", false, 1790000000000],
    ["1790000000", false, 1790000000000],
    ["2026-11-22T01:00:00Z", false, Date.UTC(2026, 10, 22, 1)],
    ["2026-11-22 10:00", false, new Date(2026, 10, 22, 10).getTime()],
    ["", false, null],
    ["now-", false, null],
    ["now-1x", false, null],
    ["yesterday", false, null],
  ])("%s (up: %s)", (text, up, expected) => expect(parsePoint(text, NOW, up)).toBe(expected));

  it("clamps the day when a month is shorter", () => {
    const march = new Date(2026, 2, 31, 12).getTime();
    expect(parsePoint("now-1M", march, false)).toBe(new Date(2026, 1, 28, 12).getTime());
  });
});

describe("ranges", () => {
  it("refuses an end that is not after its start", () => {
    expect(parseRange("now", "now-1h", NOW)).toBeNull();
    expect(parseRange("now-1h", "now", NOW)).toEqual({ start: NOW - HOUR, end: NOW });
  });
  it("zooms out to twice the width and never past now", () => {
    const range = zoomOut({ start: NOW - HOUR, end: NOW }, NOW);
    expect(range.end).toBe(NOW);
    expect(range.end - range.start).toBe(2 * HOUR);
  });
  it("pans by half", () => expect(pan({ start: 0, end: 100 }, 1)).toEqual({ start: 50, end: 150 }));
});

it.each<[string, string | null]>([
  ["3h", "now-3h"],
  ["last 30m", "now-30m"],
  ["지난 3시간", "now-3h"],
  ["2일", "now-2d"],
  ["15 minutes", "now-15m"],
  ["1주", "now-1w"],
  ["0h", null],
  ["checkout", null],
])("parseQuick(%s)", (text, expected) => expect(parseQuick(text)).toBe(expected));

it("steps follow a ladder and bound the points", () => {
  expect(stepFor({ start: 0, end: HOUR })).toBe(15);
  expect(stepFor({ start: 0, end: 24 * HOUR })).toBe(300);
  expect(stepFor({ start: 0, end: 1000 })).toBe(5);
  for (const hours of [1, 3, 6, 12, 24, 48, 168, 720]) {
    expect((hours * 3600) / stepFor({ start: 0, end: hours * HOUR })).toBeLessThanOrEqual(300);
  }
  expect(rateWindow(15)).toBe("60s");
  expect(rateWindow(300)).toBe("315s");
});

it("reads refresh intervals and durations", () => {
  expect([refreshMs("15s"), refreshMs("1m"), refreshMs("off"), refreshMs("")]).toEqual([15e3, 60e3, 0, 0]);
  expect([parseDuration("1h30m"), parseDuration("250ms"), parseDuration("1.2s"), parseDuration("2us")]).toEqual([
    5400, 0.25, 1.2, 2e-6,
  ]);
  expect([parseDuration(""), parseDuration("fast"), parseDuration("10")]).toEqual([null, null, null]);
});
