// Every metric with its type, unit and help: grouped by what the names begin with, searched as you type, driven by arrows.
// Only the visible rows are in the document, so ten thousand names cost as much as fifty.

import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from "react";
import { type Metadata, metricMetadata, metricNames } from "../../data/prometheus";
import { useT } from "../../i18n";
import { score } from "../../lib/choseong";
import { type Line, prefixTree, treeLines } from "../../lib/prefixTree";
import { Text } from "../../ui/controls";
import { Empty, Failure } from "../../ui/Panel";

const SUFFIX = /_(bucket|sum|count|total|created)$/;

/** What is known of a metric; the parts of a histogram share what is known of the whole. */
export function aboutMetric(metadata: Metadata | undefined, name: string): Metadata[string][number] | undefined {
  return metadata?.[name]?.[0] ?? metadata?.[name.replace(SUFFIX, "")]?.[0];
}

/** The query a click on a metric starts with: counters as rates, histograms as a quantile. */
export function starter(name: string, type: string | undefined): string {
  const selector = /^[A-Za-z_:][\w:]*$/.test(name) ? name : `{${JSON.stringify(name)}}`;
  if (name.endsWith("_bucket")) return `histogram_quantile(0.99, sum by (le) (rate(${selector}[$__rate_interval])))`;
  // A native histogram is one series without parts.
  if (type === "histogram" && !SUFFIX.test(name))
    return `histogram_quantile(0.99, sum(rate(${selector}[$__rate_interval])))`;
  const counter = type === "counter" || /_(total|sum|count)$/.test(name);
  return counter ? `rate(${selector}[$__rate_interval])` : selector;
}

/** Names and metadata, read once a minute and shared by all who ask. */
export function useMetrics() {
  const names = useQuery({ queryKey: ["metricNames"], queryFn: ({ signal }) => metricNames(signal), staleTime: 60e3 });
  const metadata = useQuery({
    queryKey: ["metricMetadata"],
    queryFn: ({ signal }) => metricMetadata(signal),
    staleTime: 60e3,
  });
  return { names, metadata };
}

/** How well a metric fits all of some words; those found only in the help count less than those in the name. */
export function rankOf(words: readonly string[], name: string, help: string): number {
  let rank = 0;
  for (const word of words) {
    const own = score(word, name) || score(word, help) / 10;
    if (own === 0) return 0;
    rank += own;
  }
  return rank;
}

function useLines(
  typed: string,
  names: readonly string[] | undefined,
  metadata: Metadata | undefined,
  open: ReadonlySet<string>,
): Line[] {
  const sorted = useMemo(() => [...(names ?? [])].sort(), [names]);
  const tree = useMemo(() => prefixTree(sorted), [sorted]);
  return useMemo(() => {
    if (typed.trim() === "") return treeLines(tree, open);
    const words = typed.trim().split(/\s+/);
    return sorted
      .map((name) => ({ name, rank: rankOf(words, name, aboutMetric(metadata, name)?.help ?? "") }))
      .filter(({ rank }) => rank > 0)
      .sort((a, b) => b.rank - a.rank)
      .map(({ name }): Line => ({ kind: "name", name, depth: 0, prefix: "" }));
  }, [typed, tree, open, sorted, metadata]);
}

const keyOf = (line: Line) => (line.kind === "group" ? `g ${line.prefix}` : line.name);

interface BrowserProps {
  onPick: (query: string) => void;
  autoFocus?: boolean;
}

/** The list with its search field. */
export function MetricBrowser({ onPick, autoFocus }: BrowserProps) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { names, metadata } = useMetrics();
  const lines = useLines(wanted, names.data, metadata.data, open);
  const toggle = (prefix: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(prefix)) next.add(prefix);
      return next;
    });
  const act = (line: Line) => {
    if (line.kind === "group") toggle(line.prefix);
    else onPick(starter(line.name, aboutMetric(metadata.data, line.name)?.type));
  };
  return (
    <div className="metric-browser">
      <Text label={t("metrics.search")} value={typed} onChange={setTyped} {...(autoFocus ? { autoFocus: true } : {})} />
      <p className="faint small">
        {wanted.trim() === ""
          ? t("common.count", { n: (names.data?.length ?? 0).toLocaleString("en-US") })
          : t("metrics.found", { n: lines.length.toLocaleString("en-US") })}
      </p>
      {names.error ? <Failure error={names.error} retry={() => void names.refetch()} /> : null}
      {names.data && lines.length === 0 ? <Empty title={t("metrics.noneFound")} /> : null}
      {lines.length > 0 ? <Tree lines={lines} metadata={metadata.data} onAct={act} onToggle={toggle} /> : null}
    </div>
  );
}

interface TreeProps {
  lines: readonly Line[];
  metadata: Metadata | undefined;
  onAct: (line: Line) => void;
  onToggle: (prefix: string) => void;
}

function Tree({ lines, metadata, onAct, onToggle }: TreeProps) {
  const t = useT();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const [focused, setFocused] = useState(false);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => {
      const line = lines[index];
      return line?.kind === "name" && aboutMetric(metadata, line.name)?.help ? 46 : 28;
    },
    getItemKey: (index) => keyOf(lines[index] ?? { kind: "name", name: "", depth: 0, prefix: "" }),
    overscan: 10,
  });
  // Rows of other kinds come to other places when a group opens.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the lines decide the sizes
  useEffect(() => virtualizer.measure(), [lines, metadata, virtualizer]);
  const current = Math.min(at, lines.length - 1);
  const go = (next: number) => {
    const place = Math.max(0, Math.min(lines.length - 1, next));
    setAt(place);
    virtualizer.scrollToIndex(place);
  };
  const onKey = (event: React.KeyboardEvent) => {
    const line = lines[current];
    if (!line) return;
    const keys = new Map<string, () => void>([
      ["ArrowDown", () => go(current + 1)],
      ["ArrowUp", () => go(current - 1)],
      ["PageDown", () => go(current + 10)],
      ["PageUp", () => go(current - 10)],
      ["Home", () => go(0)],
      ["End", () => go(lines.length - 1)],
      ["Enter", () => onAct(line)],
      [" ", () => onAct(line)],
      ["ArrowRight", () => (line.kind === "group" && !line.open ? onToggle(line.prefix) : go(current + 1))],
      ["ArrowLeft", () => (line.kind === "group" && line.open ? onToggle(line.prefix) : go(parentOf(lines, current)))],
    ]);
    const act = keys.get(event.key);
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  return (
    <div
      className="browser"
      ref={box}
      tabIndex={0}
      role="tree"
      aria-label={t("metrics.browse")}
      aria-activedescendant={focused ? `${id}-${current}` : undefined}
      onKeyDown={onKey}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
    >
      <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
        {virtualizer.getVirtualItems().map(({ index, start, size }) => {
          const line = lines[index];
          if (!line) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree that has the focus takes the keys
            <div
              key={keyOf(line)}
              id={`${id}-${index}`}
              role="treeitem"
              tabIndex={-1}
              aria-level={line.depth + 1}
              aria-expanded={line.kind === "group" ? line.open : undefined}
              aria-selected={focused && index === current}
              aria-setsize={lines.length}
              aria-posinset={index + 1}
              className="browser-item"
              style={{ position: "absolute", top: start, height: size, paddingLeft: 8 + line.depth * 14 }}
              onClick={() => {
                setAt(index);
                onAct(line);
              }}
            >
              <LineBody line={line} metadata={metadata} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function parentOf(lines: readonly Line[], at: number): number {
  const depth = lines[at]?.depth ?? 0;
  for (let before = at - 1; before >= 0; before -= 1) if ((lines[before]?.depth ?? 0) < depth) return before;
  return at;
}

function LineBody({ line, metadata }: { line: Line; metadata: Metadata | undefined }) {
  if (line.kind === "group") {
    return (
      <span className="row nowrap-row" translate="no">
        {line.open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
        <code className="clip">{line.prefix}</code>
        <small className="faint end">{line.count.toLocaleString("en-US")}</small>
      </span>
    );
  }
  const about = aboutMetric(metadata, line.name);
  return (
    <span className="browser-metric" translate="no" title={about ? `${line.name}\n${about.help}` : line.name}>
      <span className="row nowrap-row">
        <MiddleClip prefix={line.prefix} text={line.name.slice(line.prefix.length)} />
        {about?.type ? (
          <small className="faint end nowrap">{[about.type, about.unit].filter(Boolean).join(" · ")}</small>
        ) : null}
      </span>
      {about?.help ? <small className="muted clip">{about.help}</small> : null}
    </span>
  );
}

const TAIL = 14;

/** A name cut in its middle where there is no room: how metrics end tells them apart. */
function MiddleClip({ prefix, text }: { prefix: string; text: string }) {
  return (
    <code className="middle-clip">
      {prefix === "" ? null : (
        <>
          <span className="visually-hidden">{prefix}</span>
          <span aria-hidden>…</span>
        </>
      )}
      <span className="clip">{text.slice(0, -TAIL)}</span>
      <span>{text.slice(-TAIL)}</span>
    </code>
  );
}
