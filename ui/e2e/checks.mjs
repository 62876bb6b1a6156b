// What every page must keep: axe, language, width.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const CATALOGUES = Object.fromEntries(
  ["en", "ko"].map((language) => [
    language,
    JSON.parse(readFileSync(join(HERE, `../src/i18n/${language}.json`), "utf8")),
  ]),
);

/** Texts of the other language that must not be seen: those whose two translations differ and which hold no placeholder. */
function foreign(language) {
  const [own, other] = [CATALOGUES[language], CATALOGUES[language === "ko" ? "en" : "ko"]];
  const mine = new Set(Object.values(own));
  return (
    Object.keys(other)
      .filter(
        (key) => own[key] !== other[key] && !other[key].includes("{") && !mine.has(other[key]) && other[key].length > 3,
      )
      // The switch offers the other language in its own words.
      .filter((key) => key !== "language.other")
      .map((key) => other[key])
  );
}

const FOREIGN = Object.fromEntries(["en", "ko"].map((language) => [language, new Set(foreign(language))]));
const KEYS = new Set(Object.keys(CATALOGUES.en));

/** The rules of axe that look at colours, which a theme decides and a language does not. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/** Problems by the rules about colours, all others, or both. */
async function axe(page, { colours, rest }) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const without = Object.fromEntries(COLOURS.map((rule) => [rule, { enabled: colours }]));
  // Nothing is fetched in advance: no rule that is on asks for style sheets, and there is no media.
  const options = {
    resultTypes: ["violations"],
    preload: false,
    ...(rest ? { rules: without } : { runOnly: COLOURS }),
  };
  const { violations } = await page.evaluate((options) => window.axe.run(document, options), options);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes
      .slice(0, 3)
      .map(
        ({ target, failureSummary }) => `${id}: ${help} at ${target.join(" ")} ${failureSummary?.split("\n")[1] ?? ""}`,
      ),
  );
}

/** Own words of each element: its text nodes and labels, but not data. Code, inputs and log lines hold data. */
function visibleTexts() {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement?.closest("code, pre, .log-text, script, style, svg title, [translate=no]")) continue;
    const text = node.textContent.trim();
    if (text) texts.push(text);
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title]")) {
    if (element.closest("[translate=no]")) continue;
    for (const name of ["aria-label", "placeholder", "title"]) {
      const text = element.getAttribute(name)?.trim();
      if (text) texts.push(text);
    }
  }
  return texts;
}

/** Runs the checks and counts them through `check(name, problems)`; `fresh` says what axe has not seen of the page yet. */
export async function checkPage(page, { name, language, check, fresh = { colours: true, rest: true } }) {
  if (fresh.colours || fresh.rest) check(`${name}: axe`, await axe(page, fresh));
  const texts = await page.evaluate(visibleTexts);
  check(
    `${name}: no raw key`,
    texts.filter((text) => KEYS.has(text)),
  );
  check(
    `${name}: one language`,
    texts.filter((text) => FOREIGN[language].has(text)),
  );
  check(
    `${name}: no lost placeholder`,
    texts.filter((text) => /\{(n|name|time|total|done|why)\}|undefined|\bNaN\b|\[object /.test(text)),
  );
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }));
  check(`${name}: no sideways scroll`, scroll <= client ? [] : [`${scroll} px in ${client}`]);
}
