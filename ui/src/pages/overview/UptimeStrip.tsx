// The monitors in short: state, name, last beats.

import { useNative } from "../../data/hooks";
import type { Monitor } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatValue } from "../../lib/format";
import { Entity } from "../../ui/Entity";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { Beats } from "../uptime/Beats";

/** The panel. */
export function UptimeStrip() {
  const { t } = useLanguage();
  const { data, error } = useNative<{ monitors: Monitor[] }>("/rooms/uptime/api/monitors");
  const monitors = data?.monitors ?? [];
  return (
    <Panel title={t("overview.uptime")} note={monitors.length > 0 ? String(monitors.length) : undefined}>
      {error ? <Failure error={error} /> : null}
      {data && monitors.length === 0 ? <Empty title={t("uptime.none")} hint={t("uptime.noneHint")} /> : null}
      <ul className="stack">
        {monitors.slice(0, 8).map((monitor) => (
          <li key={monitor.id} className="row nowrap-row">
            <State state={monitor.state} text="" />
            <span className="strip-name clip">
              <Entity kind="monitor" name={monitor.name} id={monitor.id} />
            </span>
            <Beats beats={monitor.beats.slice(-30)} slots={30} />
            <span className="num small muted">{formatValue(monitor.uptime_24h, "ratio")}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
