// A query as blocks: one selector and what is done to it, step by step. Most queries that people build have this shape;
// for the rest `parseBlocks` says what it met that blocks cannot show, and the text stays as it is.

import { quote } from "./promql";
import { lex, MOST_LENGTH, type Token, unquote } from "./promqlLex";

export const FILTER_OPS = ["=", "!=", "=~", "!~"] as const;
export type FilterOp = (typeof FILTER_OPS)[number];

/** One label filter. */
export interface Filter {
  name: string;
  op: FilterOp;
  value: string;
}
/** A function; `window` is there for those over time. `before` and `after` are its numbers around the series. */
export interface FunctionStep {
  kind: "function";
  name: string;
  window?: string;
  before: string[];
  after: string[];
}
export interface AggregateStep {
  kind: "aggregate";
  name: string;
  mode: "" | "by" | "without";
  labels: string[];
  param?: string;
}
/** An operator with a number; `left` where the number stands before the series. */
export interface ArithmeticStep {
  kind: "arithmetic";
  op: string;
  value: string;
  left: boolean;
  bool: boolean;
}
export type Step = FunctionStep | AggregateStep | ArithmeticStep;

/** A selector and its steps, innermost first. */
export interface Blocks {
  metric: string;
  filters: Filter[];
  steps: Step[];
}

/** Why a query has no blocks. */
export type Reason = "binary" | "function" | "offset" | "subquery" | "window" | "comment" | "syntax" | "number";
export type Parsed = { blocks: Blocks } | { reason: Reason; what: string };

interface Shape {
  ranged: boolean;
  before: string[];
  after: string[];
}
const over = (before: string[] = [], after: string[] = []): Shape => ({ ranged: true, before, after });
const plain = (before: string[] = [], after: string[] = []): Shape => ({ ranged: false, before, after });

/** The functions blocks know, with the numbers they start with. */
export const FUNCTIONS: Readonly<Record<string, Shape>> = {
  rate: over(),
  increase: over(),
  irate: over(),
  delta: over(),
  idelta: over(),
  deriv: over(),
  changes: over(),
  resets: over(),
  avg_over_time: over(),
  min_over_time: over(),
  max_over_time: over(),
  sum_over_time: over(),
  count_over_time: over(),
  last_over_time: over(),
  stddev_over_time: over(),
  quantile_over_time: over(["0.95"]),
  predict_linear: over([], ["3600"]),
  histogram_quantile: plain(["0.95"]),
  histogram_avg: plain(),
  histogram_count: plain(),
  histogram_sum: plain(),
  abs: plain(),
  ceil: plain(),
  floor: plain(),
  round: plain(),
  clamp_min: plain([], ["0"]),
  clamp_max: plain([], ["1"]),
  sort: plain(),
  sort_desc: plain(),
  timestamp: plain(),
};

/** The aggregations, with the number some start with. */
export const AGGREGATIONS: Readonly<Record<string, string | null>> = {
  sum: null,
  avg: null,
  min: null,
  max: null,
  count: null,
  group: null,
  stddev: null,
  stdvar: null,
  topk: "10",
  bottomk: "10",
  quantile: "0.95",
};

const PRECEDENCE: Readonly<Record<string, number>> = {
  "==": 1,
  "!=": 1,
  ">": 1,
  "<": 1,
  ">=": 1,
  "<=": 1,
  "+": 2,
  "-": 2,
  "*": 3,
  "/": 3,
  "%": 3,
  "^": 4,
};
/** The operators blocks know. */
export const OPERATORS = ["*", "/", "+", "-", "%", "^", ">", ">=", "<", "<=", "==", "!="] as const;
const MOST_DEPTH = 64;

class Unfit extends Error {
  constructor(
    readonly reason: Reason,
    readonly what: string,
  ) {
    super(reason);
  }
}

/** A number alone, or a chain; a chain with a window is a range vector that only a function over time takes. */
type Node = { number: string } | { chain: Blocks; window?: string };

class Reader {
  private at = 0;
  private depth = 0;
  constructor(private readonly tokens: readonly Token[]) {}

  private text(): string {
    return this.tokens[this.at]?.text ?? "";
  }
  private kind(): string {
    return this.tokens[this.at]?.kind ?? "end";
  }
  private take(): Token {
    const token = this.tokens[this.at];
    if (!token) throw new Unfit("syntax", "");
    this.at += 1;
    return token;
  }
  private expect(text: string): void {
    if (this.text() !== text || this.kind() === "text") throw new Unfit("syntax", this.text());
    this.at += 1;
  }

  whole(): Blocks {
    const node = this.binary(0);
    if (this.kind() !== "end") {
      if (["and", "or", "unless", "atan2"].includes(this.text())) throw new Unfit("binary", this.text());
      throw new Unfit("syntax", this.text());
    }
    if ("number" in node) throw new Unfit("number", node.number);
    if (node.window !== undefined) throw new Unfit("window", `[${node.window}]`);
    return node.chain;
  }

  private binary(least: number): Node {
    this.depth += 1;
    if (this.depth > MOST_DEPTH) throw new Unfit("syntax", "");
    let left = this.primary();
    for (;;) {
      const op = this.text();
      const own = this.kind() === "mark" ? PRECEDENCE[op] : undefined;
      if (own === undefined || own < least) break;
      this.take();
      const bool = this.text() === "bool" && this.kind() === "name";
      if (bool) this.take();
      if (["on", "ignoring", "group_left", "group_right"].includes(this.text())) throw new Unfit("binary", this.text());
      left = join(left, op, bool, this.binary(op === "^" ? own : own + 1));
    }
    this.depth -= 1;
    return left;
  }

  private primary(): Node {
    if (this.kind() === "comment") throw new Unfit("comment", this.text());
    if (this.kind() === "number") return { number: this.take().text };
    if (this.text() === "-" || this.text() === "+") {
      const sign = this.take().text;
      if (this.kind() === "number") return { number: `${sign === "-" ? "-" : ""}${this.take().text}` };
      throw new Unfit("binary", sign);
    }
    if (this.kind() === "mark" && this.text() === "(") {
      this.take();
      const node = this.binary(0);
      this.expect(")");
      return this.after(node);
    }
    if (this.text() === "{") return this.selector("");
    if (this.kind() !== "name") throw new Unfit("syntax", this.text());
    const name = this.take().text;
    const next = this.text();
    if (name in AGGREGATIONS && (next === "(" || next === "by" || next === "without")) return this.aggregate(name);
    if (next === "(" && this.kind() === "mark") return this.call(name);
    if (/^(inf|nan)$/i.test(name)) return { number: name };
    return this.selector(name);
  }

  private selector(name: string): Node {
    let metric = name;
    const filters: Filter[] = [];
    if (this.text() === "{") {
      this.take();
      while (this.text() !== "}") {
        const label = this.take();
        if (label.kind !== "name" && label.kind !== "text") throw new Unfit("syntax", label.text);
        const own = label.kind === "text" ? unquote(label.text) : label.text;
        const op = FILTER_OPS.find((known) => known === this.text());
        if (!op) {
          if (label.kind !== "text" || metric !== "") throw new Unfit("syntax", this.text());
          metric = own;
        } else {
          this.take();
          const value = this.take();
          if (value.kind !== "text") throw new Unfit("syntax", value.text);
          if (own === "__name__" && op === "=" && metric === "") metric = unquote(value.text);
          else filters.push({ name: own, op, value: unquote(value.text) });
        }
        if (this.text() === ",") this.take();
        else if (this.text() !== "}") throw new Unfit("syntax", this.text());
      }
      this.take();
    }
    return this.after({ chain: { metric, filters, steps: [] } });
  }

  /** What may stand behind a selector or parenthesis: a window; an offset or a subquery has no block. */
  private after(node: Node): Node {
    if (this.kind() === "mark" && this.text() === "[") {
      this.take();
      const window = this.take();
      if (this.text().startsWith(":")) throw new Unfit("subquery", `[${window.text}:]`);
      if (window.kind !== "duration") throw new Unfit("window", `[${window.text}]`);
      this.expect("]");
      if ("number" in node || node.chain.steps.length > 0) throw new Unfit("subquery", `[${window.text}]`);
      return this.after({ chain: node.chain, window: window.text });
    }
    if (["offset", "@", "anchored", "smoothed"].includes(this.text())) throw new Unfit("offset", this.text());
    return node;
  }

  private labels(): string[] {
    const labels: string[] = [];
    this.expect("(");
    while (this.text() !== ")") {
      const label = this.take();
      if (label.kind !== "name" && label.kind !== "text") throw new Unfit("syntax", label.text);
      labels.push(label.kind === "text" ? unquote(label.text) : label.text);
      if (this.text() === ",") this.take();
    }
    this.take();
    return labels;
  }

  private aggregate(name: string): Node {
    let mode: AggregateStep["mode"] = "";
    let labels: string[] = [];
    const grouping = () => {
      if (this.text() !== "by" && this.text() !== "without") return;
      mode = this.take().text as "by" | "without";
      labels = this.labels();
    };
    grouping();
    const args = this.arguments();
    if (mode === "") grouping();
    const wanted = AGGREGATIONS[name] === null ? 1 : 2;
    const inner = args.at(-1);
    const first = args[0];
    if (args.length !== wanted || !inner || "number" in inner || inner.window !== undefined || !first)
      throw new Unfit("function", name);
    if (wanted === 2 && !("number" in first)) throw new Unfit("function", name);
    const step: AggregateStep = { kind: "aggregate", name, mode, labels };
    return grow(inner.chain, "number" in first ? { ...step, param: first.number } : step);
  }

  private call(name: string): Node {
    const shape = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (!shape) throw new Unfit("function", name);
    const args = this.arguments();
    const at = args.findIndex((arg) => "chain" in arg);
    const inner = args[at];
    if (!inner || !("chain" in inner)) throw new Unfit("function", name);
    const numbers = (list: Node[]) =>
      list.map((arg) => {
        if (!("number" in arg)) throw new Unfit("function", name);
        return arg.number;
      });
    const before = numbers(args.slice(0, at));
    const after = numbers(args.slice(at + 1));
    if (
      before.length !== shape.before.length ||
      after.length !== shape.after.length ||
      shape.ranged !== (inner.window !== undefined)
    )
      throw new Unfit("function", name);
    const step: FunctionStep = { kind: "function", name, before, after };
    return this.after(grow(inner.chain, inner.window === undefined ? step : { ...step, window: inner.window }));
  }

  private arguments(): Node[] {
    this.expect("(");
    const args: Node[] = [];
    while (this.text() !== ")" || this.kind() === "text") {
      args.push(this.binary(0));
      if (this.text() === ",") this.take();
      else if (this.text() !== ")")
        throw new Unfit(["and", "or", "unless"].includes(this.text()) ? "binary" : "syntax", this.text());
    }
    this.take();
    return args;
  }
}

function grow(chain: Blocks, step: Step): { chain: Blocks } {
  return { chain: { ...chain, steps: [...chain.steps, step] } };
}

function join(left: Node, op: string, bool: boolean, right: Node): Node {
  if ("number" in left === "number" in right) throw new Unfit("binary", op);
  const chain = "chain" in left ? left : (right as { chain: Blocks; window?: string });
  const number = "number" in left ? left.number : (right as { number: string }).number;
  if (chain.window !== undefined) throw new Unfit("window", `[${chain.window}]`);
  return grow(chain.chain, { kind: "arithmetic", op, value: number, left: "number" in left, bool });
}

/** The blocks of a query, or why it has none. */
export function parseBlocks(query: string): Parsed {
  if (query.trim() === "") return { blocks: { metric: "", filters: [], steps: [] } };
  if (query.length > MOST_LENGTH) return { reason: "syntax", what: "" };
  try {
    return { blocks: new Reader(lex(query)).whole() };
  } catch (error) {
    if (error instanceof Unfit) return { reason: error.reason, what: error.what };
    throw error;
  }
}

const LABEL = /^[A-Za-z_]\w*$/;
const METRIC = /^[A-Za-z_:][\w:]*$/;
const labelText = (name: string): string => (LABEL.test(name) ? name : quote(name));

/** The selector alone, as it stands in the query and in `match[]`. */
export function printSelector({ metric, filters }: Pick<Blocks, "metric" | "filters">): string {
  const known = metric === "" || METRIC.test(metric);
  const parts = filters
    .filter(({ name }) => name !== "")
    .map(({ name, op, value }) => `${labelText(name)}${op}${quote(value)}`);
  if (!known) parts.unshift(quote(metric));
  if (parts.length === 0) return metric;
  return `${known ? metric : ""}{${parts.join(", ")}}`;
}

function printStep(step: Step, inner: string, last: Step | undefined): string {
  if (step.kind === "aggregate") {
    const grouping = step.mode === "" ? "" : ` ${step.mode} (${step.labels.map(labelText).join(", ")})`;
    return `${step.name}${grouping}${grouping === "" ? "" : " "}(${step.param === undefined ? "" : `${step.param}, `}${inner})`;
  }
  if (step.kind === "function") {
    const ranged = step.window === undefined ? inner : `${inner}[${step.window}]`;
    return `${step.name}(${[...step.before, ranged, ...step.after].join(", ")})`;
  }
  const own = PRECEDENCE[step.op] ?? 0;
  const below = last?.kind === "arithmetic" ? (PRECEDENCE[last.op] ?? 0) : 9;
  // An operator of the same strength binds to the left, so only there the inner one needs no parentheses.
  const bare = step.left || step.op === "^" ? below > own : below >= own;
  const body = bare ? inner : `(${inner})`;
  const op = `${step.op}${step.bool ? " bool" : ""}`;
  return step.left ? `${step.value} ${op} ${body}` : `${body} ${op} ${step.value}`;
}

/** The text of blocks. */
export function printBlocks(blocks: Blocks): string {
  let last: Step | undefined;
  return blocks.steps.reduce((inner, step) => {
    const text = printStep(step, inner, last);
    last = step;
    return text;
  }, printSelector(blocks));
}

/** A step as it starts. */
export function newStep(name: string): Step {
  if (Object.hasOwn(AGGREGATIONS, name)) {
    const param = AGGREGATIONS[name];
    const step: AggregateStep = { kind: "aggregate", name, mode: param ? "" : "by", labels: [] };
    return param ? { ...step, param } : step;
  }
  const shape = FUNCTIONS[name];
  if (shape) {
    const step: FunctionStep = { kind: "function", name, before: [...shape.before], after: [...shape.after] };
    return shape.ranged ? { ...step, window: "$__rate_interval" } : step;
  }
  return { kind: "arithmetic", op: name, value: "100", left: false, bool: false };
}

/** Adds a step where it may stand: a function over time takes the selector itself, the rest what is there. */
export function withStep(blocks: Blocks, step: Step): Blocks {
  if (step.kind !== "function" || step.window === undefined) return { ...blocks, steps: [...blocks.steps, step] };
  const rest = blocks.steps.filter((old) => old.kind !== "function" || old.window === undefined);
  return { ...blocks, steps: [step, ...rest] };
}
