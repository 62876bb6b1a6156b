// The words of the English catalogue, by which flows find what they act on.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const EN = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), "../src/i18n/en.json"), "utf8"));

/** How long a state may take to come. */
export const PATIENCE = 10_000;

/** A text of the English catalogue with its placeholders filled in. */
export function text(key, values = {}) {
  return EN[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** The button of a text. */
export const button = (scope, key, values) => scope.getByRole("button", { name: text(key, values), exact: true });
