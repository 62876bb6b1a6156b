// What kind of monitor an address asks for.

import type { MonitorBody } from "../../data/types";

/** `https://..` is HTTP, `host:port` is TCP, anything else is a ping. */
export function guessKind(target: string): MonitorBody["kind"] {
  const text = target.trim();
  if (text === "") return "http";
  if (/^https?:\/\//i.test(text)) return "http";
  if (/^tcp:\/\//i.test(text) || /^(\[[0-9a-f:]+\]|[^\s:/]+):\d{1,5}$/i.test(text)) return "tcp";
  return "ping";
}

/** A name for an address: its host, with the port or path where they say something. */
export function guessName(target: string): string {
  const text = target.trim();
  try {
    const url = new URL(text.includes("://") ? text : `tcp://${text}`);
    return `${url.host}${url.pathname === "/" ? "" : url.pathname}` || text;
  } catch {
    return text;
  }
}
