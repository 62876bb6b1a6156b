// Hosts and containers as a user drives them: the honeycomb by keyboard, readings each second, processes, the tree of groups.
// Nothing here writes to the product, so the flows run against the fixtures too.

import { button, PATIENCE, text } from "./words.mjs";

async function honeycomb(page, base) {
  await page.goto(`${base}/hosts`);
  await page.getByRole("radio", { name: text("hosts.honeycomb") }).click();
  await page.waitForURL(/view=honeycomb/, { timeout: PATIENCE });
  const cells = page.locator(".honeycomb a");
  await cells.first().waitFor({ timeout: PATIENCE });
  const stops = await cells.evaluateAll((all) => all.filter(({ tabIndex }) => tabIndex === 0).length);
  if (stops !== 1) throw new Error(`the honeycomb has ${stops} stops of Tab`);
  await cells.first().focus();
  await page.keyboard.press("End");
  const last = await cells.last().getAttribute("href");
  const reached = await page.evaluate(() => document.activeElement?.getAttribute("href"));
  if (reached !== last) throw new Error(`End led to ${reached}, not to ${last}`);
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.waitForURL(/host=/, { timeout: PATIENCE });
}

/** The host that the product runs on. */
async function own(page, base) {
  const { own } = await (await page.request.get(`${base}/api/gw/hosts`)).json();
  await page.goto(`${base}/hosts?host=${encodeURIComponent(own)}`);
}

async function live(page, base) {
  await own(page, base);
  const state = (key) => page.getByText(text(`hosts.live.${key}`), { exact: true });
  await state("live").waitFor({ timeout: PATIENCE });
  await page.locator("figure.chart canvas").first().waitFor({ timeout: PATIENCE });
  await button(page, "hosts.pause").click();
  await state("paused").waitFor({ timeout: PATIENCE });
  await button(page, "hosts.resume").click();
  await state("live").waitFor({ timeout: PATIENCE });
  await button(page, "hosts.hardware").click();
  const heading = await page.evaluate(() => document.activeElement?.id);
  if (heading !== "part-hardware") throw new Error(`the way to the hardware led to ${heading}`);
}

async function processes(page, base) {
  await own(page, base);
  const rows = page.getByRole("region", { name: text("processes.title") }).locator("tbody tr");
  await rows.first().waitFor({ timeout: PATIENCE });
  const few = await rows.count();
  if (few > 20) throw new Error(`${few} processes without being asked for all`);
  const all = button(page, "processes.all");
  // A machine with few processes shows all of them.
  if ((await all.count()) === 0) return;
  await all.click();
  await page.waitForURL(/processes=all/, { timeout: PATIENCE });
  await rows.nth(few).waitFor({ timeout: PATIENCE });
  await button(page, "processes.top").click();
  await rows.nth(few).waitFor({ state: "detached", timeout: PATIENCE });
}

async function tree(page, base) {
  await page.goto(`${base}/containers?view=groups`);
  const rows = page.getByRole("region", { name: text("nav.containers") }).locator("tbody tr");
  await rows.nth(1).waitFor({ timeout: PATIENCE });
  const all = await rows.count();
  const root = rows.first().getByRole("button", { expanded: true });
  await root.click();
  await rows.nth(1).waitFor({ state: "detached", timeout: PATIENCE });
  await rows.first().getByRole("button", { expanded: false }).press("Enter");
  await rows.nth(Math.min(all, 2) - 1).waitFor({ timeout: PATIENCE });
}

/** The flows by name. */
export const HOST_FLOWS = {
  "hosts honeycomb": honeycomb,
  "hosts live": live,
  "hosts processes": processes,
  "containers tree": tree,
};
