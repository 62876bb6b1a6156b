// The legend of a chart: colour, name and last value; a click hides and shows a series.

import { useT } from "../i18n";
import { formatValue, type Unit } from "../lib/format";
import { type ChartSeries, colourOf, lastOf } from "./series";

interface LegendProps {
  series: readonly ChartSeries[];
  unit: Unit;
  strokes: ReadonlyMap<string, { slot: number }>;
  hidden: ReadonlySet<string>;
  onToggle: (key: string) => void;
}

const MOST = 24;

/** The list. */
export function Legend({ series, unit, strokes, hidden, onToggle }: LegendProps) {
  const t = useT();
  return (
    <ul className="legend" translate="no">
      {series.slice(0, MOST).map(({ key, name, token, values }) => (
        <li key={key}>
          <button type="button" aria-pressed={!hidden.has(key)} onClick={() => onToggle(key)} title={name}>
            <i style={{ background: colourOf(key, token, strokes) }} />
            <span className="clip">{name}</span>
            <b>{formatValue(lastOf(values), unit)}</b>
          </button>
        </li>
      ))}
      {series.length > MOST ? <li className="faint">{t("chart.more", { n: series.length - MOST })}</li> : null}
    </ul>
  );
}
