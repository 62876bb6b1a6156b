// The lines, virtual: only what is on the screen is in the document, each row measured once it is there.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { LogLine } from "../../data/rooms";
import { useT } from "../../i18n";
import { levelOf, type OnFilter } from "./fields";
import { LineRow } from "./LineRow";

interface LineListProps {
  lines: readonly LogLine[];
  onFilter: OnFilter;
}

/** Line identity across refreshes: time and text. Two equal lines of one nanosecond open together. */
const keyOf = ({ time, line }: LogLine) => `${time}${line.slice(0, 64)}`;

/** The list. */
export function LineList({ lines, onFilter }: LineListProps) {
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const levels = useMemo(() => lines.map(levelOf), [lines]);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => 24,
    overscan: 20,
  });
  const toggle = (key: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  if (lines.length === 0) return null;
  return (
    <div className="log-list" ref={box} tabIndex={0} role="region" aria-label={t("nav.logs")}>
      <div style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const line = lines[index] as LogLine;
          const key = keyOf(line);
          return (
            <div
              key={`${index}${key}`}
              data-index={index}
              ref={virtualizer.measureElement}
              className="log-slot"
              style={{ transform: `translateY(${start}px)` }}
            >
              <LineRow
                line={line}
                level={levels[index] ?? "unknown"}
                open={open.has(key)}
                onToggle={() => toggle(key)}
                onFilter={onFilter}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}
