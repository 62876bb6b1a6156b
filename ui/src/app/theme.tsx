// The theme: system, dark, light or high contrast. Kept in local storage and written to `<html data-theme>`.

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useStored } from "./tabs";

export const THEMES = ["system", "dark", "light", "contrast"] as const;
export type Theme = (typeof THEMES)[number];

interface ThemeState {
  theme: Theme;
  /** What is on the screen; canvases repaint when it changes. */
  shown: string;
  setTheme: (theme: Theme) => void;
}

const ThemeContext = createContext<ThemeState>({ theme: "system", shown: "dark", setTheme: () => {} });

const KEY = "gw-theme";

const named = (value: string | null): Theme => THEMES.find((theme) => theme === value) ?? "system";

function stored(): Theme {
  try {
    return named(localStorage.getItem(KEY));
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
  useStored(
    KEY,
    useCallback((value) => setState(named(value)), []),
  );
  const shown = theme === "system" ? (light ? "light" : "dark") : theme;
  // Set while rendering, not after: children read the tokens when they draw.
  if (document.documentElement.dataset.theme !== shown) document.documentElement.dataset.theme = shown;
  const setTheme = useCallback((next: Theme) => {
    setState(next);
    try {
      localStorage.setItem(KEY, next);
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
