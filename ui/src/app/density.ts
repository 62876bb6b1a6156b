// Row height of lists: compact, default or comfortable. Kept in local storage, written to `<html data-density>` by boot.js
// and here.

export const DENSITIES = ["compact", "default", "comfortable"] as const;
export type Density = (typeof DENSITIES)[number];

/** The density that is shown. */
export function shownDensity(): Density {
  return DENSITIES.find((density) => density === document.documentElement.dataset.density) ?? "default";
}

/** Shows and keeps a density. */
export function setDensity(density: Density): void {
  document.documentElement.dataset.density = density;
  try {
    localStorage.setItem("gw-density", density);
  } catch {
    // Storage refused: the choice lasts for this page.
  }
}
