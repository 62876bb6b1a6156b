// Explore > Metrics: PromQL rows, their graph or table, and a browser of what there is to ask for.

import { CirclePlus, Gauge, Play, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { useParam, useParams, useSetParams } from "../../app/url";
import { useRanges } from "../../data/hooks";
import { QueryEditor } from "../../editor/QueryEditor";
import { useT } from "../../i18n";
import { all } from "../../lib/params";
import { Sheet, TabSet } from "../../ui/controls";
import { CopyButton, Empty, Panel } from "../../ui/Panel";
import { ChartPanel } from "../../viz/ChartPanel";
import { joinMatrices } from "../../viz/PromPanel";
import { MetricBrowser } from "./MetricBrowser";
import { ResultTable } from "./ResultTable";

const MOST_QUERIES = 8;

/** The page. The queries that ran are in the URL; what is being typed is not until it runs. */
export function Metrics() {
  const t = useT();
  const params = useParams();
  const set = useSetParams();
  const ran = all(params.expr);
  const [drafts, setDrafts] = useState<string[]>(ran.length > 0 ? ran : [""]);
  const [tab, setTab] = useParam("tab", "graph");
  const [browsing, setBrowsing] = useState(false);
  const key = ran.join("\n");
  // A link or the back button changes the URL under the drafts.
  useEffect(() => setDrafts(key === "" ? [""] : key.split("\n")), [key]);

  // One line a query: a line break inside PromQL is only white space.
  const run = (queries: string[]) =>
    set({ expr: queries.map((text) => text.replace(/\s*\n\s*/g, " ").trim()).filter((text) => text !== "") });
  const put = (at: number, text: string) => setDrafts((list) => list.map((old, index) => (index === at ? text : old)));
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
      <Panel className="queries">
        <div className="stack pad-top">
          {drafts.map((text, at) => (
            <div className="row nowrap-row query-row" key={at}>
              <QueryEditor
                kind="promql"
                label={t("metrics.query", { n: at + 1 })}
                value={text}
                onChange={(next) => put(at, next)}
                onRun={() => run(drafts)}
              />
              <CopyButton text={text} label="action.copyQuery" />
              {drafts.length > 1 ? (
                <Button
                  className="btn ghost icon"
                  aria-label={t("metrics.remove", { n: at + 1 })}
                  onPress={() => {
                    const rest = drafts.filter((_, index) => index !== at);
                    setDrafts(rest);
                    run(rest);
                  }}
                >
                  <Trash2 size={14} aria-hidden />
                </Button>
              ) : null}
            </div>
          ))}
          <div className="row">
            <Button className="btn primary" onPress={() => run(drafts)}>
              <Play size={14} aria-hidden /> {t("action.run")}
            </Button>
            <Button
              className="btn"
              isDisabled={drafts.length >= MOST_QUERIES}
              onPress={() => setDrafts((list) => [...list, ""])}
            >
              <CirclePlus size={14} aria-hidden /> {t("metrics.add")}
            </Button>
            <span className="faint small hide-mobile">{t("metrics.keys")}</span>
          </div>
        </div>
      </Panel>
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
        <TabSet
          label={t("metrics.views")}
          value={tab === "table" ? "table" : "graph"}
          onChange={setTab}
          tabs={[
            { id: "graph", title: t("metrics.graph"), body: <Graph queries={ran} /> },
            {
              id: "table",
              title: t("metrics.table"),
              body: (
                <div className="stack">
                  {ran.map((query, at) => (
                    <ResultTable key={`${at}${query}`} query={query} />
                  ))}
                </div>
              ),
            },
          ]}
        />
      )}
      <Sheet title={t("metrics.browse")} isOpen={browsing} onClose={() => setBrowsing(false)} side>
        <MetricBrowser onPick={insert} />
      </Sheet>
    </>
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
