// Walks a running product in a real browser: every page in {dark, light} x {ko, en} x {1440, 390}.
//
//   GW_URL=http://127.0.0.1:1003 GW_USER=admin GW_PASSWORD=... node e2e/run.mjs
//
// GW_SCREENSHOTS  folder of the pictures (default target/screenshots)
// GW_CHROMIUM     the browser (default /usr/bin/chromium)
// GW_FLOWS=off    leaves out the flows, =read those that write (the fixture server only reads)
// GW_WALKERS      pages walked at once (default 2)
// GW_QUICK=THEME  one variant only: that theme (dark, light, contrast), ko, 1440
// GW_PAGES=NAMES  only these pages, names with commas between, and nothing else
//
// A page is opened once for each width, in another of the four variants each time, and follows into the other three as it
// follows a choice made in another tab.
//
// Each page must: write nothing to the console's errors, have no axe violation (its colours are looked at once in each
// theme, the rest once in each language), show no key of the catalogues and no text of the other language, not scroll
// sideways. Ends with where the seconds went and `N passed, M failed`; exits 1 on a failure.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { follow, keep, listen, picture, SETTLE_MS, settle } from "./browser.mjs";
import { checkPage } from "./checks.mjs";
import { checkFlows } from "./flows.mjs";
import { checkKeyboard } from "./keyboard.mjs";
import { PAGES, redirects } from "./pages.mjs";
import { secondsLines, timed } from "./seconds.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const URL_BASE = (process.env.GW_URL ?? "http://127.0.0.1:1003").replace(/\/$/, "");
const USER = process.env.GW_USER ?? "admin";
const PASSWORD = process.env.GW_PASSWORD ?? "";
const SHOTS = process.env.GW_SCREENSHOTS ?? join(HERE, "../../target/screenshots");
const WALKERS = Number(process.env.GW_WALKERS ?? 2);
const QUICK = process.env.GW_QUICK;
const ONLY = process.env.GW_PAGES?.split(",");
const WIDE = 1440;
const NARROW = 390;

const score = { passed: 0, failed: 0 };

/** Counts one assertion and says what failed. */
function check(name, problems) {
  if (problems.length === 0) {
    score.passed += 1;
    return;
  }
  score.failed += 1;
  console.log(`FAIL ${name}`);
  for (const problem of problems.slice(0, 6)) console.log(`     ${problem}`);
}

async function signIn(browser) {
  const context = await browser.newContext({ viewport: { width: WIDE, height: 900 }, locale: "en-US" });
  const page = await context.newPage();
  const problems = listen(page, URL_BASE);
  await page.goto(`${URL_BASE}/hosts?from=now-3h`);
  const name = page.locator('input[name="username"]');
  const shown = await Promise.race([
    name.waitFor({ timeout: SETTLE_MS }).then(() => true),
    page.waitForSelector(".shell", { timeout: SETTLE_MS }).then(() => false),
  ]);
  if (shown) {
    await checkPage(page, { name: "login", language: "en", check });
    await picture(page, join(SHOTS, "login.png"));
    await name.fill(USER);
    await page.locator('input[name="password"]').fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".shell", { timeout: SETTLE_MS });
  }
  check("signing in returns to the page asked for", page.url().includes("/hosts?from=now-3h") ? [] : [page.url()]);
  // Asking who is signed in answers 401 before the sign-in; the browser logs that itself.
  check(
    "login: console",
    problems.filter((text) => !/401/.test(text)),
  );
  const state = await context.storageState();
  const more = await found(page);
  await context.close();
  return { state, more };
}

/** Pages of a thing that exists only at run time: the first host, trace and service. */
async function found(page) {
  const more = [];
  for (const { path, name, link } of PAGES.filter(({ link }) => link)) {
    await page.goto(`${URL_BASE}${path}`);
    await settle(page);
    const href = await page
      .locator(link)
      .first()
      .getAttribute("href", { timeout: 1000 })
      .catch(() => null);
    if (href) more.push({ path: href, name: `${name}-detail` });
  }
  return more;
}

const VARIANTS = QUICK
  ? [{ theme: QUICK === "1" ? "dark" : QUICK, language: "ko" }]
  : ["dark", "light"].flatMap((theme) => ["ko", "en"].map((language) => ({ theme, language })));

/** Looks at the open page in one variant. */
async function look(page, { name }, variant, { problems, fresh }) {
  const picked = `${variant.theme}-${variant.language}-${variant.width}`;
  await timed(name, "pictures", () => picture(page, join(SHOTS, `${name}-${picked}.png`)));
  await timed(name, "checks", () =>
    checkPage(page, { name: `${name} ${picked}`, language: variant.language, check, fresh }),
  );
  check(`${name} ${picked}: console`, problems.splice(0));
}

/** Opens a page in the variant whose turn it is, and looks at it in each. */
async function visit({ page, problems, width }, target, turn) {
  problems.length = 0;
  const order = VARIANTS.map((_, at) => ({ ...VARIANTS[(at + turn) % VARIANTS.length], width }));
  const seen = new Set();
  const isNew = (choice) => {
    const known = seen.has(choice);
    seen.add(choice);
    return !known;
  };
  for (const [at, variant] of order.entries()) {
    try {
      if (at === 0)
        await timed(target.name, "opening", async () => {
          await keep(page, variant);
          await page.goto(`${URL_BASE}${target.path}`);
          await settle(page);
        });
      else await timed(target.name, "switching", () => follow(page, variant));
      const fresh = { colours: isNew(variant.theme), rest: isNew(variant.language) };
      await look(page, target, variant, { problems, fresh });
    } catch (error) {
      check(`${target.name} ${variant.theme}-${variant.language}-${width}: opens`, [error.message.split("\n")[0]]);
    }
  }
}

async function tab(browser, storageState, width) {
  const context = await browser.newContext({
    viewport: { width, height: width === WIDE ? 900 : 844 },
    storageState,
    locale: width === WIDE ? "en-US" : "ko-KR",
    timezoneId: "Asia/Seoul",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  // A page of the origin, whose storage can be written.
  await page.goto(`${URL_BASE}/icon.svg`);
  return { context, page, width, problems: listen(page, URL_BASE) };
}

async function followRedirects(page) {
  for (const { from, to } of redirects) {
    await page.goto(`${URL_BASE}${from}`);
    await settle(page);
    const at = decodeURIComponent(page.url().slice(URL_BASE.length)).replace(/\+/g, " ");
    check(`${from} leads to ${to}`, at.startsWith(to) ? [] : [`led to ${at}`]);
  }
}

const keyboard = (width) => ({
  width,
  run: async ({ page }) => {
    await keep(page, { theme: "dark", language: "ko" });
    await timed("keyboard", "keyboard", () =>
      checkKeyboard(page, { base: URL_BASE, wide: width === WIDE, settle, check }),
    );
  },
});

/** The longest pieces of work come first, so that no walker is left with one of them at the end. */
function work(pages) {
  const driven = {
    width: WIDE,
    run: async ({ page }) => {
      await keep(page, { theme: "dark", language: "en" });
      await timed("redirects", "redirects", () => followRedirects(page));
      if (process.env.GW_FLOWS !== "off") await checkFlows(page, { base: URL_BASE, check, timed });
    },
  };
  const visits = (width, first) => pages.map((target, at) => ({ width, run: (tab) => visit(tab, target, first + at) }));
  if (QUICK) return [...(QUICK === "1" || QUICK === "dark" ? [keyboard(WIDE)] : []), ...visits(WIDE, 0)];
  // Both widths of a page must not open in the same variant.
  const both = visits(WIDE, 0).flatMap((wide, at) => [wide, visits(NARROW, 2)[at]]);
  return ONLY ? both : [driven, keyboard(WIDE), keyboard(NARROW), ...both];
}

async function walk(browser, storage, waiting) {
  const tabs = new Map();
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    if (!tabs.has(next.width)) tabs.set(next.width, await tab(browser, storage, next.width));
    await next.run(tabs.get(next.width));
  }
  for (const { context } of tabs.values()) await context.close();
}

mkdirSync(SHOTS, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.GW_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
try {
  const { state, more } = await signIn(browser);
  const pages = [...PAGES, ...more].filter(({ name }) => !ONLY || ONLY.includes(name));
  const waiting = work(pages);
  await Promise.all(Array.from({ length: WALKERS }, () => walk(browser, state, waiting)));
} catch (error) {
  check("the walk ends", [error.stack ?? String(error)]);
} finally {
  await browser.close();
}
for (const line of secondsLines()) console.log(line);
console.log(`${score.passed} passed, ${score.failed} failed`);
process.exit(score.failed === 0 ? 0 : 1);
