// The fields of the loaded lines, each with its five most frequent values; a click filters.

import { useMemo, useState } from "react";
import type { LogLine } from "../../data/rooms";
import { useT } from "../../i18n";
import { Text } from "../../ui/controls";
import { Panel } from "../../ui/Panel";
import { countFields, type OnFilter } from "./fields";

interface FacetsProps {
  lines: readonly LogLine[];
  onFilter: OnFilter;
}

const SAMPLE = 1000;
const MOST_FIELDS = 60;

/** The side list. */
export function Facets({ lines, onFilter }: FacetsProps) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const fields = useMemo(() => countFields(lines.slice(0, SAMPLE)), [lines]);
  const shown = fields.filter(({ name }) => name.toLowerCase().includes(typed.toLowerCase())).slice(0, MOST_FIELDS);
  const seen = Math.min(SAMPLE, lines.length);
  return (
    <Panel title={t("logs.facets")} className="facets">
      <Text label={t("logs.findField")} hideLabel placeholder={t("logs.findField")} value={typed} onChange={setTyped} />
      <ul className="facet-list">
        {shown.map(({ name, origin, lines: n, values }) => (
          <li key={name}>
            <details>
              <summary>
                <span className="clip" translate="no">
                  {name}
                </span>
                <small className="faint">{Math.round((n / Math.max(1, seen)) * 100)}%</small>
              </summary>
              <ul translate="no">
                {values.map(([value, count]) => (
                  <li key={value}>
                    <button
                      type="button"
                      className="facet-value"
                      title={value}
                      onClick={() => onFilter(name, "=", value, origin)}
                    >
                      <i style={{ width: `${(count / Math.max(1, n)) * 100}%` }} />
                      <span className="clip">{value === "" ? '""' : value}</span>
                      <small>{count}</small>
                    </button>
                  </li>
                ))}
              </ul>
            </details>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
