// State, never by colour alone: each state has its own shape and, in lists, its word.

import {
  BellOff,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  Info,
  type LucideIcon,
  OctagonAlert,
  TriangleAlert,
  Wrench,
} from "lucide-react";
import { type Key, useLanguage } from "../i18n";

interface Look {
  Icon: LucideIcon;
  tone: "ok" | "warn" | "crit" | "info" | "unknown";
  word: Key;
}

const LOOKS: Record<string, Look> = {
  ok: { Icon: CircleCheck, tone: "ok", word: "state.ok" },
  up: { Icon: CircleCheck, tone: "ok", word: "state.up" },
  warn: { Icon: TriangleAlert, tone: "warn", word: "state.warn" },
  warning: { Icon: TriangleAlert, tone: "warn", word: "state.warn" },
  crit: { Icon: OctagonAlert, tone: "crit", word: "state.crit" },
  critical: { Icon: OctagonAlert, tone: "crit", word: "state.crit" },
  down: { Icon: OctagonAlert, tone: "crit", word: "state.down" },
  failing: { Icon: OctagonAlert, tone: "crit", word: "state.failing" },
  error: { Icon: OctagonAlert, tone: "crit", word: "state.error" },
  firing: { Icon: OctagonAlert, tone: "crit", word: "state.firing" },
  pending: { Icon: CircleDot, tone: "warn", word: "state.pending" },
  resolved: { Icon: CircleCheck, tone: "ok", word: "state.resolved" },
  active: { Icon: BellOff, tone: "info", word: "state.active" },
  expired: { Icon: CircleDashed, tone: "unknown", word: "state.expired" },
  silenced: { Icon: BellOff, tone: "unknown", word: "state.silenced" },
  paused: { Icon: CirclePause, tone: "unknown", word: "state.paused" },
  maintenance: { Icon: Wrench, tone: "info", word: "state.maintenance" },
  info: { Icon: Info, tone: "info", word: "state.info" },
  unknown: { Icon: CircleDashed, tone: "unknown", word: "state.unknown" },
  reading: { Icon: CircleCheck, tone: "ok", word: "state.reading" },
  waiting: { Icon: CircleDot, tone: "warn", word: "state.waiting" },
};

const UNKNOWN: Look = { Icon: CircleDashed, tone: "unknown", word: "state.unknown" };

/** The tone of a state: the colour token it is drawn in. */
export function toneOf(state: string): Look["tone"] {
  return (LOOKS[state] ?? UNKNOWN).tone;
}

/** The key of a state's word. */
export function wordOf(state: string): Key {
  return (LOOKS[state] ?? UNKNOWN).word;
}

interface StateProps {
  state: string;
  /** Replaces the word; an empty text hides it and names the icon for screen readers instead. */
  text?: string;
  size?: number;
}

/** Icon and word of a state. */
export function State({ state, text, size = 16 }: StateProps) {
  const { t } = useLanguage();
  const { Icon, tone, word } = LOOKS[state] ?? UNKNOWN;
  const label = text ?? t(word);
  return (
    <span className={`state c-${tone}`}>
      <Icon size={size} strokeWidth={1.75} aria-hidden />
      {label === "" ? <span className="visually-hidden">{t(word)}</span> : label}
    </span>
  );
}
