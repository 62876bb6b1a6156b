// One page of the browser: what it says that it should not, when it has its data, how it looks.

import { writeFile } from "node:fs/promises";

export const SETTLE_MS = 10_000;
/** How long nothing may load before a page counts as settled. */
const CALM_MS = 250;

/** Waits until nothing loads. Live pages never go silent, so there is a limit. */
export async function settle(page, calm = CALM_MS) {
  await page.waitForSelector("main", { timeout: SETTLE_MS });
  await page.evaluate(
    async ({ calm, limit }) => {
      const busy = () => document.querySelector(".progress") !== null;
      const began = performance.now();
      for (let since = began; ; ) {
        await new Promise((done) => setTimeout(done, 25));
        const now = performance.now();
        if (busy()) since = now;
        if (now - since >= calm || now - began >= limit) return;
      }
    },
    { calm, limit: SETTLE_MS },
  );
}

/** Gathers what a page writes to the console's errors, throws, and asks of foreign origins. */
export function listen(page, base) {
  const problems = [];
  const origins = [base, base.replace(/^http/, "ws"), "data:", "blob:"];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    if (!origins.some((origin) => request.url().startsWith(origin))) problems.push(`left the origin: ${request.url()}`);
  });
  return problems;
}

/** Keeps a theme and a language, for the next page that opens. */
export function keep(page, { theme, language }) {
  return page.evaluate(
    ([theme, language]) => {
      localStorage.setItem("gw-theme", theme);
      localStorage.setItem("gw-language", language);
    },
    [theme, language],
  );
}

/** Switches the open page as a choice in another tab of the same browser does, and waits until it is drawn. */
export async function follow(page, variant) {
  await keep(page, variant);
  await page.evaluate(
    ({ theme, language }) => {
      for (const [key, newValue] of Object.entries({ "gw-theme": theme, "gw-language": language }))
        window.dispatchEvent(new StorageEvent("storage", { key, newValue }));
      return new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    },
    { theme: variant.theme, language: variant.language },
  );
  await settle(page, 50);
}

/**
 * Writes a picture of the whole page. The protocol is asked directly: its quick encoder takes a fraction of the time, and
 * nothing is laid out anew for a taller window.
 */
export async function picture(page, file) {
  const session = await page.context().newCDPSession(page);
  try {
    const { cssContentSize } = await session.send("Page.getLayoutMetrics");
    const { data } = await session.send("Page.captureScreenshot", {
      format: "png",
      optimizeForSpeed: true,
      captureBeyondViewport: true,
      clip: { x: 0, y: 0, width: cssContentSize.width, height: cssContentSize.height, scale: 1 },
    });
    await writeFile(file, Buffer.from(data, "base64"));
  } finally {
    await session.detach();
  }
}
