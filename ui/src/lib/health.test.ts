// Values to stretches and shares.

import { describe, expect, it } from "vitest";
import { healthOf, shares, stretches } from "./health";

const bounds = { warn: 0.8, crit: 0.9 };

describe("health", () => {
  it("begins a state at its bound", () => {
    expect([0.79, 0.8, 0.9, null].map((value) => healthOf(value, bounds))).toEqual(["ok", "warn", "crit", "unknown"]);
  });

  it("joins what is equal and tells shares of the time", () => {
    const parts = stretches([60, 120, 180, 240], [0.1, 0.2, 0.95, null], bounds);
    expect(parts.map(({ state, start, end }) => [state, Date.parse(start) / 1000, Date.parse(end) / 1000])).toEqual([
      ["ok", 0, 120],
      ["crit", 120, 180],
      ["unknown", 180, 240],
    ]);
    expect(shares(parts)).toEqual({ ok: 0.5, warn: 0, crit: 0.25, unknown: 0.25 });
    expect(shares([])).toEqual({ ok: 0, warn: 0, crit: 0, unknown: 0 });
  });
});
