// Data > Sources: where data comes from, what fails and why, what was found, and how much is stored.

import { useStatus } from "../../app/session";
import { useParam } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Sources as Data } from "../../data/types";
import { useT } from "../../i18n";
import { TabSet } from "../../ui/controls";
import { Failure, PageFailure } from "../../ui/Panel";
import { Collectors } from "./Collectors";
import { Discovered } from "./Discovered";
import { Store } from "./Store";
import { Tails } from "./Tails";
import { Targets } from "./Targets";

const TABS = ["targets", "collectors", "tails", "store"];

/** The page. */
export function Sources() {
  const t = useT();
  const [tab, setTab] = useParam("tab", "targets");
  const { data, error, refetch } = useNative<Data>("/api/gw/sources");
  const { data: status } = useStatus();
  if (error && !data) return <PageFailure title={t("nav.sources")} error={error} retry={() => void refetch()} />;
  if (!data) return <div className="progress" />;
  const bad = data.targets.filter(({ state }) => state === "down").length;
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.sources")}</h1>
        {status ? <p>{t("sources.version", { version: status.version, path: status.data_dir })}</p> : null}
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      <Discovered found={data.discovered} />
      <TabSet
        label={t("nav.sources")}
        value={TABS.includes(tab) ? tab : "targets"}
        onChange={setTab}
        tabs={[
          {
            id: "targets",
            title: `${t("sources.targets")} ${data.targets.length}${bad > 0 ? ` · ${t("state.down")} ${bad}` : ""}`,
            body: <Targets targets={data.targets} />,
          },
          {
            id: "collectors",
            title: `${t("sources.collectors")} ${data.collectors.length}`,
            body: <Collectors collectors={data.collectors} />,
          },
          { id: "tails", title: `${t("sources.tails")} ${data.tails.length}`, body: <Tails tails={data.tails} /> },
          { id: "store", title: t("sources.store"), body: <Store /> },
        ]}
      />
    </>
  );
}
