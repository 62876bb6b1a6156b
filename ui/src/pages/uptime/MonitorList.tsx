// The monitors as a list to choose from: state, name, uptime, last beats.

import { useState } from "react";
import type { Monitor } from "../../data/types";
import { useT } from "../../i18n";
import { score } from "../../lib/choseong";
import { formatValue } from "../../lib/format";
import { Text } from "../../ui/controls";
import { Empty, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { Beats } from "./Beats";

interface MonitorListProps {
  monitors: Monitor[];
  current: string | undefined;
  onChoose: (id: string) => void;
}

/** The list with its search field. */
export function MonitorList({ monitors, current, onChoose }: MonitorListProps) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const shown = monitors.filter(
    ({ name, target }) => typed === "" || score(typed, name) > 0 || score(typed, target) > 0,
  );
  return (
    <Panel className="monitor-list">
      <div className="pad-top">
        <Text label={t("uptime.search")} hideLabel placeholder={t("uptime.search")} value={typed} onChange={setTyped} />
      </div>
      <ul>
        {shown.map((monitor) => (
          <li key={monitor.id}>
            <button
              type="button"
              className="monitor-item"
              aria-current={monitor.id === current ? "true" : undefined}
              onClick={() => onChoose(String(monitor.id))}
            >
              <span className="row nowrap-row">
                <State state={monitor.state} text="" />
                <span className="clip grow">{monitor.name}</span>
                <span className="small muted">{formatValue(monitor.uptime_24h, "ratio")}</span>
              </span>
              <Beats beats={monitor.beats} slots={30} />
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 ? <Empty title={t("uptime.noMatch")} /> : null}
    </Panel>
  );
}
