import { describe, expect, it } from "vitest";
import { formatAgo, formatDateTime, formatLogTime, formatSpan, formatValue, type Unit } from "./format";

describe("formatValue", () => {
  it.each<[number | null, Unit, string]>([
    [null, "none", "–"],
    [Number.NaN, "bytes", "–"],
    [Number.POSITIVE_INFINITY, "none", "+Inf"],
    [0, "none", "0"],
    [0.00123, "none", "0.00123"],
    [1234.5, "none", "1.23k"],
    [12_345_678, "count", "12,345,678"],
    [0.0712, "ratio", "7.12%"],
    [0.973, "ratio", "97.3%"],
    [1, "ratio", "100%"],
    [0, "bytes", "0 B"],
    [1536, "bytes", "1.5 KiB"],
    [8_589_934_592, "bytes", "8 GiB"],
    [1.2e6, "bytes/s", "1.14 MiB/s"],
    [0, "seconds", "0 s"],
    [0.0000021, "seconds", "2.1 µs"],
    [0.083, "seconds", "83 ms"],
    [1.05, "seconds", "1.05 s"],
    [200, "seconds", "3m 20s"],
    [446_400, "seconds", "5d 4h"],
    [1250, "/s", "1.25k/s"],
    [0.00314, "/s", "0.0031/s"],
    [-1536, "bytes", "-1.5 KiB"],
  ])("%s as %s", (value, unit, expected) => expect(formatValue(value, unit)).toBe(expected));
});

describe("times", () => {
  const now = new Date(2026, 10, 22, 10, 23, 5).getTime();
  it("speaks both languages", () => {
    expect(formatAgo(now - 180e3, now, "ko")).toBe("3분 전");
    expect(formatAgo(now - 180e3, now, "en")).toBe("3 min ago");
    expect(formatAgo(now - 1000, now, "ko")).toBe("방금");
    expect(formatAgo(null, now, "en")).toBe("–");
    expect(formatAgo("not a time", now, "en")).toBe("–");
    expect(formatSpan(7200e3, "ko")).toBe("2시간");
    expect(formatDateTime(now, "ko")).toBe("2026-11-22 (일) 10:23:05");
    expect(formatDateTime(now, "en")).toBe("2026-11-22 (Sun) 10:23:05");
  });
  it("keeps the milliseconds of a nanosecond time", () => {
    expect(formatLogTime(`${now + 7}123456`)).toBe("10:23:05.007");
  });
});
