// Explore > Metrics as a user drives it: the browser, blocks, formulas, views, history, exports, and all of it by keyboard.
// Nothing here writes to the product, so the flows run against the fixtures too.

import { readFileSync } from "node:fs";
import { button, PATIENCE, text } from "./words.mjs";

const editor = (page, at = 0) => page.locator(".editor .cm-content").nth(at);
const combobox = (scope, key, values) => scope.getByRole("combobox", { name: text(key, values), exact: true });

/** Waits until a place shows exactly this text. */
async function shows(locator, wanted) {
  await locator.filter({ hasText: wanted }).first().waitFor({ timeout: PATIENCE });
}

async function browser(page, base) {
  await page.goto(`${base}/explore/metrics`);
  const search = page.getByLabel(text("metrics.search"));
  await search.fill("node_load1");
  const first = page.getByRole("treeitem").first();
  await shows(first, "node_load1");
  await search.press("Tab");
  const tree = page.getByRole("tree");
  await tree.press("Home");
  await tree.press("Enter");
  await page.waitForURL(/expr=node_load1/, { timeout: PATIENCE });
  await page.locator("figure.chart canvas").first().waitFor({ timeout: PATIENCE });
}

async function blocks(page, base) {
  await page.goto(`${base}/explore/metrics`);
  await editor(page).waitFor({ timeout: PATIENCE });
  await button(page, "metrics.asBlocks").click();
  const builder = page.getByRole("group", { name: text("builder.title", { name: "A" }) });
  const metric = combobox(builder, "builder.metric");
  await metric.fill("up");
  await builder.locator(".suggest-list [role=option]", { hasText: /^up$/ }).waitFor({ timeout: PATIENCE });
  await metric.press("ArrowDown");
  await metric.press("Enter");
  await shows(editor(page), "up");
  await button(builder, "builder.filter").click();
  const label = combobox(builder, "builder.label");
  await label.fill("job");
  await label.press("Enter");
  const value = combobox(builder, "builder.value", { name: "job" });
  await value.focus();
  const choice = builder.locator(".suggest-list:not([hidden]) [role=option]").first();
  await choice.waitFor({ timeout: PATIENCE });
  const job = (await choice.textContent()).trim();
  await choice.click();
  await shows(editor(page), `up{job="${job}"}`);
  await button(builder, "builder.aggregate").click();
  await page.getByRole("menuitem", { name: "sum", exact: true }).click();
  const add = combobox(builder, "builder.addLabel");
  await add.fill("job");
  await add.press("Enter");
  await shows(editor(page), `sum by (job) (up{job="${job}"})`);
  await button(page, "action.run").click();
  await page.waitForURL(/expr=sum/, { timeout: PATIENCE });
  await page.locator("figure.chart canvas").first().waitFor({ timeout: PATIENCE });
  // A block removed by keyboard leaves the focus in the builder, not at the top of the page.
  await button(builder, "builder.removeStep", { name: "sum" }).press("Enter");
  await shows(editor(page), new RegExp(`^up\\{job="${job}"\\}$`));
  const kept = await builder.evaluate((element) => element.contains(document.activeElement));
  if (!kept) throw new Error("the focus left the builder");
  // What blocks cannot show is said, and the text stays.
  await page.goto(`${base}/explore/metrics?expr=up+and+up`);
  await page.getByText(text("builder.kept")).waitFor({ timeout: PATIENCE });
  await shows(editor(page), "up and up");
  await button(page, "metrics.asText").click();
}

async function formula(page, base) {
  await page.goto(`${base}/explore/metrics?expr=up&expr=${encodeURIComponent("= A * 2")}&legendB=doubled`);
  await page.locator(".legend button", { hasText: "doubled" }).first().waitFor({ timeout: PATIENCE });
  await button(page, "metrics.hideRow", { name: "B" }).click();
  await page.waitForURL(/off=B/, { timeout: PATIENCE });
  await page
    .locator(".legend button", { hasText: "doubled" })
    .first()
    .waitFor({ state: "detached", timeout: PATIENCE });
  await page.goto(`${base}/explore/metrics?expr=${encodeURIComponent("= B")}`);
  await page.getByText(text("metrics.formulaMissing", { name: "B" })).waitFor({ timeout: PATIENCE });
}

async function views(page, base) {
  await page.goto(`${base}/explore/metrics?expr=up`);
  await page.locator("figure.chart canvas").first().waitFor({ timeout: PATIENCE });
  await page.getByRole("radio", { name: text("metrics.style.stacked") }).click();
  await page.waitForURL(/style=stacked/, { timeout: PATIENCE });
  await page.getByRole("tab", { name: text("metrics.tab.table") }).click();
  await page.locator(".table td code").first().waitFor({ timeout: PATIENCE });
  await page.getByRole("radio", { name: text("metrics.instant") }).click();
  await page.waitForURL(/at=instant/, { timeout: PATIENCE });
  await page.getByRole("columnheader", { name: text("common.value") }).waitFor({ timeout: PATIENCE });
  await page.getByRole("tab", { name: text("metrics.tab.heat") }).click();
  await page.locator("canvas.heat").waitFor({ timeout: PATIENCE });
  await page.locator(".chart-box:has(canvas.heat)").press("ArrowLeft");
  await shows(page.locator(".heat-readout"), /\d/);
  await page.getByRole("tab", { name: text("metrics.tab.histogram") }).click();
  await page.locator(".histogram-table").waitFor({ timeout: PATIENCE });
}

async function explain(page, base) {
  await page.goto(`${base}/explore/metrics?expr=sum(up)&tab=explain`);
  await page.locator("table.explain").first().waitFor({ timeout: PATIENCE });
  await page.goto(`${base}/explore/metrics?expr=${encodeURIComponent('up{job="nowhere"}')}&tab=explain`);
  await page.getByText(text("explain.empty")).waitFor({ timeout: PATIENCE });
  await page.locator(".explain-why li code", { hasText: "nowhere" }).waitFor({ timeout: PATIENCE });
}

async function cardinality(page, base) {
  await page.goto(`${base}/tsdb-status`);
  const row = page.locator(".ranking li").first();
  await row.waitFor({ timeout: PATIENCE });
  await row.locator("button.link").click();
  await page.waitForURL(/metric=/, { timeout: PATIENCE });
  await page.getByRole("list", { name: text("tsdb.labels") }).waitFor({ timeout: PATIENCE });
  await page
    .getByRole("link", { name: new RegExp(`^${text("tsdb.ask")}: `) })
    .first()
    .click();
  await page.waitForURL(/expr=count/, { timeout: PATIENCE });
  await page.locator(".table td code").first().waitFor({ timeout: PATIENCE });
}

async function history(page, base) {
  await page.goto(`${base}/explore/metrics?expr=up`);
  await page.locator("figure.chart canvas").first().waitFor({ timeout: PATIENCE });
  await button(page, "action.run").click();
  await button(page, "metrics.history").click();
  const dialog = page.getByRole("dialog");
  const run = dialog.locator(".run", { hasText: "up" }).first();
  await run.waitFor({ timeout: PATIENCE });
  await button(dialog, "metrics.forget").click();
  await run.waitFor({ state: "detached", timeout: PATIENCE });
  // What had the focus emptied the list; Escape must still close.
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached", timeout: PATIENCE });
}

async function exports(page, base) {
  await page.goto(`${base}/explore/metrics?expr=up&tab=table&at=instant`);
  await page.locator(".table td code").first().waitFor({ timeout: PATIENCE });
  await button(page, "metrics.share").click();
  const [file] = await Promise.all([
    page.waitForEvent("download", { timeout: PATIENCE }),
    page.getByRole("menuitem", { name: text("metrics.csv") }).click(),
  ]);
  const csv = readFileSync(await file.path(), "utf8");
  if (!/^query,.*value\r\nA,/.test(csv)) throw new Error(`the file begins with ${csv.slice(0, 80)}`);
}

async function keys(page, base) {
  await page.goto(`${base}/explore/metrics?expr=up`);
  await page.locator("figure.chart canvas").first().waitFor({ timeout: PATIENCE });
  await editor(page).waitFor({ timeout: PATIENCE });
  await page.keyboard.press("2");
  await page.waitForURL(/tab=table/, { timeout: PATIENCE });
  await page.keyboard.press("e");
  await page.waitForFunction(() => Boolean(document.activeElement?.shadowRoot?.activeElement), null, {
    timeout: PATIENCE,
  });
  await page.keyboard.press("End");
  await page.keyboard.type(" * 3");
  await page.keyboard.press("Enter");
  await page.waitForURL(/expr=up\+\*\+3/, { timeout: PATIENCE });
  await page.getByRole("tab", { name: text("metrics.tab.table") }).focus();
  await page.keyboard.press("h");
  const dialog = page.getByRole("dialog");
  await dialog.locator(".run", { hasText: "up * 3" }).first().waitFor({ timeout: PATIENCE });
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached", timeout: PATIENCE });
}

async function exemplar(page, base) {
  const query = "histogram_quantile(0.99, sum by (le) (rate(traefik_service_request_duration_seconds_bucket[1m])))";
  const asked = page.waitForResponse((response) => response.url().includes("/query_exemplars"), { timeout: PATIENCE });
  await page.goto(`${base}/explore/metrics?expr=${encodeURIComponent(query)}`);
  const { data } = await (await asked).json();
  // A product whose gateway sends no exemplars has nothing to open.
  if (!data?.length) return;
  const list = page.locator(".exemplar-list");
  await list.locator("summary").click();
  await list.locator("a").first().click();
  await page.waitForURL(/\/explore\/traces\?.*trace=/, { timeout: PATIENCE });
}

/** The flows by name. */
export const METRIC_FLOWS = {
  "metrics browser": browser,
  "metrics blocks": blocks,
  "metrics formula": formula,
  "metrics views": views,
  "metrics explain": explain,
  "metrics cardinality": cardinality,
  "metrics history": history,
  "metrics exports": exports,
  "metrics keys": keys,
  "metrics exemplar": exemplar,
};
