// Hosts as a honeycomb: one hexagon a host, its colour and sign the worst state, its fill level the CPU in use. One stop of
// Tab; arrow keys go from one to the next.

import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useRef, useState } from "react";
import type { Host } from "../data/types";
import { useLanguage } from "../i18n";
import { formatValue } from "../lib/format";
import { State, toneOf, wordOf } from "./State";

const HEXAGON = "M20 1 38 11.5v21L20 43 2 32.5v-21z";

/** Where an arrow key leads from a cell: the neighbour in reading order, or the nearest of the row above or below. */
export function nextCell(key: string, at: number, boxes: readonly { left: number; top: number }[]): number {
  const here = boxes[at];
  if (!here) return 0;
  if (key === "Home") return 0;
  if (key === "End") return boxes.length - 1;
  if (key === "ArrowLeft") return Math.max(0, at - 1);
  if (key === "ArrowRight") return Math.min(boxes.length - 1, at + 1);
  const down = key === "ArrowDown";
  let best = at;
  let score = Number.POSITIVE_INFINITY;
  for (const [index, { left, top }] of boxes.entries()) {
    const far = down ? top - here.top : here.top - top;
    if (far <= 1) continue;
    const cost = far * 1000 + Math.abs(left - here.left);
    if (cost < score) [best, score] = [index, cost];
  }
  return best;
}

const KEYS = new Set(["Home", "End", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

/** The cells. */
export function Honeycomb({ hosts, label }: { hosts: readonly Host[]; label: string }) {
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(0);
  const reached = Math.min(current, Math.max(0, hosts.length - 1));
  const onKey = (event: KeyboardEvent) => {
    if (!KEYS.has(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    const cells = [...(list.current?.querySelectorAll("a") ?? [])];
    const next = nextCell(
      event.key,
      reached,
      cells.map((cell) => cell.getBoundingClientRect()),
    );
    event.preventDefault();
    setCurrent(next);
    cells[next]?.focus();
  };
  return (
    <ul className="honeycomb" aria-label={label} ref={list} onKeyDown={onKey}>
      {hosts.map((host, at) => (
        <li key={host.instance}>
          <Cell host={host} reached={at === reached} onFocus={() => setCurrent(at)} />
        </li>
      ))}
    </ul>
  );
}

function Cell({ host, reached, onFocus }: { host: Host; reached: boolean; onFocus: () => void }) {
  const { t } = useLanguage();
  const tone = toneOf(host.state);
  const level = Math.min(1, Math.max(0, host.cpu ?? 0));
  const label = `${host.instance}: ${t(wordOf(host.state))}, ${t("hosts.cpu")} ${formatValue(host.cpu, "ratio")}, ${t("hosts.memory")} ${formatValue(host.memory, "ratio")}, ${t("hosts.disk")} ${formatValue(host.disk, "ratio")}`;
  return (
    <Link
      to={"/hosts"}
      search={{ host: host.instance }}
      className="hexagon"
      title={label}
      aria-label={label}
      tabIndex={reached ? 0 : -1}
      onFocus={onFocus}
    >
      <span className="hexagon-cell" aria-hidden>
        <svg viewBox="0 0 40 44" width={40} height={44} aria-hidden>
          <clipPath id={`level-${host.instance}`}>
            <rect x={0} y={44 - 44 * level} width={40} height={44 * level} />
          </clipPath>
          <path d={HEXAGON} fill={`var(--${tone})`} fillOpacity={0.12} />
          <path d={HEXAGON} fill={`var(--${tone})`} fillOpacity={0.4} clipPath={`url(#level-${host.instance})`} />
          <path
            d={HEXAGON}
            fill="none"
            stroke={`var(--${tone})`}
            strokeWidth={tone === "ok" ? 1.25 : 2.5}
            strokeDasharray={tone === "unknown" ? "3 3" : undefined}
          />
        </svg>
        <State state={host.state} text="" size={14} />
      </span>
      <span className="small clip" translate="no">
        {host.instance}
      </span>
    </Link>
  );
}
