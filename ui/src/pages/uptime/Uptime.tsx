// Uptime: the monitors at the left, one of them at the right; add, edit, pause and delete.

import { CirclePlus } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "react-aria-components";
import { useMay } from "../../app/session";
import { useParam, useParams, useSetParams } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Monitor } from "../../data/types";
import { useT } from "../../i18n";
import { first } from "../../lib/params";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { MonitorDetail } from "./MonitorDetail";
import { MonitorForm } from "./MonitorForm";
import { MonitorList } from "./MonitorList";

/** The page. */
export function Uptime() {
  const t = useT();
  const may = useMay("editor");
  const params = useParams();
  const set = useSetParams();
  const [chosen, setChosen] = useParam("monitor");
  const [editing, setEditing] = useState<Monitor | null>(null);
  const { data, error, refetch } = useNative<{ monitors: Monitor[] }>("/rooms/uptime/api/monitors");
  const monitors = useMemo(() => rankDown(data?.monitors ?? []), [data]);
  const current = monitors.find(({ id }) => String(id) === chosen) ?? monitors[0];
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
          <MonitorList monitors={monitors} current={current?.id} onChoose={setChosen} />
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
