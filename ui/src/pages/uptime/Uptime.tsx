// Uptime: the monitors at the left, one of them at the right; add, edit, pause and delete.

import { CirclePlus } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "react-aria-components";
import { useMay } from "../../app/session";
import { useParam, useParams, useSetParams } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Monitor } from "../../data/types";
import { useT } from "../../i18n";
import { score } from "../../lib/choseong";
import { formatValue } from "../../lib/format";
import { first } from "../../lib/params";
import { Text } from "../../ui/controls";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { Beats } from "./Beats";
import { MonitorDetail } from "./MonitorDetail";
import { MonitorForm } from "./MonitorForm";

/** The page. */
export function Uptime() {
  const t = useT();
  const may = useMay("editor");
  const params = useParams();
  const set = useSetParams();
  const [chosen, setChosen] = useParam("monitor");
  const [typed, setTyped] = useState("");
  const [editing, setEditing] = useState<Monitor | null>(null);
  const { data, error, refetch } = useNative<{ monitors: Monitor[] }>("/rooms/uptime/api/monitors");
  const monitors = useMemo(() => rankDown(data?.monitors ?? []), [data]);
  const shown = monitors.filter(
    ({ name, target }) => typed === "" || score(typed, name) > 0 || score(typed, target) > 0,
  );
  const current = monitors.find(({ id }) => String(id) === chosen) ?? shown[0];
  const adding = first(params.add) === "1";
  const close = () => {
    setEditing(null);
    set({ add: undefined, target: undefined }, true);
  };
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.uptime")}</h1>
        <p>{t("common.count", { n: monitors.length })}</p>
        {may ? (
          <Button className="btn primary end" onPress={() => set({ add: "1" }, true)}>
            <CirclePlus size={14} aria-hidden /> {t("uptime.add")}
          </Button>
        ) : null}
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <div className="progress" /> : null}
      {data && monitors.length === 0 ? (
        <Panel>
          <Empty
            title={t("uptime.none")}
            hint={t("uptime.noneHint")}
            action={
              may ? (
                <Button className="btn" onPress={() => set({ add: "1" }, true)}>
                  {t("uptime.add")}
                </Button>
              ) : null
            }
          />
        </Panel>
      ) : null}
      {monitors.length > 0 ? (
        <div className="uptime-split">
          <Panel className="monitor-list">
            <div className="pad-top">
              <Text
                label={t("uptime.search")}
                hideLabel
                placeholder={t("uptime.search")}
                value={typed}
                onChange={setTyped}
              />
            </div>
            <ul>
              {shown.map((monitor) => (
                <li key={monitor.id}>
                  <button
                    type="button"
                    className="monitor-item"
                    aria-current={monitor.id === current?.id ? "true" : undefined}
                    onClick={() => setChosen(String(monitor.id))}
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
          {current ? <MonitorDetail key={current.id} monitor={current} onEdit={() => setEditing(current)} /> : null}
        </div>
      ) : null}
      <MonitorForm isOpen={adding || editing !== null} monitor={editing} onClose={close} />
    </>
  );
}

const RANK: Record<string, number> = { down: 0, pending: 1, unknown: 2, up: 3, paused: 4 };

/** What is down first, then by name. */
export function rankDown(monitors: readonly Monitor[]): Monitor[] {
  return [...monitors].sort((a, b) => (RANK[a.state] ?? 2) - (RANK[b.state] ?? 2) || a.name.localeCompare(b.name));
}
