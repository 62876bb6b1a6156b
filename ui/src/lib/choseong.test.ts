import { expect, it } from "vitest";
import { initials, keystrokes, score } from "./choseong";

it("finds initial consonants", () => {
  expect(initials("대시보드")).toBe("ㄷㅅㅂㄷ");
  expect(score("ㄷㅅㅂㄷ", "대시보드")).toBeGreaterThan(0);
  expect(score("ㄱㅇㅌㅇㅇ", "게이트웨이")).toBeGreaterThan(0);
  expect(score("ㄱㄷㅅㅌ", "가동 상태")).toBeGreaterThan(0);
  expect(score("ㅎㅅㅌ", "게이트웨이")).toBe(0);
});

it("knows Hangul typed on a Latin layout", () => {
  expect(keystrokes("대시보드")).toBe("eotlqhem");
  expect(score("eotlqhem", "대시보드")).toBeGreaterThan(0);
  expect(score("fhrm", "로그")).toBeGreaterThan(0);
  expect(score("dkffla", "알림")).toBeGreaterThan(0);
  expect(score("dkffla", "로그")).toBe(0);
});

it("ranks what starts with the text first", () => {
  expect(score("node", "node_load1")).toBeGreaterThan(score("load", "node_load1"));
  expect(score("NODE", "node_load1")).toBeGreaterThan(0);
  expect(score("", "anything")).toBeGreaterThan(0);
  expect(score("zzz", "node_load1")).toBe(0);
});
