// The theme: system, dark, light or high contrast. Kept in local storage and written to `<html data-theme>`.

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";

export const THEMES = ["system", "dark", "light", "contrast"] as const;
export type Theme = (typeof THEMES)[number];

interface ThemeState {
  theme: Theme;
  /** What is on the screen; canvases repaint when it changes. */
  shown: string;
  setTheme: (theme: Theme) => void;
}

const ThemeContext = createContext<ThemeState>({ theme: "system", shown: "dark", setTheme: () => {} });

function stored(): Theme {
  try {
    const value = localStorage.getItem("gw-theme");
    return THEMES.find((theme) => theme === value) ?? "system";
  } catch {
    return "system";
  }
}

/** Follows the choice and, for `system`, the operating system. */
export function ThemeProvider({ children }: { children: ReactNode }) {
  const [theme, setState] = useState<Theme>(stored);
  const [light, setLight] = useState(() => matchMedia("(prefers-color-scheme: light)").matches);
  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: light)");
    const follow = () => setLight(media.matches);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, []);
  const shown = theme === "system" ? (light ? "light" : "dark") : theme;
  // Set while rendering, not after: children read the tokens when they draw.
  if (document.documentElement.dataset.theme !== shown) document.documentElement.dataset.theme = shown;
  const setTheme = useCallback((next: Theme) => {
    setState(next);
    try {
      localStorage.setItem("gw-theme", next);
    } catch {
      // Storage refused: the choice lasts for this page.
    }
  }, []);
  const state = useMemo(() => ({ theme, shown, setTheme }), [theme, shown, setTheme]);
  return <ThemeContext value={state}>{children}</ThemeContext>;
}

/** Theme, what is shown, and the switch. */
export function useTheme(): ThemeState {
  return useContext(ThemeContext);
}
