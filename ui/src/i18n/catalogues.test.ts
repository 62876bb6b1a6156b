import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import en from "./en.json";
import ko from "./ko.json";

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
const entries = Object.entries(en) as [keyof typeof en, string][];

/** Words that are the same in both languages: names, units, examples. */
const SHARED = /^(p50|p90|p99|CPU|HTTP\(S\)|now-6h.*|http\.status.*|alertname=.*|200-299.*|\{.*)$/;

it("both catalogues hold the same keys", () => expect(Object.keys(ko).sort()).toEqual(Object.keys(en).sort()));

it.each(entries)("%s keeps its placeholders", (key, text) => expect(placeholders(ko[key])).toEqual(placeholders(text)));

it("nothing is left untranslated", () => {
  const same = entries.filter(([key, text]) => ko[key] === text && !SHARED.test(text)).map(([key]) => key);
  expect(same).toEqual([]);
  expect(entries.filter(([key, text]) => key !== "language.other" && /[가-힣]/.test(text))).toEqual([]);
  expect(Object.entries(ko).filter(([, text]) => text.trim() === "")).toEqual([]);
});

it("no Korean particle is glued to a variable", () => {
  expect(Object.values(ko).filter((text) => /\}(은|는|이|가|을|를|와|과|으로|로)(\s|$)/.test(text))).toEqual([]);
});

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) && !name.includes(".test.") ? [readFileSync(path, "utf8")] : [];
  });
}

it("every key is used", () => {
  const text = sources(join(__dirname, "..")).join("\n");
  const built = [...text.matchAll(/`([a-z]+(?:\.[a-z]+)*)\.\$\{/gi)].map(([, prefix]) => `${prefix}.`);
  const unused = Object.keys(en).filter(
    (key) => !text.includes(`"${key}"`) && !built.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});
