// Alerts: groups of what fires, silences, and the rules behind them.

import { useAlerts } from "../../app/session";
import { useParam } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Silence } from "../../data/types";
import { useT } from "../../i18n";
import { TabSet } from "../../ui/controls";
import { Groups } from "./Groups";
import { Rules } from "./Rules";
import { Silences } from "./Silences";

const TABS = ["groups", "silences", "rules"];

/** The page. */
export function Alerts() {
  const t = useT();
  const [tab, setTab] = useParam("tab", "groups");
  const alerts = useAlerts();
  const silences = useNative<{ silences: Silence[] }>("/api/gw/silences");
  const active = (silences.data?.silences ?? []).filter(({ state }) => state !== "expired").length;
  const count = (alerts.data?.groups ?? []).reduce((sum, group) => sum + group.alerts.length, 0);
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.alerts")}</h1>
        {alerts.data ? <p>{t("alerts.loaded", { n: alerts.data.rules_loaded })}</p> : null}
      </div>
      <TabSet
        label={t("nav.alerts")}
        value={TABS.includes(tab) ? tab : "groups"}
        onChange={setTab}
        tabs={[
          { id: "groups", title: `${t("nav.alerts")} ${count}`, body: <Groups alerts={alerts} /> },
          { id: "silences", title: `${t("alerts.silences")} ${active}`, body: <Silences silences={silences} /> },
          { id: "rules", title: t("alerts.rules"), body: <Rules /> },
        ]}
      />
    </>
  );
}
