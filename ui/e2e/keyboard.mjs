// The product without a mouse: the way in by Tab, the palette, shortcuts, dialogs that give the focus back.

/** Names of what has the focus on each of `count` presses of Tab. */
async function tabNames(page, count) {
  const names = [];
  for (let at = 0; at < count; at += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      // Past the last stop the browser itself has the focus.
      if (element === document.body) return null;
      const style = element ? getComputedStyle(element) : null;
      return {
        name: element?.getAttribute("aria-label") ?? element?.textContent?.trim().slice(0, 40) ?? "",
        href: element?.getAttribute("href") ?? "",
        seen: style !== null && (style.outlineStyle !== "none" || element?.shadowRoot !== null),
        zone: element?.closest(".rail, .topbar, .bottombar, main, .skip")?.className ?? "",
      };
    });
    if (stop) names.push(stop);
  }
  return names;
}

/** Runs the checks. */
export async function checkKeyboard(page, { base, wide, settle, check }) {
  await page.goto(`${base}/overview`);
  await settle(page);
  const stops = await tabNames(page, 60);
  const zones = new Set(stops.map(({ zone }) => zone.split(" ")[0]));
  check("keyboard: the first stop skips to the content", stops[0]?.href === "#page" ? [] : [JSON.stringify(stops[0])]);
  const wanted = wide ? ["rail", "topbar", "page"] : ["topbar", "page"];
  check(
    `keyboard: every zone is reached (${wide ? 1440 : 390})`,
    wanted.filter((zone) => !zones.has(zone)),
  );
  const hidden = stops.filter(({ seen, name }) => !seen && name !== "");
  check(
    `keyboard: focus is visible (${wide ? 1440 : 390})`,
    hidden.map((stop) => JSON.stringify(stop)),
  );
  if (!wide) return;

  await page.goto(`${base}/overview?from=now-6h`);
  await settle(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor({ timeout: 3000 });
  await page.keyboard.type("ㄱㅇㅌㅇㅇ");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/gateway/, { timeout: 3000 }).catch(() => {});
  check(
    "keyboard: the palette finds by initial consonants and keeps the range",
    /\/gateway\?from=now-6h/.test(page.url()) ? [] : [page.url()],
  );

  await settle(page);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.waitForURL(/\/alerts/, { timeout: 3000 }).catch(() => {});
  check("keyboard: g a opens the alerts", /\/alerts/.test(page.url()) ? [] : [page.url()]);

  await page.keyboard.press("Shift+?");
  const help = page.getByRole("dialog");
  await help.waitFor({ timeout: 3000 });
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached", timeout: 3000 }).catch(() => {});
  check("keyboard: ? opens the help and Escape closes it", (await help.count()) === 0 ? [] : ["the dialog stays"]);
}
