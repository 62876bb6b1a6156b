// Korean and English. Keys are typed by the English catalogue; a test proves that both catalogues hold the same keys and
// the same placeholders.

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useStored } from "../app/tabs";
import type { Language } from "../lib/format";
import en from "./en.json";
import ko from "./ko.json";

/** A key of the catalogues. */
export type Key = keyof typeof en;
/** Values for the `{placeholders}` of a text. */
export type Values = Record<string, string | number>;
/** Looks up a text and fills it in. */
export type Translate = (key: Key, values?: Values) => string;

const CATALOGUES: Record<Language, Record<Key, string>> = { en, ko };

/** The text of a key in a language. */
export function translate(language: Language, key: Key, values: Values = {}): string {
  return CATALOGUES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text of a key made at run time, or the fallback where there is none. */
export function translateMaybe(language: Language, key: string, fallback: string): string {
  return key in CATALOGUES[language] ? CATALOGUES[language][key as Key] : fallback;
}

interface LanguageState {
  language: Language;
  setLanguage: (language: Language) => void;
  t: Translate;
}

const LanguageContext = createContext<LanguageState | null>(null);

/** Holds the language: kept in local storage, written to `<html lang>` by boot.js and here. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setState] = useState<Language>(document.documentElement.lang === "ko" ? "ko" : "en");
  const setLanguage = useCallback((next: Language) => {
    setState(next);
    try {
      localStorage.setItem("gw-language", next);
    } catch {
      // Storage refused: the choice lasts for this page.
    }
  }, []);
  useStored(
    "gw-language",
    useCallback((value) => {
      if (value === "ko" || value === "en") setState(value);
    }, []),
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const state = useMemo<LanguageState>(
    () => ({ language, setLanguage, t: (key, values) => translate(language, key, values) }),
    [language, setLanguage],
  );
  return <LanguageContext value={state}>{children}</LanguageContext>;
}

/** Language, its switch and the lookup. */
export function useLanguage(): LanguageState {
  const state = useContext(LanguageContext);
  if (!state) throw new Error("useLanguage outside LanguageProvider");
  return state;
}

/** The lookup alone. */
export function useT(): Translate {
  return useLanguage().t;
}
