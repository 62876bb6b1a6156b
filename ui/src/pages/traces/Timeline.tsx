// The timeline of a trace: a tree of spans left, their bars right; only visible rows are in the document. Keys: up and
// down move, left and right fold, Enter opens the span.

import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useRef } from "react";
import type { JaegerSpan } from "../../data/rooms";
import { useT } from "../../i18n";
import { formatMicros } from "../../lib/format";
import type { TreeSpan } from "../../lib/trace";
import { State } from "../../ui/State";

interface TimelineProps {
  spans: TreeSpan<JaegerSpan>[];
  start: number;
  duration: number;
  closed: ReadonlySet<string>;
  colour: (service: string) => string;
  selected: string | undefined;
  onToggle: (id: string) => void;
  onSelect: (id: string) => void;
}

const ROW = 28;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** The rows. */
export function Timeline(props: TimelineProps) {
  const { spans, duration, selected, onToggle, onSelect, closed } = props;
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: spans.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const focusAt = (at: number) => {
    const next = Math.min(spans.length - 1, Math.max(0, at));
    virtualizer.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus());
  };
  const onKey = (event: React.KeyboardEvent, at: number) => {
    const id = spans[at]?.span.spanID ?? "";
    const folded = closed.has(id);
    if (event.key === "ArrowDown" || event.key === "j") focusAt(at + 1);
    else if (event.key === "ArrowUp" || event.key === "k") focusAt(at - 1);
    else if (event.key === "ArrowLeft" && !folded) onToggle(id);
    else if (event.key === "ArrowRight" && folded) onToggle(id);
    else if (event.key === "Enter" || event.key === " ") onSelect(id);
    else return;
    event.preventDefault();
  };
  const tabStop = Math.max(
    0,
    spans.findIndex(({ span }) => span.spanID === selected),
  );
  return (
    <div className="timeline">
      <div className="timeline-scale" aria-hidden>
        <span />
        <div>
          {TICKS.map((part) => (
            <span key={part} style={{ left: `${part * 100}%` }} data-last={part === 1 || undefined}>
              {formatMicros(duration * part)}
            </span>
          ))}
        </div>
      </div>
      <div className="timeline-rows" ref={box} role="tree" aria-label={t("traces.timeline")} tabIndex={-1}>
        <div style={{ height: virtualizer.getTotalSize(), position: "relative" }} role="presentation">
          {virtualizer.getVirtualItems().map(({ index, start }) => (
            <Row
              key={spans[index]?.span.spanID ?? index}
              {...props}
              at={index}
              top={start}
              onKey={onKey}
              tabStop={index === tabStop}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

interface RowProps extends TimelineProps {
  at: number;
  top: number;
  tabStop: boolean;
  onKey: (event: React.KeyboardEvent, at: number) => void;
}

function Row({
  spans,
  start,
  duration,
  closed,
  colour,
  selected,
  onToggle,
  onSelect,
  at,
  top,
  tabStop,
  onKey,
}: RowProps) {
  const item = spans[at];
  if (!item) return null;
  const { span, service, depth, children, below, error } = item;
  const folded = closed.has(span.spanID);
  const left = ((span.startTime - start) / duration) * 100;
  const width = Math.max(0.15, (span.duration / duration) * 100);
  return (
    <div
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={children > 0 ? !folded : undefined}
      aria-selected={selected === span.spanID}
      tabIndex={tabStop ? 0 : -1}
      data-row={at}
      className="timeline-row"
      style={{ transform: `translateY(${top}px)`, height: ROW }}
      onClick={() => onSelect(span.spanID)}
      onKeyDown={(event) => onKey(event, at)}
    >
      <div className="timeline-name" style={{ paddingLeft: 4 + Math.min(depth, 24) * 12 }}>
        {children > 0 ? (
          <button
            type="button"
            tabIndex={-1}
            aria-hidden
            className="fold"
            onClick={(event) => {
              event.stopPropagation();
              onToggle(span.spanID);
            }}
          >
            {folded ? <ChevronRight size={14} /> : <ChevronDown size={14} />}
          </button>
        ) : (
          <span className="fold" />
        )}
        <i className="dot" style={{ background: `var(${colour(service)})` }} />
        <span className="clip">
          <b>{service}</b> {span.operationName}
          {folded ? <small className="faint"> +{below}</small> : null}
        </span>
        {error ? <State state="error" text="" size={14} /> : null}
      </div>
      <div className="timeline-track">
        <div
          className="timeline-bar"
          style={{ left: `${left}%`, width: `${width}%`, background: `var(${colour(service)})` }}
          data-error={error || undefined}
        />
        <span
          className="timeline-time"
          style={timePlace(left, width)}
          data-inside={insideBar(left, width) || undefined}
        >
          {formatMicros(span.duration)}
        </span>
      </div>
    </div>
  );
}

/** A bar that fills the track carries its time inside; there is no room beside it. */
function insideBar(left: number, width: number): boolean {
  return left + width > 85 && left < 15;
}

/** Right of the bar, left of it near the end of the track, or inside at its right end. */
function timePlace(left: number, width: number): { left?: string; right?: string } {
  if (insideBar(left, width)) return { right: `${Math.max(0, 100 - left - width) + 0.5}%` };
  return left + width > 85 ? { right: `${100 - left + 0.5}%` } : { left: `${left + width + 0.5}%` };
}
