// Walks a running product in a real browser: every page in {dark, light} x {ko, en} x {1440, 390}.
//
//   GW_URL=http://127.0.0.1:1003 GW_USER=admin GW_PASSWORD=... node e2e/run.mjs
//
// GW_SCREENSHOTS  folder of the pictures (default target/screenshots)
// GW_CHROMIUM     the browser (default /usr/bin/chromium)
// GW_FLOWS=off    leaves out the flows, =read those that write (the fixture server only reads)
// GW_WALKERS      variants walked at once (default 2)
// GW_QUICK=THEME  one variant only: that theme (dark, light, contrast), ko, 1440
//
// Each page must: write nothing to the console's errors, have no axe violation, show no key of the catalogues and no text
// of the other language, not scroll sideways. Ends with `N passed, M failed`; exits 1 on a failure.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { checkPage } from "./checks.mjs";
import { checkFlows } from "./flows.mjs";
import { checkKeyboard } from "./keyboard.mjs";
import { PAGES, redirects } from "./pages.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const URL_BASE = (process.env.GW_URL ?? "http://127.0.0.1:1003").replace(/\/$/, "");
const USER = process.env.GW_USER ?? "admin";
const PASSWORD = process.env.GW_PASSWORD ?? "";
const SHOTS = process.env.GW_SCREENSHOTS ?? join(HERE, "../../target/screenshots");
const SETTLE_MS = 10_000;
const WALKERS = Number(process.env.GW_WALKERS ?? 2);

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

/** Waits until the page shows its data: nothing loads, nothing is busy. Live pages never go silent, so there is a limit. */
async function settle(page) {
  await page.waitForSelector("main", { timeout: SETTLE_MS });
  const until = Date.now() + SETTLE_MS;
  let calm = 0;
  while (Date.now() < until && calm < 3) {
    const busy = await page.locator(".progress").count();
    calm = busy === 0 ? calm + 1 : 0;
    await page.waitForTimeout(100);
  }
}

/** Browsers log each refused response too; what the page itself says about it is what counts. */
function listen(page) {
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    const own =
      url.startsWith(URL_BASE) || url.startsWith(URL_BASE.replace(/^http/, "ws")) || /^(data|blob):/.test(url);
    if (!own) problems.push(`left the origin: ${url}`);
  });
  return problems;
}

async function signIn(browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
  const page = await context.newPage();
  const problems = listen(page);
  await page.goto(`${URL_BASE}/hosts?from=now-3h`);
  const name = page.locator('input[name="username"]');
  const shown = await Promise.race([
    name.waitFor({ timeout: SETTLE_MS }).then(() => true),
    page.waitForSelector(".shell", { timeout: SETTLE_MS }).then(() => false),
  ]);
  if (shown) {
    await checkPage(page, { name: "login", language: "en", check });
    await page.screenshot({ path: join(SHOTS, "login.png") });
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
  await context.close();
  return state;
}

async function visit(page, { path, name }, variant, problems) {
  const title = `${name} ${variant.theme}-${variant.language}-${variant.width}`;
  problems.length = 0;
  await page.goto(`${URL_BASE}${path}`);
  await settle(page);
  await page.screenshot({
    path: join(SHOTS, `${name}-${variant.theme}-${variant.language}-${variant.width}.png`),
    fullPage: true,
  });
  await checkPage(page, { name: title, language: variant.language, check });
  check(`${title}: console`, [...problems]);
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

async function walk(browser, storage, variant) {
  const context = await browser.newContext({
    viewport: { width: variant.width, height: variant.width > 1000 ? 900 : 844 },
    storageState: storage,
    locale: variant.language === "ko" ? "ko-KR" : "en-US",
    timezoneId: "Asia/Seoul",
    reducedMotion: "reduce",
  });
  await context.addInitScript(({ theme, language }) => {
    localStorage.setItem("gw-theme", theme);
    localStorage.setItem("gw-language", language);
  }, variant);
  const page = await context.newPage();
  const problems = listen(page);
  for (const target of [...PAGES, ...(await found(page))]) {
    try {
      await visit(page, target, variant, problems);
    } catch (error) {
      check(`${target.name} ${variant.theme}-${variant.language}-${variant.width}: opens`, [
        error.message.split("\n")[0],
      ]);
    }
  }
  if (variant.theme === "dark" && variant.language === "ko")
    await checkKeyboard(page, { base: URL_BASE, wide: variant.width > 1000, settle, check });
  if (variant.theme === "dark" && variant.language === "en" && variant.width > 1000) {
    await followRedirects(page);
    if (process.env.GW_FLOWS !== "off") await checkFlows(page, { base: URL_BASE, check });
  }
  await context.close();
}

async function followRedirects(page) {
  for (const { from, to } of redirects) {
    await page.goto(`${URL_BASE}${from}`);
    await settle(page);
    const at = decodeURIComponent(page.url().slice(URL_BASE.length)).replace(/\+/g, " ");
    check(`${from} leads to ${to}`, at.startsWith(to) ? [] : [`led to ${at}`]);
  }
}

const VARIANTS = process.env.GW_QUICK
  ? [{ theme: process.env.GW_QUICK === "1" ? "dark" : process.env.GW_QUICK, language: "ko", width: 1440 }]
  : ["dark", "light"].flatMap((theme) =>
      ["ko", "en"].flatMap((language) => [1440, 390].map((width) => ({ theme, language, width }))),
    );

mkdirSync(SHOTS, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.GW_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
try {
  const storage = await signIn(browser);
  const waiting = [...VARIANTS];
  const walker = async () => {
    for (let variant = waiting.shift(); variant; variant = waiting.shift()) await walk(browser, storage, variant);
  };
  await Promise.all(Array.from({ length: WALKERS }, walker));
} catch (error) {
  check("the walk ends", [error.stack ?? String(error)]);
} finally {
  await browser.close();
}
console.log(`${score.passed} passed, ${score.failed} failed`);
process.exit(score.failed === 0 ? 0 : 1);
