// The pages of the product: the one list behind rail, bottom bar, palette, shortcuts and breadcrumbs.

import {
  Bell,
  Box,
  ChartLine,
  Database,
  HeartPulse,
  House,
  type LucideIcon,
  Router,
  ScrollText,
  Server,
  Settings,
  Terminal,
  Waypoints,
  Workflow,
} from "lucide-react";
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
  { id: "services", to: "/services", title: "nav.services", group: "group.watch", Icon: Waypoints, key: "s" },
  { id: "gateway", to: "/gateway", title: "nav.gateway", group: "group.watch", Icon: Router, key: "w" },
  { id: "hosts", to: "/hosts", title: "nav.hosts", group: "group.watch", Icon: Server, key: "n" },
  { id: "containers", to: "/containers", title: "nav.containers", group: "group.watch", Icon: Box, key: "c" },
  { id: "uptime", to: "/uptime", title: "nav.uptime", group: "group.watch", Icon: HeartPulse, key: "u" },
  { id: "metrics", to: "/explore/metrics", title: "nav.metrics", group: "group.explore", Icon: ChartLine, key: "m" },
  { id: "logs", to: "/explore/logs", title: "nav.logs", group: "group.explore", Icon: ScrollText, key: "l" },
  { id: "traces", to: "/explore/traces", title: "nav.traces", group: "group.explore", Icon: Workflow, key: "t" },
  { id: "query", to: "/explore/query", title: "nav.query", group: "group.explore", Icon: Terminal, key: "q" },
  { id: "alerts", to: "/alerts", title: "nav.alerts", group: "group.respond", Icon: Bell, key: "a" },
  { id: "sources", to: "/data/sources", title: "nav.sources", group: "group.data", Icon: Database, key: "x" },
  { id: "settings", to: "/settings", title: "nav.settings", group: "group.settings", Icon: Settings, key: "," },
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
  cadvisor: "/containers",
  uptime: "/uptime",
  alerts: "/alerts",
  alertmanager: "/alerts",
};

/** The page a path belongs to. */
export function pageOf(path: string): Page | undefined {
  return PAGES.find(({ to }) => path === to || path.startsWith(`${to}/`));
}
