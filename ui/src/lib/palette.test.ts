import { expect, it } from "vitest";
import { assignStrokes, labelKey } from "./palette";

it("gives a key the same colour whatever its neighbours' order", () => {
  const one = assignStrokes(["a", "b", "c"]);
  const two = assignStrokes(["c", "a", "b", "a"]);
  for (const key of ["a", "b", "c"]) expect(two.get(key)).toEqual(one.get(key));
});

it("uses each slot once before it dashes", () => {
  const strokes = [...assignStrokes(Array.from({ length: 24 }, (_, at) => `series ${at}`)).values()];
  for (const round of [0, 1, 2]) {
    const part = strokes.slice(round * 8, round * 8 + 8);
    expect(new Set(part.map(({ slot }) => slot)).size).toBe(8);
    expect(new Set(part.map(({ dash }) => dash.join())).size).toBe(1);
  }
  expect(strokes[0]?.dash).toEqual([]);
  expect(strokes[8]?.dash).not.toEqual([]);
});

it("keys label sets by content", () => expect(labelKey({ b: "2", a: "1" })).toBe("a=1,b=2"));
