// What a user does, against a real product: watch an address, silence, manage users and tokens, query, tail, read a trace.
// Everything made here is removed again.

import { HOST_FLOWS } from "./hosts.mjs";
import { METRIC_FLOWS } from "./metrics.mjs";
import { button, PATIENCE, text } from "./words.mjs";

async function monitor(page, base) {
  const name = "e2e monitor";
  await page.goto(`${base}/uptime?add=1`);
  const form = page.getByRole("dialog");
  await form.getByLabel(text("uptime.target")).fill(`${base}/`);
  await form.getByLabel(text("common.name")).fill(name);
  await button(form, "action.save").click();
  const item = page.locator(".monitor-item", { hasText: name });
  await item.waitFor({ timeout: PATIENCE });
  await page.locator(".monitor-name", { hasText: name }).waitFor({ timeout: PATIENCE });
  await button(page, "uptime.test").click();
  await page.locator(".toast").first().waitFor({ timeout: PATIENCE });
  await button(page, "uptime.pause").click();
  await button(page, "uptime.resume").waitFor({ timeout: PATIENCE });
  await button(page, "action.delete").click();
  await item.waitFor({ state: "detached", timeout: PATIENCE });
}

async function silence(page, base) {
  await page.goto(`${base}/alerts?tab=silences`);
  await button(page, "alerts.newSilence").click();
  const form = page.getByRole("dialog");
  await form.getByLabel(text("alerts.matchers")).fill('alertname="EndToEnd"');
  await form.getByLabel(text("alerts.length")).fill("1h");
  await form.getByLabel(text("alerts.comment")).fill("end to end");
  await button(form, "alerts.silence").click();
  const row = page.locator("tr", { hasText: "EndToEnd" }).filter({ hasText: text("state.active") });
  await row.first().waitFor({ timeout: PATIENCE });
  await button(row.first(), "alerts.expire").click();
  await row.first().waitFor({ state: "detached", timeout: PATIENCE });
}

async function user(page, base) {
  const name = "e2e-user";
  await page.goto(`${base}/settings?tab=users`);
  await button(page, "settings.addUser").click();
  const form = page.getByRole("dialog");
  await form.getByLabel(text("common.name")).fill(name);
  await form.getByLabel(text("login.password")).fill("correct horse battery");
  await button(form, "action.save").click();
  const row = page.locator("tr", { hasText: name });
  await row.waitFor({ timeout: PATIENCE });
  await row.getByRole("button", { name: `${text("action.delete")}: ${name}` }).click();
  await button(page.getByRole("dialog"), "action.delete").click();
  await row.waitFor({ state: "detached", timeout: PATIENCE });
}

async function token(page, base) {
  const name = "e2e-token";
  await page.goto(`${base}/settings?tab=tokens`);
  await button(page, "settings.addToken").click();
  const form = page.getByRole("dialog");
  await form.getByLabel(text("common.name")).fill(name);
  await button(form, "action.save").click();
  await form.getByText(text("settings.tokenOnce")).waitFor({ timeout: PATIENCE });
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "detached", timeout: PATIENCE });
  const row = page.locator("tr", { hasText: name });
  await row.waitFor({ timeout: PATIENCE });
  await row.getByRole("button").click();
  await row.waitFor({ state: "detached", timeout: PATIENCE });
}

async function query(page, base) {
  await page.goto(`${base}/explore/metrics`);
  const editor = page.locator(".editor .cm-content").first();
  await editor.waitFor({ timeout: PATIENCE });
  await editor.click();
  await page.keyboard.type("up == 1 ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForURL(/expr=up/, { timeout: PATIENCE });
  await page.locator("figure.chart canvas").first().waitFor({ timeout: PATIENCE });
  await page.goto(`${base}/explore/metrics?expr=rate(`);
  await page.locator(".message.error").waitFor({ timeout: PATIENCE });
}

async function sql(page, base) {
  await page.goto(`${base}/explore/query`);
  await page.getByLabel(text("query.label")).fill("SELECT 1 AS one");
  await button(page, "action.run").click();
  await page.locator("td", { hasText: "1" }).first().waitFor({ timeout: PATIENCE });
}

async function logs(page, base) {
  await page.goto(`${base}/explore/logs`);
  const time = page.locator("button.log-time").first();
  await time.waitFor({ timeout: PATIENCE });
  await time.click();
  const only = page.locator(".log-fields button[aria-label^='Only ']").first();
  await only.waitFor({ timeout: PATIENCE });
  await only.click();
  await page.waitForURL(/[?&]q=/, { timeout: PATIENCE });
  await time.waitFor({ timeout: PATIENCE });
  await button(page, "logs.live").click();
  await page.getByRole("heading", { name: text("logs.state.open"), exact: true }).waitFor({ timeout: PATIENCE });
  await button(page, "logs.stop").click();
}

async function trace(page, base) {
  await page.goto(`${base}/explore/traces`);
  const first = page.locator("td a[href*='trace=']").first();
  await first.waitFor({ timeout: PATIENCE });
  await first.click();
  const row = page.locator(".timeline-row").first();
  await row.waitFor({ timeout: PATIENCE });
  await row.click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText(text("traces.attributes")).waitFor({ timeout: PATIENCE });
  await drawer.getByRole("link", { name: text("traces.logs") }).click();
  await page.waitForURL(/\/explore\/logs/, { timeout: PATIENCE });
}

const READING = { ...HOST_FLOWS, ...METRIC_FLOWS };
const WRITING = { monitor, silence, user, token, query, sql, logs, trace };

/** Runs each flow as one check. */
export async function checkFlows(page, { base, check, timed }) {
  const flows = process.env.GW_FLOWS === "read" ? READING : { ...WRITING, ...READING };
  for (const [name, flow] of Object.entries(flows)) {
    const problems = [];
    try {
      await timed(`flow ${name}`, "flows", () => flow(page, base));
    } catch (error) {
      problems.push(error.message.split("\n").slice(0, 12).join(" "), `at ${page.url()}`);
    }
    check(`flow: ${name}`, problems);
  }
}
