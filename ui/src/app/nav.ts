// The pages of the product: the one list behind rail, bottom bar, palette, shortcuts and breadcrumbs.

import { House, type LucideIcon } from "lucide-react";
import type { Key } from "../i18n";

export interface Page {
  id: string;
  to: string;
  title: Key;
  group: Key;
  Icon: LucideIcon;
  /** The letter after `g`. */
  key: string;
}

export const PAGES: readonly Page[] = [
  { id: "overview", to: "/overview", title: "nav.overview", group: "group.home", Icon: House, key: "h" },
];

/** Where each port role starts; the server writes the role into `<meta name="gw-home">`. */
export const HOMES: Record<string, string> = {
  overview: "/overview",
  grafana: "/overview",
  metrics: "/explore/metrics",
  prometheus: "/explore/metrics",
  logs: "/explore/logs",
  loki: "/explore/logs",
  traces: "/explore/traces",
  jaeger: "/explore/traces",
  zipkin: "/explore/traces",
  uptime: "/uptime",
  alerts: "/alerts",
  alertmanager: "/alerts",
};

/** The page a path belongs to. */
export function pageOf(path: string): Page | undefined {
  return PAGES.find(({ to }) => path === to || path.startsWith(`${to}/`));
}
