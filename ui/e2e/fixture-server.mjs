// A server with made-up data for what a running product rarely shows: errors, empty pages, long lists. Serves ui/dist with
// the headers of the real one. GW_FIXTURE=full|empty|error chooses what it answers.
//
//   node e2e/fixture-server.mjs [port]

import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const MODE = process.env.GW_FIXTURE ?? "full";
const POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html" };

const now = () => Date.now();
const iso = (ago) => new Date(now() - ago * 1000).toISOString();
const wave = (seed, at) =>
  0.5 + 0.3 * Math.sin(at / 400 + seed) + 0.15 * Math.sin(at / 97 + seed * 3) + 0.05 * Math.sin(at / 13 + seed * 7);

const red = (kind, name, rate, error_ratio, p99) => ({
  name,
  kind,
  gateway: "traefik:8080",
  rate,
  error_ratio,
  p50: p99 / 9,
  p90: p99 / 3,
  p99,
  queries: {
    rate: `sum(rate(traefik_${kind}_requests_total{${kind}="${name}"}[1m]))`,
    errors: `sum(rate(traefik_${kind}_requests_total{${kind}="${name}",code=~"5.."}[1m])) / sum(rate(traefik_${kind}_requests_total{${kind}="${name}"}[1m]))`,
    p50: `histogram_quantile(0.5, sum by (le) (rate(traefik_${kind}_request_duration_seconds_bucket{${kind}="${name}"}[1m])))`,
    p99: `histogram_quantile(0.99, sum by (le) (rate(traefik_${kind}_request_duration_seconds_bucket{${kind}="${name}"}[1m])))`,
  },
});
const routers = [
  "shop@docker",
  "checkout@docker",
  "catalog@docker",
  "payments@docker",
  "search@docker",
  "admin@file",
].map((name, at) => red("router", name, 120 / (at + 1), at === 3 ? 0.071 : at * 0.003, 0.08 * (at + 1) ** 1.6));
const hosts = ["gw-01", "web-01", "web-02", "db-01"].map((instance, at) => ({
  instance: `${instance}:9100`,
  state: at === 3 ? "warn" : "ok",
  since: iso(86400 * (at + 1)),
  os: "Debian GNU/Linux 12",
  kernel: "6.1.0-18-amd64",
  cpus: 4 * (at + 1),
  cpu: [0.21, 0.46, 0.38, 0.87][at],
  memory: [0.44, 0.62, 0.58, 0.91][at],
  memory_total: 2 ** 33 * (at + 1),
  disk: [0.31, 0.4, 0.42, 0.88][at],
  load1: [0.8, 2.1, 1.7, 9.4][at],
  net_rx: 1.2e6 * (at + 1),
  net_tx: 3.4e6 / (at + 1),
  boot_time: iso(86400 * 41),
  queries: { cpu: `1 - avg(rate(node_cpu_seconds_total{instance="${instance}:9100",mode="idle"}[1m]))` },
}));
const group = (path, name, runtime, image, at) => ({
  path,
  name,
  runtime,
  image,
  health: runtime === "docker" ? "healthy" : null,
  started: iso(3600 * (at + 1)),
  cpu: 0.12 * (at + 1),
  cpu_limit: at % 2 ? 0.5 : null,
  throttled: at % 2 ? 0.31 : null,
  memory: 2 ** 26 * (at + 1),
  memory_limit: at % 2 ? 2 ** 28 * 1.1 : null,
  threads_max: null,
  oom: at === 3 ? 2 : 0,
  net_rx: runtime ? 2.1e4 * at : null,
  net_tx: runtime ? 9.3e3 * at : null,
  disk_read: 0,
  disk_write: 4.1e3 * at,
  layer: runtime ? 2 ** 21 * at : null,
});
const containers = [
  group("/", "/", "", "", 0),
  group("/docker", "docker", "", "", 1),
  group(`/docker/${"a1".repeat(32)}`, "web", "docker", "nginx:1.25", 2),
  group(`/docker/${"b2".repeat(32)}`, "worker", "docker", "registry.example/shop/worker:2.4.1", 3),
  group("/system.slice/ssh.service", "ssh.service", "", "", 0),
];
const containerDetail = (path) => ({
  container: containers.find((one) => one.path === path) ?? containers[3],
  id: "b2".repeat(32),
  aliases: ["worker", "b2".repeat(32)],
  labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "worker" },
  events: [
    { time: iso(900), kind: "oom_kill", process: "worker", pid: 4701 },
    { time: iso(900), kind: "oom", process: null, pid: null },
    { time: iso(7200), kind: "created", process: null, pid: null },
  ],
});
const alerts = ["HighErrorRatio", "SlowRoute", "HostDiskFilling", "CertificateEndsSoon"].map((name, at) => ({
  fingerprint: `f${at}`,
  name,
  state: at === 2 ? "pending" : "firing",
  severity: at === 0 ? "critical" : "warning",
  labels: {
    alertname: name,
    severity: at === 0 ? "critical" : "warning",
    instance: "gw-01:8080",
    router: "payments@docker",
  },
  annotations: { summary: "5xx ratio of payments@docker is 7.1%, above 5%" },
  starts_at: iso(300 * (at + 1)),
  ends_at: null,
  value: 0.071,
  silenced_by: at === 3 ? ["s1"] : [],
  rule: { group: "gateway", query: 'sum(rate(traefik_router_requests_total{code=~"5.."}[1m])) > 0.05', for: 60 },
}));
const monitors = ["shop.example", "api.example/health", "db:5432", "mail.example"].map((name, at) => ({
  id: String(at + 1),
  name,
  kind: at === 2 ? "tcp" : "http",
  target: at === 2 ? name : `https://${name}`,
  interval: 60,
  timeout: 10,
  retries: 1,
  expect: { status: "200-299", keyword: null, tls_days: 14 },
  paused: at === 3,
  state: ["up", "down", "up", "paused"][at],
  since: iso(4000 * (at + 1)),
  uptime_24h: [1, 0.973, 0.9991, null][at],
  uptime_30d: [0.9998, 0.991, 0.9993, null][at],
  response: [0.083, null, 0.004, null][at],
  cert_days: [61, 9, null, null][at],
  beats: Array.from({ length: 90 }, (_, n) => ({
    at: iso((90 - n) * 60),
    state: at === 3 ? "paused" : at === 1 && (n > 84 || n === 40) ? "down" : n === 20 ? "pending" : "up",
    seconds: at === 1 && n > 84 ? null : 0.08 * wave(at, n * 60),
    message: at === 1 && n > 84 ? "connection refused" : "200 OK",
  })),
}));

const NATIVE = {
  me: () => ({ name: "admin", role: "admin", language: "", created_at: iso(9e6) }),
  status: () => ({
    version: "0.1.0",
    started_at: iso(7200),
    data_dir: "/var/lib/gatewatch",
    listen: [1002, 1003, 1004].map((port) => ({ port, role: "metrics", url: `http://127.0.0.1:${port}` })),
    signals: ["metrics", "logs", "spans", "events"].map((signal, at) => ({
      signal,
      rows: 1e7 / (at + 1),
      bytes: 3e8 / (at + 1),
      parts: 12,
      head_rows: 4000,
    })),
    demo: true,
  }),
  overview: () => ({
    tiles: ["gateway", "services", "infrastructure", "uptime"].map((id, at) => ({
      id,
      state: ["crit", "warn", "ok", "crit"][at],
      since: iso(1300 * (at + 1)),
      problems: [1, 2, 0, 1][at],
      total: [3, 6, 4, 4][at],
      ribbon: Array.from({ length: 48 }, (_, n) => ({
        start: iso((48 - n) * 1800),
        end: iso((47 - n) * 1800),
        state: n < 6 ? "unknown" : (n * (at + 3)) % 23 === 0 ? "warn" : at === 0 && n > 45 ? "crit" : "ok",
      })),
    })),
    needs: alerts.slice(0, 3).map((alert, at) => ({
      id: alert.fingerprint,
      kind: at === 1 ? "target" : "alert",
      severity: at === 0 ? "crit" : "warn",
      title: {
        en: ["payments answers 5xx", "Target down: db-01:9187", "Disk of db-01 fills"][at],
        ko: ["payments 5xx 응답 증가", "대상 중단: db-01:9187", "db-01 디스크 부족"][at],
      },
      detail: ["5xx ratio 7.1%, above 5%", "connection refused", "12% left, empty in 3 d at this pace"][at],
      since: alert.starts_at,
      labels: alert.labels,
      value: 0.07,
      query: alert.rule.query,
      href: "/alerts",
    })),
    checklist: ["scrape", "log", "trace", "host", "monitor"].map((id, at) => ({
      id,
      done: at !== 2,
      snippet: "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318",
    })),
    events: ["Config reloaded", "HighErrorRatio fires", "payments v1.4.2 started"].map((title, at) => ({
      at: iso(900 * (at + 1)),
      kind: "config",
      title,
      detail: "traefik:8080",
      severity: ["info", "crit", "ok"][at],
    })),
  }),
  gateway: () => ({
    gateways: [
      { kind: "traefik", instance: "traefik:8080", up: true },
      { kind: "nginx", instance: "nginx:9113", up: false },
    ],
    entrypoints: [red("entrypoint", "web", 210, 0.004, 0.4), red("entrypoint", "websecure", 90, 0.012, 0.9)],
    routers,
    services: routers.map((row) => ({ ...row, kind: "service" })),
    certificates: [
      { name: "shop.example", sans: ["shop.example", "www.shop.example"], not_after: iso(-61 * 86400), days_left: 61 },
      { name: "api.example", sans: ["api.example"], not_after: iso(-5 * 86400), days_left: 5 },
    ],
    slow_routes: routers.slice(0, 5),
  }),
  hosts: () => ({ hosts, own: hosts[0].instance }),
  processes: (params) => ({
    processes: Array.from({ length: params.get("all") ? 300 : 20 }, (_, at) => ({
      pid: 4711 + at,
      user: "app",
      cpu_percent: 88 / (at + 1),
      memory: 2 ** 30 / (at + 1),
      state: "S",
      started: 0,
      command: "worker",
      command_line:
        at % 2 ? null : `/usr/lib/shop/bin/worker --queue=jobs --shard=${at} --config=/etc/shop/worker.yaml`,
    })),
    total: 300,
  }),
  containers: () => ({ on: true, containers }),
  container: (params) => containerDetail(params.get("path")),
  services: () => ({
    services: ["frontend", "checkout", "payments", "catalog"].map((name, at) =>
      red("service", name, 40 / (at + 1), at * 0.02, 0.1 * (at + 1)),
    ),
  }),
  sources: () => ({
    targets: ["traefik", "node", "postgres", "gatewatch"].map((job, at) => ({
      job,
      instance: `${job}:9${at}00`,
      url: `http://${job}:9${at}00/metrics`,
      state: at === 2 ? "down" : "up",
      last_scrape: iso(7),
      duration: 0.012,
      samples: 1834,
      error: at === 2 ? "Get http://postgres:9200/metrics: connection refused" : null,
      labels: { job },
    })),
    collectors: [
      {
        name: "host",
        kind: "host",
        state: "ok",
        runs: 1200,
        failures: 0,
        last_run: iso(3),
        duration: 0.004,
        error: null,
      },
      {
        name: "postgres",
        kind: "scrape",
        state: "failing",
        runs: 90,
        failures: 12,
        last_run: iso(7),
        duration: 1,
        error: "connection refused",
      },
    ],
    discovered: [{ id: "d1", kind: "caddy", url: "http://127.0.0.1:2019/metrics", accepted: false }],
    tails: [
      {
        path: "/var/log/traefik/access.log",
        state: "ok",
        offset: 10_240_000,
        size: 10_240_512,
        lines: 90_000,
        error: null,
      },
    ],
  }),
  alerts: () => ({
    groups: [
      { receiver: "slack", labels: { severity: "critical" }, alerts: alerts.slice(0, 1) },
      { receiver: "slack", labels: { severity: "warning" }, alerts: alerts.slice(1) },
    ],
    rules_loaded: 14,
  }),
  silences: () => ({
    silences: [
      {
        id: "s1",
        matchers: [{ name: "alertname", value: "CertificateEndsSoon", is_regex: false, is_equal: true }],
        starts_at: iso(600),
        ends_at: iso(-6600),
        created_by: "admin",
        comment: "renewal is planned",
        state: "active",
      },
    ],
  }),
  users: () => ({ users: [NATIVE.me(), { name: "kim", role: "editor", language: "ko", created_at: iso(1e6) }] }),
  tokens: () => ({ tokens: [{ id: "t1", name: "ci", role: "viewer", created_at: iso(1e6), last_used_at: null }] }),
  sql: () => ({
    columns: [
      { name: "service", type: "Utf8" },
      { name: "spans", type: "Int64" },
    ],
    rows: [
      ["checkout", 123],
      ["payments", 45],
    ],
    stats: { rows: 2, millis: 4 },
  }),
  search: () => ({ results: [{ kind: "host", title: "gw-01:9100", href: "/hosts?host=gw-01:9100" }] }),
};

function matrix(params) {
  const query = params.get("query") ?? "";
  if (query.includes("syntax error")) return null;
  const [start, end, step] = ["start", "end", "step"].map((name) => Number.parseFloat(params.get(name)));
  const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, at) => start + at * step);
  const buckets = distribution(query, times);
  if (buckets) return buckets;
  const by = /by \((\w+)\)/.exec(query)?.[1];
  const names =
    {
      mode: ["user", "system", "iowait"],
      device: ["eth0", "eth1"],
      mountpoint: ["/", "/data"],
      level: ["info", "warn", "error"],
    }[by] ?? (/^[a-z_]+$/.test(query) ? Array.from({ length: 12 }, (_, at) => `i${at}`) : [""]);
  const big = query.includes("bytes") ? 1e9 : query.includes("requests_total") && !query.includes("/ sum") ? 100 : 0.6;
  return names.map((name, seed) => ({
    metric: name === "" ? {} : { [by ?? "instance"]: name },
    values: times.map((time) => [time, String(big * wave(seed + query.length, time))]),
  }));
}

function lines(params) {
  const end = Number(params.get("end").slice(0, -6));
  const limit = Math.min(300, Number(params.get("limit") ?? 100));
  return {
    resultType: "streams",
    result: [
      {
        stream: { service_name: "checkout", job: "traefik-access" },
        values: Array.from({ length: limit }, (_, at) => {
          const bad = at % 17 === 0;
          const body = {
            level: bad ? "error" : at % 5 === 0 ? "warn" : "info",
            msg: bad ? "payment refused" : "request done",
            status: bad ? 502 : 200,
            path: "/checkout",
            ms: 12 + (at % 90),
            trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
          };
          return [`${end - at * 730}000123`, JSON.stringify(body)];
        }),
      },
    ],
  };
}

function trace(id, at) {
  const begin = (now() - at * 90e3) * 1000;
  const spans = [];
  const add = (spanID, parent, processID, operationName, offset, duration, error) =>
    spans.push({
      traceID: id,
      spanID,
      operationName,
      references: parent ? [{ refType: "CHILD_OF", traceID: id, spanID: parent }] : [],
      startTime: begin + offset,
      duration,
      tags: [
        { key: "http.status_code", type: "int64", value: error ? 502 : 200 },
        ...(error ? [{ key: "error", type: "bool", value: true }] : []),
      ],
      logs: error ? [{ timestamp: begin + offset + duration / 2, fields: [{ key: "event", value: "exception" }] }] : [],
      processID,
      warnings: null,
    });
  const total = 60_000 + ((at * 7919) % 400_000);
  add("a1", null, "p1", "POST /checkout", 0, total, at % 5 === 0);
  add("a2", "a1", "p2", "CheckoutService.Place", 2000, total - 4000, false);
  for (let n = 0; n < 12; n += 1) add(`b${n}`, "a2", "p4", "SELECT items", 4000 + n * 2500, 2200, false);
  add("a3", "a2", "p3", "PaymentService.Charge", 36_000, total - 44_000, at % 5 === 0);
  return {
    traceID: id,
    spans,
    processes: {
      p1: { serviceName: "frontend", tags: [] },
      p2: { serviceName: "checkout" },
      p3: { serviceName: "payments" },
      p4: { serviceName: "db" },
    },
  };
}

/** Ten thousand names, so that lists of them are seen to stay fast. */
const MANY = Array.from({ length: 10_000 }, (_, at) => {
  const [team, part, what] = [at % 23, Math.floor(at / 23) % 29, Math.floor(at / 667)];
  const noun = ["requests_total", "errors_total", "queue_length", "latency_seconds_bucket", "memory_bytes"][what % 5];
  return `team${team}_part${part}_v${what}_${noun}`;
});

const METADATA = {
  up: [{ type: "gauge", help: "Whether the last scrape worked", unit: "" }],
  node_load1: [{ type: "gauge", help: "1m load average", unit: "" }],
  traefik_router_requests_total: [
    { type: "counter", help: "How many requests a router took, by status code and method", unit: "" },
  ],
  traefik_router_request_duration_seconds: [{ type: "histogram", help: "How long requests took", unit: "seconds" }],
  process_resident_memory_bytes: [{ type: "gauge", help: "Resident memory size in bytes", unit: "bytes" }],
  rpc_latency_seconds: [{ type: "histogram", help: "Latency of calls, as a native histogram", unit: "seconds" }],
};

const BOUNDS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"];

/** Buckets of a latency whose centre wanders: cumulative counts by `le`. */
function classicBuckets(at) {
  const centre = 4 + 2 * wave(1, at);
  let sum = 0;
  return BOUNDS.map((_, index) => {
    sum += 40 * Math.exp(-((index - centre) ** 2) / 3);
    return sum;
  });
}

function nativeHistogram(at) {
  const buckets = Array.from({ length: 14 }, (_, index) => {
    const low = 0.001 * 2 ** index;
    return [
      0,
      String(low),
      String(low * 2),
      String(Math.round(60 * Math.exp(-((index - 6 - 3 * wave(2, at)) ** 2) / 5))),
    ];
  }).filter(([, , , count]) => count !== "0");
  const count = buckets.reduce((sum, bucket) => sum + Number(bucket[3]), 0);
  return { count: String(count), sum: String(count * 0.07), buckets };
}

function distribution(query, times) {
  if (query.includes("histogram_quantile")) return null;
  if (query.includes("rpc_latency_seconds"))
    return [{ metric: {}, histograms: times.map((time) => [time, nativeHistogram(time)]) }];
  if (!query.includes("_bucket")) return null;
  return BOUNDS.map((le, index) => ({
    metric: { le },
    values: times.map((time) => [time, String(classicBuckets(time)[index])]),
  }));
}

const EXPLAINED = {
  series: 2,
  plan: {
    name: "aggregate",
    detail: "sum by (job)",
    line: 1,
    column: 1,
    series: 2,
    samples: 2904,
    ms: 6.4,
    self_ms: 0.9,
    children: [
      {
        name: "call",
        detail: "rate",
        line: 1,
        column: 15,
        series: 12,
        samples: 2904,
        ms: 5.5,
        self_ms: 2.1,
        children: [
          {
            name: "select",
            detail: "traefik_router_requests_total[1m]",
            line: 1,
            column: 20,
            series: 12,
            samples: 2904,
            ms: 3.4,
            self_ms: 3.4,
            children: [],
          },
        ],
      },
    ],
  },
  cost: { series: 12, samples: 2904, bytes: 18_432, parts: 3, ms: 7.2 },
  selectors: [
    {
      text: 'traefik_router_requests_total{code="200",router=~"shop.*"}',
      line: 1,
      column: 20,
      start: "2026-11-23T04:00:00Z",
      end: "2026-11-23T05:00:00Z",
      conditions: [
        { matcher: '__name__="traefik_router_requests_total"', alone: 24, left: 24 },
        { matcher: 'code="200"', alone: 31, left: 12 },
        { matcher: 'router=~"shop.*"', alone: 18, left: 12 },
      ],
    },
  ],
  warnings: [],
  infos: [],
};

/** The same query narrowed by a condition that nothing fulfils together with the others. */
function explained(params) {
  if (!(params.get("query") ?? "").includes("nowhere")) return EXPLAINED;
  const [selector] = EXPLAINED.selectors;
  const conditions = [...selector.conditions, { matcher: 'method="nowhere"', alone: 0, left: 0 }];
  const empty = (node) => ({ ...node, series: 0, samples: 0, children: node.children.map(empty) });
  return { ...EXPLAINED, series: 0, plan: empty(EXPLAINED.plan), selectors: [{ ...selector, conditions }] };
}

const ranked = (names, most) => names.map((name, at) => ({ name, value: Math.round(most / (at + 1)) }));
const TSDB = {
  headStats: { numSeries: 12_873, numLabelPairs: 2512, chunkCount: 37_525, minTime: now() - 7200e3, maxTime: now() },
  seriesCountByMetricName: ranked(
    ["traefik_router_request_duration_seconds_bucket", "node_cpu_seconds_total", "up"],
    4096,
  ),
  labelValueCountByLabelName: ranked(["__name__", "instance", "router", "le"], 10_006),
  memoryInBytesByLabelName: ranked(["__name__", "instance", "router"], 262_144),
  seriesCountByLabelValuePair: ranked(["job=traefik", "instance=gw-01:8080", "code=200"], 6100),
};

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const METRICS = [
  "up",
  "node_load1",
  "traefik_router_requests_total",
  "traefik_router_request_duration_seconds_bucket",
  "process_resident_memory_bytes",
  "rpc_latency_seconds",
];

const EMPTY = {
  overview: () => ({
    ...NATIVE.overview(),
    needs: [],
    events: [],
    tiles: NATIVE.overview().tiles.map((tile) => ({
      ...tile,
      state: "unknown",
      total: 0,
      problems: 0,
      since: null,
      ribbon: [],
    })),
    checklist: NATIVE.overview().checklist.map((item) => ({ ...item, done: false })),
  }),
  gateway: () => ({ gateways: [], entrypoints: [], routers: [], services: [], certificates: [], slow_routes: [] }),
  hosts: () => ({ hosts: [], own: "gw-01" }),
  processes: () => ({ processes: [], total: 0 }),
  containers: () => ({ on: true, containers: [] }),
  services: () => ({ services: [] }),
  sources: () => ({ targets: [], collectors: [], discovered: [], tails: [] }),
  alerts: () => ({ groups: [], rules_loaded: 0 }),
  silences: () => ({ silences: [] }),
  tokens: () => ({ tokens: [] }),
};

function prometheus(path, empty) {
  if (path.endsWith("/api/v1/rules"))
    return {
      status: "success",
      data: {
        groups: empty
          ? []
          : [
              {
                name: "gateway",
                file: "default.yml",
                interval: 15,
                rules: alerts.map(({ name, rule, state }) => ({
                  name,
                  query: rule.query,
                  type: "alerting",
                  state,
                  health: "ok",
                  duration: 60,
                })),
              },
            ],
      },
    };
  const ok = (data) => ({ status: "success", data });
  if (path.endsWith("/status/tsdb"))
    return ok(empty ? { ...TSDB, headStats: { ...TSDB.headStats, numSeries: 0 } } : TSDB);
  if (path.endsWith("/status/runtimeinfo")) return ok({ storageRetention: "15d" });
  if (path.endsWith("/query_exemplars"))
    return ok(
      empty
        ? []
        : [
            {
              seriesLabels: { __name__: "traefik_router_request_duration_seconds_bucket", le: "0.5" },
              exemplars: Array.from({ length: 12 }, (_, at) => ({
                labels: { trace_id: TRACE },
                value: String(0.2 + 0.05 * at),
                timestamp: now() / 1000 - 240 * (at + 1),
              })),
            },
          ],
    );
  if (path.endsWith("/labels")) return ok(["__name__", "code", "instance", "job", "method", "router"]);
  const label = /\/label\/(\w+)\/values$/.exec(path)?.[1];
  if (label)
    return ok(empty ? [] : label === "code" ? ["200", "404", "502"] : [`${label}-a`, `${label}-b`, `${label}-c`]);
  return ok([]);
}

function room(path, params) {
  const empty = MODE === "empty";
  if (path.endsWith("/prometheus/api/v1/query_range")) {
    const result = empty ? [] : matrix(params);
    const query = params.get("query") ?? "";
    const at = query.indexOf("node_load1") + 1;
    const infos = /rate\(node_load1/.test(query)
      ? [
          `PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "node_load1" (1:${at})`,
        ]
      : undefined;
    return result ? { status: "success", data: { resultType: "matrix", result }, infos } : undefined;
  }
  const asked = params.get("query") ?? "";
  if (path.endsWith("/prometheus/api/v1/query") && /count\(/.test(asked))
    return {
      status: "success",
      data: { resultType: "vector", result: empty ? [] : [{ metric: {}, value: [1, String(3 + (asked.length % 7))] }] },
    };
  const counted = /^topk\(\d+, count by \("?([\w.]+)"?\)/.exec(asked)?.[1];
  if (path.endsWith("/prometheus/api/v1/query") && counted)
    return {
      status: "success",
      data: {
        resultType: "vector",
        result: ["a", "b", "c"].map((name, at) => ({
          metric: { [counted]: `${counted}-${name}` },
          value: [1, String(3 - at)],
        })),
      },
    };
  if (path.endsWith("/prometheus/api/v1/query") && /_bucket|rpc_latency/.test(asked)) {
    const at = Number(params.get("time"));
    params.set("start", String(at));
    params.set("end", String(at));
    params.set("step", "15");
    const result = matrix(params).map(({ metric, values, histograms }) =>
      histograms ? { metric, histogram: histograms[0] } : { metric, value: values[0] },
    );
    return { status: "success", data: { resultType: "vector", result: empty ? [] : result } };
  }
  const facts = /^(?:topk\(1, )?(node_(?:\w+_info|hwmon\w+|thermal\w+|network_speed_bytes|systemd_unit_state))\{/.exec(
    asked,
  )?.[1];
  if (path.endsWith("/prometheus/api/v1/query") && facts)
    return {
      status: "success",
      data: {
        resultType: "vector",
        result: empty ? [] : (FACTS[facts] ?? []).map(([metric, value = 1]) => ({ metric, value: [1, String(value)] })),
      },
    };
  if (path.endsWith("/prometheus/api/v1/query"))
    return {
      status: "success",
      data: {
        resultType: "vector",
        result: empty
          ? []
          : METRICS.map((name, at) => ({ metric: { __name__: name, instance: "a:1" }, value: [1, String(at * 1.5)] })),
      },
    };
  if (path.endsWith("/label/__name__/values")) return { status: "success", data: empty ? [] : [...METRICS, ...MANY] };
  if (path.endsWith("/api/v1/metadata")) return { status: "success", data: METADATA };
  if (path.startsWith("/rooms/prometheus")) return prometheus(path, empty);
  if (path.endsWith("/loki/api/v1/labels")) return { status: "success", data: empty ? [] : ["job", "service_name"] };
  if (/\/loki\/api\/v1\/label\/\w+\/values$/.test(path))
    return { status: "success", data: empty ? [] : ["traefik-access", "checkout"] };
  if (path.endsWith("/loki/api/v1/query_range")) {
    const numbers = (params.get("query") ?? "").includes("_over_time");
    if (!numbers) return { status: "success", data: empty ? { resultType: "streams", result: [] } : lines(params) };
    for (const name of ["start", "end"]) params.set(name, String(Number(params.get(name)) / 1e9));
    return { status: "success", data: { resultType: "matrix", result: empty ? [] : matrix(params) } };
  }
  if (path.endsWith("/jaeger/api/services")) return { data: empty ? [] : ["checkout", "frontend", "payments"] };
  if (path.endsWith("/operations")) return { data: ["POST /checkout", "GET /"] };
  if (path.endsWith("/jaeger/api/traces"))
    return {
      data: Array.from({ length: 20 }, (_, at) => trace(`${TRACE.slice(0, 30)}${String(at).padStart(2, "0")}`, at)),
    };
  if (path.includes("/jaeger/api/traces/")) return { data: [trace(path.split("/").at(-1), 5)] };
  if (path.endsWith("/uptime/api/monitors")) return { monitors: empty ? [] : monitors };
  const monitor = monitors.find(({ id }) => path.endsWith(`/uptime/api/monitors/${id}`));
  if (monitor)
    return {
      ...monitor,
      incidents: [
        { start: iso(300), end: null, reason: "connection refused" },
        { start: iso(3000), end: iso(2940), reason: "timeout" },
      ],
      response: monitor.beats.map(({ at, seconds }) => [at, seconds]),
    };
  return undefined;
}

function answer(path, params) {
  const native = /^\/api\/gw\/(\w+)$/.exec(path)?.[1];
  if (MODE === "error" && native !== "me" && native !== "status") return undefined;
  if (native === "login") return { user: NATIVE.me() };
  if (native === "explain") return explained(params);
  if (native) return (MODE === "empty" ? EMPTY[native] : undefined)?.() ?? NATIVE[native]?.(params);
  return room(path, params);
}

function file(path) {
  const full = join(DIST, normalize(path));
  try {
    return full.startsWith(DIST) && statSync(full).isFile() ? full : join(DIST, "index.html");
  } catch {
    return join(DIST, "index.html");
  }
}

/** What a machine says of its parts: labels and value. */
const FACTS = {
  node_uname_info: [[{ sysname: "Linux", machine: "x86_64" }]],
  node_os_info: [[{ pretty_name: "Debian GNU/Linux 12 (bookworm)" }]],
  node_dmi_info: [[{ system_vendor: "Supermicro", product_name: "SYS-5019", bios_version: "3.4" }]],
  node_hwmon_temp_celsius: [
    [{ chip: "coretemp", sensor: "temp1" }, 61],
    [{ chip: "nvme0", sensor: "temp1" }, 48.5],
  ],
  node_hwmon_sensor_label: [[{ chip: "coretemp", sensor: "temp1", label: "Package id 0" }]],
  node_hwmon_temp_crit_celsius: [[{ chip: "coretemp", sensor: "temp1" }, 100]],
  node_disk_info: [[{ device: "nvme0n1", model: "SAMSUNG MZQL2960", serial: "S64FNE0", revision: "GDC5602Q" }]],
  node_network_info: [
    [{ device: "eth0", address: "3c:ec:ef:00:12:34", operstate: "up", duplex: "full" }],
    [{ device: "eth1", address: "3c:ec:ef:00:12:35", operstate: "down", duplex: "unknown" }],
  ],
  node_network_speed_bytes: [
    [{ device: "eth0" }, 1.25e9],
    [{ device: "eth1" }, -125000],
  ],
  node_systemd_unit_state: [
    [{ name: "ssh.service", state: "active" }],
    [{ name: "backup.service", state: "failed" }],
    [{ name: "e2scrub.service", state: "inactive" }],
  ],
};
const LIVE = [
  ...["user", "system", "iowait", "idle"].map((mode) => ["node_cpu_seconds_total", { cpu: "0", mode }]),
  ...["MemTotal", "MemAvailable", "Cached"].map((name) => [`node_memory_${name}_bytes`, {}]),
  ["node_load1", {}],
  ...["read", "written"].map((name) => [`node_disk_${name}_bytes_total`, { device: "sda" }]),
  ...["receive", "transmit"].map((name) => [`node_network_${name}_bytes_total`, { device: "eth0" }]),
].map(([name, labels]) => ({ name, labels }));

/** Readings of a machine each second, like `/api/gw/hosts/live`. */
function live(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const counters = [0, 0, 0, 0, 0, 0, 0, 0];
  const read = () => {
    const at = now() / 1000;
    [0.31, 0.12, 0.05, 0.5, 4e6, 9e6, 2e6, 7e5].forEach((rate, index) => {
      counters[index] += rate * (0.5 + wave(index, at));
    });
    const gauges = [2 ** 33, 2 ** 32 * wave(3, at), 2 ** 31, 1.4];
    const values = [...counters.slice(0, 4), ...gauges, ...counters.slice(4)];
    response.write(`event: reading\ndata: ${JSON.stringify({ at: new Date(now()).toISOString(), values })}\n\n`);
  };
  response.write(`event: series\ndata: ${JSON.stringify(LIVE)}\n\n`);
  read();
  const timer = setInterval(read, 1000);
  response.on("close", () => clearInterval(timer));
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://fixture");
  if (url.pathname === "/api/gw/hosts/live" && MODE === "full") return live(response);
  if (url.pathname.startsWith("/api/") || url.pathname.startsWith("/rooms/")) {
    const body = answer(url.pathname, url.searchParams);
    response.writeHead(body === undefined ? (MODE === "error" ? 503 : 404) : 200, {
      "content-type": "application/json",
    });
    response.end(
      JSON.stringify(
        body ?? { error: { kind: "unavailable", message: "the store is starting; ask again in a few seconds" } },
      ),
    );
    return;
  }
  const path = file(url.pathname);
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain", "content-security-policy": POLICY });
  response.end(readFileSync(path));
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${server.address().port}`),
);
