// A ratio as number and bar; the bar turns warn and crit with the value.

import { formatValue } from "../lib/format";

/** The bar. */
export function Meter({ value, name }: { value: number | null; name: string }) {
  const ratio = Math.min(1, Math.max(0, value ?? 0));
  const tone = ratio >= 0.95 ? "crit" : ratio >= 0.85 ? "warn" : "accent";
  return (
    <span className="meter">
      <span>{formatValue(value, "ratio")}</span>
      <span
        className="meter-bar"
        role="meter"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(ratio * 100)}
      >
        <i style={{ width: `${ratio * 100}%`, background: `var(--${tone})` }} />
      </span>
    </span>
  );
}
