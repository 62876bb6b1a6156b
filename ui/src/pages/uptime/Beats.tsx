// Heartbeat bars: one slot a beat, oldest left, colour and height by state (a missed beat is short, a failure is full).

import type { Beat } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatDateTime, formatValue } from "../../lib/format";
import { toneOf } from "../../ui/State";

interface BeatsProps {
  beats: readonly Beat[];
  slots: number;
  large?: boolean;
}

/** The bar; slots before the first beat stay empty. */
export function Beats({ beats, slots, large }: BeatsProps) {
  const { t, language } = useLanguage();
  const shown = beats.slice(-slots);
  const down = shown.filter(({ state }) => state === "down").length;
  const blank = slots - shown.length;
  return (
    <svg
      className={large ? "beats large" : "beats"}
      viewBox={`0 0 ${slots * 10} 24`}
      preserveAspectRatio="none"
      role="img"
      aria-label={t("uptime.beats", { n: shown.length, down })}
    >
      {shown.map((beat, at) => {
        const tone = toneOf(beat.state);
        const short = beat.state === "paused" || beat.state === "pending";
        return (
          <rect
            key={beat.at}
            x={(blank + at) * 10 + 2}
            y={short ? 8 : beat.state === "down" ? 0 : 3}
            width={6}
            height={short ? 8 : beat.state === "down" ? 24 : 18}
            rx={2}
            fill={`var(--${tone})`}
          >
            <title>{`${formatDateTime(beat.at, language)} · ${formatValue(beat.seconds, "seconds")} ${beat.message}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
