// The shapes of our own API (docs/native-api.md) and of the monitors (port 1009). Times are RFC 3339 texts, durations
// seconds, ratios 0..1.

export type Role = "admin" | "editor" | "viewer";
export interface User {
  name: string;
  role: Role;
  language: "ko" | "en" | "";
  created_at: string;
}
export interface Token {
  id: string;
  name: string;
  role: Role;
  created_at: string;
  last_used_at: string | null;
}
export interface Status {
  version: string;
  started_at: string;
  data_dir: string;
  listen: { port: number; role: string; url: string }[];
  signals: { signal: string; rows: number; bytes: number; parts: number; head_rows: number }[];
  demo: boolean;
}
export type TileState = "ok" | "warn" | "crit" | "unknown";
export interface Tile {
  id: string;
  state: TileState;
  since: string | null;
  problems: number;
  total: number;
  ribbon: { start: string; end: string; state: TileState }[];
}
export interface Need {
  id: string;
  kind: "alert" | "target" | "monitor" | "collector";
  severity: "crit" | "warn" | "info";
  title: { en: string; ko: string };
  detail: string;
  since: string | null;
  labels: Record<string, string>;
  value: number | null;
  query: string | null;
  href: string;
}
export interface CheckItem {
  id: string;
  done: boolean;
  snippet: string;
}
export interface GwEvent {
  at: string;
  kind: string;
  title: string;
  detail: string;
  severity: string;
}
export interface Overview {
  tiles: Tile[];
  needs: Need[];
  checklist: CheckItem[];
  events: GwEvent[];
}
export interface Red {
  name: string;
  kind: string;
  gateway: string | null;
  rate: number | null;
  error_ratio: number | null;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  /** PromQL of each number, or one statement of SQL for a row that stands on spans. */
  queries: Partial<Record<"rate" | "errors" | "p50" | "p90" | "p99" | "sql", string | null>>;
}
export interface Certificate {
  name: string;
  sans: string[];
  not_after: string;
  days_left: number;
}
export interface Gateway {
  gateways: { kind: string; instance: string; up: boolean }[];
  entrypoints: Red[];
  routers: Red[];
  services: Red[];
  certificates: Certificate[];
  slow_routes: Red[];
}
export interface Host {
  instance: string;
  state: string;
  since: string | null;
  os: string | null;
  kernel: string | null;
  cpus: number | null;
  cpu: number | null;
  memory: number | null;
  memory_total: number | null;
  disk: number | null;
  load1: number | null;
  net_rx: number | null;
  net_tx: number | null;
  boot_time: string | null;
  queries: Partial<Record<"cpu" | "memory" | "disk" | "load", string>>;
}
/** A control group, and the container that it may be; rates are those between its last two readings. */
export interface ContainerRow {
  path: string;
  name: string;
  /** Empty for a group of the system. */
  runtime: string;
  image: string;
  health: string | null;
  started: string | null;
  /** CPUs in use, and those that may be used. */
  cpu: number | null;
  cpu_limit: number | null;
  /** Share of the last enforcement periods in which it was held back. */
  throttled: number | null;
  memory: number;
  memory_limit: number | null;
  threads_max: number | null;
  oom: number;
  net_rx: number | null;
  net_tx: number | null;
  disk_read: number | null;
  disk_write: number | null;
  layer: number | null;
}
export interface ProcessRow {
  pid: number;
  user: string;
  cpu_percent: number;
  memory: number;
  state: string;
  started: number;
  /** Name of the program. */
  command: string;
  /** For administrators alone. */
  command_line: string | null;
}
export interface ContainerDetail {
  container: ContainerRow;
  id: string;
  aliases: string[];
  labels: Record<string, string>;
  events: { time: string; kind: string; process: string | null; pid: number | null }[];
}
export interface Target {
  job: string;
  instance: string;
  url: string;
  state: "up" | "down" | "unknown";
  last_scrape: string | null;
  duration: number | null;
  samples: number | null;
  error: string | null;
  labels: Record<string, string>;
}
export interface Collector {
  name: string;
  kind: string;
  state: "ok" | "failing" | "paused";
  runs: number;
  failures: number;
  last_run: string | null;
  duration: number | null;
  error: string | null;
}
export interface Sources {
  targets: Target[];
  collectors: Collector[];
  discovered: { id: string; kind: string; url: string; accepted: boolean }[];
  tails: { path: string; state: string; offset: number; size: number; lines: number; error: string | null }[];
}
export interface Alert {
  fingerprint: string;
  name: string;
  state: "pending" | "firing" | "resolved";
  severity: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  starts_at: string;
  ends_at: string | null;
  value: number | null;
  silenced_by: string[];
  rule: { group: string; query: string; for: number | string } | null;
}
export interface Alerts {
  groups: { receiver: string; labels: Record<string, string>; alerts: Alert[] }[];
  rules_loaded: number;
}
export interface Matcher {
  name: string;
  value: string;
  is_regex: boolean;
  is_equal: boolean;
}
export interface Silence {
  id: string;
  matchers: Matcher[];
  starts_at: string;
  ends_at: string;
  created_by: string;
  comment: string;
  state: "pending" | "active" | "expired";
}
export interface SqlAnswer {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  stats: { rows: number; millis: number };
}
export interface SearchHit {
  kind: string;
  title: string;
  href: string;
}
export type BeatState = "up" | "down" | "pending" | "paused";
export interface Beat {
  at: string;
  state: BeatState;
  seconds: number | null;
  message: string;
}
export interface MonitorBody {
  name: string;
  kind: "http" | "tcp" | "ping";
  target: string;
  interval: number;
  timeout: number;
  retries: number;
  expect: { status?: string | null; keyword?: string | null; tls_days?: number | null };
  paused: boolean;
}
export interface Monitor extends MonitorBody {
  id: string;
  state: BeatState | "unknown";
  since: string | null;
  uptime_24h: number | null;
  uptime_30d: number | null;
  response: number | null;
  cert_days: number | null;
  beats: Beat[];
  incidents?: { start: string; end: string | null; reason: string }[];
}
export interface MonitorDetail extends Omit<Monitor, "response"> {
  response: [string | number, number | null][] | number | null;
}
/** One operator of a query's plan. `ms` includes its operands. */
export interface PlanNode {
  name: string;
  detail: string;
  line: number | null;
  column: number | null;
  series: number;
  samples: number;
  ms: number;
  self_ms: number;
  children: PlanNode[];
}
/** One selector of a query and what each of its conditions leaves. */
export interface SelectorCost {
  text: string;
  line: number | null;
  column: number | null;
  conditions: { matcher: string; alone: number; left: number }[];
}
export interface Explained {
  series: number;
  plan: PlanNode | null;
  cost: { series: number; samples: number; bytes: number; parts: number; ms: number };
  selectors: SelectorCost[];
  warnings: string[];
  infos: string[];
}
