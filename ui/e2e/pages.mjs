// The pages to walk, and the addresses of the originals with where they must lead.

/** A histogram of the demonstration data. */
const BUCKETS = encodeURIComponent("sum by (le) (rate(traefik_service_request_duration_seconds_bucket[1m]))");

/** `link` finds the first thing of a list, whose own page is walked too. */
export const PAGES = [
  { name: "overview", path: "/overview" },
  { name: "services", path: "/services", link: "a.entity[href*='service=']" },
  { name: "gateway", path: "/gateway" },
  { name: "hosts", path: "/hosts", link: "a.entity[href*='host=']" },
  { name: "hosts-honeycomb", path: "/hosts?view=honeycomb" },
  { name: "containers", path: "/containers?view=groups", link: "a.entity[href*='container=']" },
  { name: "containers-named", path: "/containers?view=containers&find=web" },
  { name: "uptime", path: "/uptime" },
  { name: "uptime-add", path: "/uptime?add=1" },
  { name: "metrics", path: "/explore/metrics" },
  { name: "metrics-graph", path: "/explore/metrics?expr=up" },
  { name: "metrics-stacked", path: "/explore/metrics?expr=up&style=stacked&step=1m" },
  { name: "metrics-formula", path: "/explore/metrics?expr=up&expr=%3D+A+*+2&style=bars&legendA=%7B%7Bjob%7D%7D" },
  { name: "metrics-table", path: "/explore/metrics?expr=up&tab=table" },
  { name: "metrics-instant", path: "/explore/metrics?expr=up&at=instant" },
  { name: "metrics-heat", path: `/explore/metrics?expr=${BUCKETS}&tab=heat` },
  { name: "metrics-histogram", path: `/explore/metrics?expr=${BUCKETS}&tab=histogram` },
  { name: "metrics-native", path: "/explore/metrics?expr=rpc_latency_seconds&tab=heat" },
  { name: "metrics-explain", path: "/explore/metrics?expr=up&tab=explain" },
  { name: "metrics-empty", path: `/explore/metrics?expr=up%7Bjob%3D%22nowhere%22%7D&tab=explain` },
  { name: "metrics-cardinality", path: "/explore/metrics?view=cardinality" },
  { name: "metrics-cardinality-one", path: "/explore/metrics?view=cardinality&metric=up" },
  { name: "logs", path: "/explore/logs" },
  { name: "traces", path: "/explore/traces", link: "td a[href*='trace=']" },
  { name: "query", path: "/explore/query" },
  { name: "alerts", path: "/alerts" },
  { name: "alerts-silences", path: "/alerts?tab=silences" },
  { name: "alerts-rules", path: "/alerts?tab=rules" },
  { name: "sources", path: "/data/sources" },
  { name: "sources-store", path: "/data/sources?tab=store" },
  { name: "settings", path: "/settings" },
  { name: "settings-users", path: "/settings?tab=users" },
  { name: "settings-tokens", path: "/settings?tab=tokens" },
];

export const redirects = [
  { from: "/graph?g0.expr=up&g0.tab=0", to: "/explore/metrics?expr=up" },
  { from: "/query?g0.expr=up&g0.tab=1", to: "/explore/metrics?expr=up&tab=table" },
  { from: "/targets", to: "/data/sources" },
  { from: "/tsdb-status", to: "/explore/metrics?view=cardinality" },
  { from: "/rules", to: "/alerts?tab=rules" },
  { from: "/search?service=frontend&lookback=2h&limit=20", to: "/explore/traces?" },
  { from: "/trace/0123456789abcdef", to: "/explore/traces?trace=0123456789abcdef" },
  { from: "/zipkin/?serviceName=frontend", to: "/explore/traces?service=frontend" },
  { from: "/zipkin/traces/0123456789abcdef", to: "/explore/traces?trace=0123456789abcdef" },
  { from: "/containers/docker/abc", to: "/containers?container=/docker/abc" },
  { from: "/docker/", to: "/containers?view=containers" },
  { from: "/docker/web", to: "/containers?view=containers&find=web" },
  { from: "/dashboard", to: "/uptime" },
  { from: "/dashboard/1", to: "/uptime?monitor=1" },
  { from: "/add", to: "/uptime?add=1" },
];
