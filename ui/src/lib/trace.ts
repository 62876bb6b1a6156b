// A trace as a tree in display order, from Jaeger's flat list of spans. Survives what real traces have: missing parents,
// several roots, cycles, clock skew.

/** The parts of a span the tree needs. */
export interface SpanLike {
  spanID: string;
  traceID: string;
  operationName: string;
  startTime: number;
  duration: number;
  references: readonly { refType: string; spanID: string }[];
  tags: readonly { key: string; value: string | number | boolean }[];
  processID: string;
}

/** A span in its place. */
export interface TreeSpan<Span extends SpanLike> {
  span: Span;
  service: string;
  depth: number;
  children: number;
  /** Spans below it, at any depth. */
  below: number;
  error: boolean;
  /** Microseconds of its own: its duration less the time its children cover. */
  self: number;
}

/** The whole. */
export interface Tree<Span extends SpanLike> {
  spans: TreeSpan<Span>[];
  start: number;
  duration: number;
  services: string[];
  errors: number;
}

/** Whether a span failed, by OpenTracing's or OpenTelemetry's words. */
export function isError(span: Pick<SpanLike, "tags">): boolean {
  return span.tags.some(
    ({ key, value }) =>
      (key === "error" && (value === true || value === "true")) || (key === "otel.status_code" && value === "ERROR"),
  );
}

function parentOf(span: SpanLike): string | undefined {
  return (span.references.find(({ refType }) => refType === "CHILD_OF") ?? span.references[0])?.spanID;
}

/** Microseconds of `span` that none of its children covers. */
export function selfTime(
  span: Pick<SpanLike, "startTime" | "duration">,
  children: readonly Pick<SpanLike, "startTime" | "duration">[],
): number {
  const end = span.startTime + span.duration;
  let covered = 0;
  let at = span.startTime;
  for (const child of [...children].sort((a, b) => a.startTime - b.startTime)) {
    const from = Math.max(at, child.startTime);
    const to = Math.min(end, child.startTime + child.duration);
    if (to > from) {
      covered += to - from;
      at = to;
    }
  }
  return span.duration - covered;
}

/** Orders the spans: parents before children, siblings by start. */
export function buildTree<Span extends SpanLike>(
  spans: readonly Span[],
  processes: Readonly<Record<string, { serviceName: string }>>,
): Tree<Span> {
  const known = new Set(spans.map(({ spanID }) => spanID));
  const children = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.startTime - b.startTime)) {
    const parent = parentOf(span);
    if (parent !== undefined && parent !== span.spanID && known.has(parent)) {
      children.set(parent, [...(children.get(parent) ?? []), span]);
    } else {
      roots.push(span);
    }
  }
  const out: TreeSpan<Span>[] = [];
  const seen = new Set<string>();
  const place = (first: Span): void => {
    // An explicit stack: a chain of spans may be deeper than the call stack.
    const stack: { span: Span; depth: number }[] = [{ span: first, depth: 0 }];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { span, depth } = next;
      if (seen.has(span.spanID)) continue;
      seen.add(span.spanID);
      const own = children.get(span.spanID) ?? [];
      const service = processes[span.processID]?.serviceName ?? "";
      out.push({
        span,
        service,
        depth,
        children: own.length,
        below: 0,
        error: isError(span),
        self: selfTime(span, own),
      });
      for (const child of [...own].reverse()) stack.push({ span: child, depth: depth + 1 });
    }
  };
  roots.forEach(place);
  // What is left hangs in a cycle: break it at the earliest span.
  for (const span of spans) if (!seen.has(span.spanID)) place(span);
  countBelow(out);
  const start = spans.reduce((least, { startTime }) => Math.min(least, startTime), Number.POSITIVE_INFINITY);
  const end = spans.reduce((most, { startTime, duration }) => Math.max(most, startTime + duration), 0);
  return {
    spans: out,
    start: spans.length > 0 ? start : 0,
    duration: spans.length > 0 ? Math.max(1, end - start) : 0,
    services: [...new Set(out.map(({ service }) => service))],
    errors: out.filter(({ error }) => error).length,
  };
}

function countBelow(spans: TreeSpan<SpanLike>[]): void {
  const path: TreeSpan<SpanLike>[] = [];
  for (const span of spans) {
    path.length = span.depth;
    for (const above of path) above.below += 1;
    path.push(span);
  }
}

/** The spans to show when those in `closed` hide what is below them. */
export function visibleSpans<Span extends SpanLike>(tree: Tree<Span>, closed: ReadonlySet<string>): TreeSpan<Span>[] {
  const shown: TreeSpan<Span>[] = [];
  let skipBelow = Number.POSITIVE_INFINITY;
  for (const item of tree.spans) {
    if (item.depth > skipBelow) continue;
    skipBelow = closed.has(item.span.spanID) ? item.depth : Number.POSITIVE_INFINITY;
    shown.push(item);
  }
  return shown;
}

/** `a=b error=true` as Jaeger's `tags` parameter wants it: a JSON object. Values may be quoted. */
export function tagsToJson(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  if (text.trim().startsWith("{")) return text.trim();
  const tags: Record<string, string> = {};
  for (const [, key = "", quoted, plain] of text.matchAll(/([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)) {
    tags[key] = quoted ?? plain ?? "";
  }
  return Object.keys(tags).length > 0 ? JSON.stringify(tags) : undefined;
}
