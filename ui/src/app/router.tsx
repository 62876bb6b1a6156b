// The routes: our pages, each its own chunk, and the addresses of the originals, which lead to the equal page.

import {
  type AnyRoute,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import { first, type Params, parseParams, printParams, prometheusExpressions } from "../lib/params";
import { Broken } from "./Broken";
import { Gate } from "./Gate";
import { NotFound } from "./NotFound";
import { HOMES } from "./nav";

const root = createRootRoute({
  component: Gate,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>) => search as Params,
  search: { middlewares: [retainSearchParams(["from", "to", "refresh", "scope"] as never)] },
});

function page<Module extends Record<string, unknown>>(
  path: string,
  load: () => Promise<Module>,
  name: keyof Module & string,
): AnyRoute {
  return createRoute({
    getParentRoute: () => root,
    path: path as "/",
    component: lazyRouteComponent(load as never, name as never),
  }) as unknown as AnyRoute;
}

type Target = { to: string; search?: Params };

/** An address of an original: redirects, keeping what it said. */
function landing(path: string, target: (search: Params, params: Record<string, string>) => Target): AnyRoute {
  return createRoute({
    getParentRoute: () => root,
    path: path as "/",
    beforeLoad: ({ search, params }) => {
      throw redirect({ ...target(search as Params, params as Record<string, string>), replace: true } as never);
    },
  }) as unknown as AnyRoute;
}

function home(): string {
  const role = document.querySelector<HTMLMetaElement>('meta[name="gw-home"]')?.content ?? "overview";
  return HOMES[role] ?? (role.startsWith("/") && role !== "/" ? role : "/overview");
}

const metrics = (search: Params): Target => ({
  to: "/explore/metrics",
  search: { expr: prometheusExpressions(search), tab: first(search["g0.tab"]) === "1" ? "table" : undefined },
});

/** Jaeger's and Zipkin's links give times in microseconds or a lookback such as `1h`. */
const traces = (search: Params): Target => {
  const start = first(search.start);
  const lookback = first(search.lookback);
  return {
    to: "/explore/traces",
    search: {
      service: first(search.service) || first(search.serviceName) || undefined,
      operation: first(search.operation) || first(search.spanName) || undefined,
      tags: first(search.tags) || undefined,
      min: first(search.minDuration) || undefined,
      max: first(search.maxDuration) || undefined,
      limit: first(search.limit) || undefined,
      from: start
        ? String(Math.round(Number(start) / 1000))
        : /^\d+[smhdw]$/.test(lookback)
          ? `now-${lookback}`
          : undefined,
      to: start && search.end ? String(Math.round(Number(first(search.end)) / 1000)) : undefined,
    },
  };
};

/** The page of a named thing: `/hosts/web-01` as `/hosts?host=web-01`. */
const named =
  (to: string, name: string) =>
  (_: Params, params: Record<string, string>): Target => ({ to, search: { [name]: params.name } });

const trace = (_: Params, params: Record<string, string>): Target => ({
  to: "/explore/traces",
  search: { trace: (params.id ?? "").split("...")[0] },
});

/** A group of processes by its path, as cAdvisor's addresses have it. */
const group = (_: Params, params: Record<string, string>): Target => ({
  to: "/containers",
  search: { container: `/${[params.name, params._splat].filter(Boolean).join("/").replace(/\/+$/, "")}` },
});

const routes = [
  landing("/", () => ({ to: home() })),
  landing("/login", () => ({ to: home() })),
  page("/overview", () => import("../pages/overview/Overview"), "Overview"),
  page("/services", () => import("../pages/services/Services"), "Services"),
  page("/gateway", () => import("../pages/gateway/Gateway"), "Gateway"),
  page("/hosts", () => import("../pages/hosts/Hosts"), "Hosts"),
  page("/containers", () => import("../pages/containers/Containers"), "Containers"),
  page("/uptime", () => import("../pages/uptime/Uptime"), "Uptime"),
  page("/explore/metrics", () => import("../pages/metrics/Metrics"), "Metrics"),
  page("/explore/logs", () => import("../pages/logs/Logs"), "Logs"),
  page("/explore/traces", () => import("../pages/traces/Traces"), "Traces"),
  page("/explore/query", () => import("../pages/query/Query"), "Query"),
  page("/alerts", () => import("../pages/alerts/Alerts"), "Alerts"),
  page("/data/sources", () => import("../pages/sources/Sources"), "Sources"),
  page("/settings", () => import("../pages/settings/Settings"), "Settings"),
  // Short addresses, as the search of the server gives them
  landing("/services/$name", named("/services", "service")),
  landing("/hosts/$name", named("/hosts", "host")),
  landing("/uptime/$name", named("/uptime", "monitor")),
  // cAdvisor
  landing("/containers/$name", group),
  landing("/containers/$name/$", group),
  landing("/docker", () => ({ to: "/containers", search: { view: "containers" } })),
  landing("/docker/$", (_, params) => {
    const name = (params._splat ?? "").replace(/\/+$/, "");
    return { to: "/containers", search: { view: "containers", find: name || undefined } };
  }),
  landing("/metrics", (search) => ({ to: "/explore/metrics", search: { expr: first(search.q) || undefined } })),
  landing("/logs", (search) => ({ to: "/explore/logs", search: { q: first(search.q) || undefined } })),
  landing("/traces", traces),
  // Prometheus
  landing("/graph", metrics),
  landing("/query", metrics),
  landing("/targets", () => ({ to: "/data/sources" })),
  landing("/service-discovery", () => ({ to: "/data/sources" })),
  landing("/tsdb-status", () => ({ to: "/explore/metrics", search: { view: "cardinality" } })),
  landing("/rules", () => ({ to: "/alerts", search: { tab: "rules" } })),
  // Jaeger and Zipkin
  landing("/search", traces),
  landing("/trace/$id", trace),
  landing("/zipkin", traces),
  landing("/zipkin/traces/$id", trace),
  landing("/zipkin/$", traces),
  // Uptime Kuma
  landing("/dashboard", () => ({ to: "/uptime" })),
  landing("/dashboard/$id", (_, params) => ({ to: "/uptime", search: { monitor: params.id } })),
  landing("/add", () => ({ to: "/uptime", search: { add: "1" } })),
];

/** The router of the product. */
export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch: (text) => parseParams(text) as never,
  stringifySearch: printParams,
  defaultErrorComponent: Broken,
  defaultPreload: "intent",
  scrollRestoration: true,
  trailingSlash: "never",
});
