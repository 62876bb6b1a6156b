// Explore > Metrics: PromQL rows, their graph or table, and a browser of what there is to ask for.

import { Gauge } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { useParam, useParams, useSetParams } from "../../app/url";
import { useRanges } from "../../data/hooks";
import { useT } from "../../i18n";
import { all } from "../../lib/params";
import { Sheet, TabSet } from "../../ui/controls";
import { Empty, Panel } from "../../ui/Panel";
import { ChartPanel } from "../../viz/ChartPanel";
import { joinMatrices } from "../../viz/PromPanel";
import { MetricBrowser } from "./MetricBrowser";
import { MOST_QUERIES, QueryRows } from "./QueryRows";
import { ResultTable } from "./ResultTable";

/** The page. The queries that ran are in the URL; what is being typed is not until it runs. */
export function Metrics() {
  const t = useT();
  const params = useParams();
  const set = useSetParams();
  const ran = all(params.expr);
  const [drafts, setDrafts] = useState<string[]>(ran.length > 0 ? ran : [""]);
  const [browsing, setBrowsing] = useState(false);
  const key = ran.join("\n");
  // A link or the back button changes the URL under the drafts.
  useEffect(() => setDrafts(key === "" ? [""] : key.split("\n")), [key]);

  // One line a query: a line break inside PromQL is only white space.
  const run = (queries: string[]) =>
    set({ expr: queries.map((text) => text.replace(/\s*\n\s*/g, " ").trim()).filter((text) => text !== "") });
  const insert = (name: string) => {
    const at = drafts.findIndex((text) => text.trim() === "");
    const next =
      at >= 0 ? drafts.map((text, index) => (index === at ? name : text)) : [...drafts, name].slice(0, MOST_QUERIES);
    setDrafts(next);
    run(next);
    setBrowsing(false);
  };

  return (
    <>
      <div className="page-head">
        <h1>{t("nav.metrics")}</h1>
        <div className="row end">
          <Button className="btn" onPress={() => setBrowsing(true)}>
            <Gauge size={14} aria-hidden /> {t("metrics.browse")}
          </Button>
        </div>
      </div>
      <QueryRows drafts={drafts} onDrafts={setDrafts} onRun={run} />
      {ran.length === 0 ? (
        <Panel>
          <Empty
            title={t("metrics.none")}
            hint={t("metrics.noneHint")}
            action={
              <Button className="btn" onPress={() => setBrowsing(true)}>
                {t("metrics.browse")}
              </Button>
            }
          />
        </Panel>
      ) : (
        <Results queries={ran} />
      )}
      <Sheet title={t("metrics.browse")} isOpen={browsing} onClose={() => setBrowsing(false)} side>
        <MetricBrowser onPick={insert} />
      </Sheet>
    </>
  );
}

function Results({ queries }: { queries: string[] }) {
  const t = useT();
  const [tab, setTab] = useParam("tab", "graph");
  const tables = queries.map((query, at) => <ResultTable key={`${at}${query}`} query={query} />);
  return (
    <TabSet
      label={t("metrics.views")}
      value={tab === "table" ? "table" : "graph"}
      onChange={setTab}
      tabs={[
        { id: "graph", title: t("metrics.graph"), body: <Graph queries={queries} /> },
        { id: "table", title: t("metrics.table"), body: <div className="stack">{tables}</div> },
      ]}
    />
  );
}

function Graph({ queries }: { queries: string[] }) {
  const t = useT();
  const answers = useRanges(queries);
  const { times, series } = joinMatrices(
    queries.map((expr) => ({ expr })),
    answers.map(({ data }) => data),
  );
  const failed = answers.find(({ error }) => error);
  const warnings = answers.flatMap(({ data }) => data?.warnings ?? []);
  return (
    <div className="stack">
      {warnings.map((text) => (
        <div className="notice warn" key={text}>
          {text}
        </div>
      ))}
      <ChartPanel
        title={t("metrics.graph")}
        note={t("metrics.series", { n: series.length })}
        times={times}
        series={series}
        query={queries.join("\n")}
        waiting={answers.some(({ isPending }) => isPending)}
        error={failed?.error}
        retry={() => void failed?.refetch()}
        height={340}
        hint={t("chart.emptyHint")}
      />
    </div>
  );
}
