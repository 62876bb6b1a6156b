// Keyboard shortcuts of the whole product. Single keys stay away from text fields and can be switched off (WCAG 2.1.4).

import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Key } from "../../i18n";
import { pan, zoomOut } from "../../lib/time";
import { PAGES } from "../nav";
import { useClock, useTime } from "../url";

const SEQUENCE_MS = 1500;

/** Single keys and sequences that are not `g` + page, for the help dialog. */
export const KEYS: readonly { keys: string; text: Key }[] = [
  { keys: "Ctrl K", text: "help.palette" },
  { keys: "/", text: "help.palette" },
  { keys: "?", text: "help.title" },
  { keys: "r", text: "time.refreshNow" },
  { keys: "t b", text: "time.back" },
  { keys: "t f", text: "time.forward" },
  { keys: "t z", text: "time.zoomOut" },
  { keys: "Esc", text: "help.close" },
];

/** Keys of single pages, for the help dialog. */
export const PAGE_KEYS: readonly { keys: string; text: Key }[] = [
  { keys: "e", text: "help.edit" },
  { keys: "b", text: "help.browse" },
  { keys: "h", text: "help.history" },
  { keys: "1 – 5", text: "help.views" },
];

type PageKeys = Readonly<Record<string, () => void>>;
let pageKeys: PageKeys = {};

/** Gives the page that is shown keys of its own; they step back behind those of the product. */
export function usePageKeys(keys: PageKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const own: PageKeys = Object.fromEntries(
      Object.keys(latest.current).map((key) => [key, () => latest.current[key]?.()]),
    );
    pageKeys = own;
    return () => {
      if (pageKeys === own) pageKeys = {};
    };
  }, []);
}

/** Whether single-key shortcuts are on. */
export function singleKeysOn(): boolean {
  return localStorage.getItem("gw-keys") !== "off";
}

function typing(event: KeyboardEvent): boolean {
  // The editor lives in a shadow root: the path names the real target.
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

interface Actions {
  openPalette: () => void;
  openHelp: () => void;
}

/** Listens for the shortcuts while mounted. */
export function useShortcuts({ openPalette, openHelp }: Actions): void {
  const navigate = useNavigate();
  const { range, setRange } = useTime();
  const { refresh } = useClock();
  const act = useRef<(keys: string) => boolean>(() => false);
  act.current = (keys) => {
    const page = keys.startsWith("g ") ? PAGES.find(({ key }) => keys === `g ${key}`) : undefined;
    if (page) void navigate({ to: page.to, search: {} });
    else if (keys === "/") openPalette();
    else if (keys === "?") openHelp();
    else if (keys === "r") refresh();
    else if (keys === "t b") setRange(pan(range, -1));
    else if (keys === "t f") setRange(pan(range, 1));
    else if (keys === "t z") setRange(zoomOut(range, Date.now()));
    else {
      const own = pageKeys[keys];
      if (!own) return false;
      own();
    }
    return true;
  };
  useEffect(() => {
    let lead = "";
    let leadAt = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.isComposing || event.defaultPrevented) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || !singleKeysOn()) return;
      if (document.querySelector("[role=dialog]")) return;
      const second = lead !== "" && event.timeStamp - leadAt < SEQUENCE_MS;
      const keys = second ? `${lead} ${event.key}` : event.key;
      lead = !second && (event.key === "g" || event.key === "t") ? event.key : "";
      leadAt = event.timeStamp;
      if (lead === "" && act.current(keys)) event.preventDefault();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [openPalette]);
}
