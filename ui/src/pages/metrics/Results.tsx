// The answers: as a graph, a table, a heat map, a histogram, or explained; and how they are asked.

import { memo } from "react";
import { useParam, useSetParams } from "../../app/url";
import { useT } from "../../i18n";
import { parseDuration } from "../../lib/time";
import { Segments, TabSet } from "../../ui/controls";
import { Failure } from "../../ui/Panel";
import { Suggest } from "../../ui/Suggest";
import type { Answer } from "./answers";
import { Explain } from "./Explain";
import { Graph } from "./Graph";
import { HeatView } from "./HeatView";
import { HistogramView } from "./HistogramView";
import { ResultTable } from "./ResultTable";
import { type Settings, STYLES, type Style, TABS } from "./state";

interface ResultsProps {
  answers: readonly Answer[];
  settings: Settings;
  step: number;
}

/** The views. Drawn anew only for new answers, not at each key typed into a query. */
export const Results = memo(function Results({ answers, settings, step }: ResultsProps) {
  const t = useT();
  const set = useSetParams();
  const shown = answers.filter(({ row, resolved }) => row.on && "query" in resolved);
  const bodies = {
    graph: () => <Graph answers={shown} settings={settings} step={step} />,
    table: () => shown.map((answer) => <ResultTable key={answer.name} answer={answer} settings={settings} />),
    heat: () => shown.map((answer) => <HeatView key={answer.name} answer={answer} step={step} />),
    histogram: () => shown.map((answer) => <HistogramView key={answer.name} answer={answer} />),
    explain: () => shown.map((answer) => <Explain key={answer.name} answer={answer} settings={settings} step={step} />),
  };
  return (
    <>
      <Controls settings={settings} step={step} />
      <TabSet
        label={t("metrics.views")}
        value={settings.tab}
        onChange={(tab) => set({ tab: tab === "graph" ? undefined : tab }, true)}
        tabs={TABS.map((id) => ({
          id,
          title: t(`metrics.tab.${id}`),
          body: id === settings.tab ? <div className="stack">{bodies[id]()}</div> : null,
        }))}
      />
    </>
  );
});

const STEPS = ["5s", "15s", "30s", "1m", "5m", "15m", "1h"];

function Controls({ settings, step }: { settings: Settings; step: number }) {
  const t = useT();
  const set = useSetParams();
  const [, setStyle] = useParam("style", "lines");
  const duration = (name: "step" | "lookback") => (text: string) => {
    const value = text.trim();
    if (value === "" || parseDuration(value) !== null) set({ [name]: value || undefined }, true);
  };
  return (
    <div className="row metric-controls">
      <Segments
        label={t("metrics.when")}
        value={settings.instant ? "instant" : "range"}
        onChange={(id) => set({ at: id === "instant" ? "instant" : undefined }, true)}
        choices={[
          { id: "range", text: t("metrics.range") },
          { id: "instant", text: t("metrics.instant") },
        ]}
      />
      {settings.tab === "graph" && !settings.instant ? (
        <Segments
          label={t("metrics.style")}
          value={settings.style}
          onChange={(id) => setStyle(id as Style)}
          choices={STYLES.map((id) => ({ id, text: t(`metrics.style.${id}`) }))}
        />
      ) : null}
      <span className="labelled">
        <span aria-hidden>{t("metrics.step")}</span>
        <Suggest
          className="brief"
          label={t("metrics.step")}
          value={settings.step}
          choices={STEPS}
          placeholder={t("metrics.auto", { n: `${step}s` })}
          onChange={duration("step")}
        />
      </span>
      <span className="labelled">
        <span aria-hidden>{t("metrics.lookback")}</span>
        <Suggest
          className="brief"
          label={t("metrics.lookback")}
          value={settings.lookback}
          choices={["30s", "1m", "5m", "15m", "1h"]}
          placeholder="5m"
          onChange={duration("lookback")}
        />
      </span>
      {settings.tab === "graph" && !settings.instant ? (
        <label className="row nogap">
          <input
            type="checkbox"
            checked={settings.exemplars}
            onChange={(event) => set({ exemplars: event.target.checked ? undefined : "off" }, true)}
          />
          <span className="small">{t("metrics.exemplars")}</span>
        </label>
      ) : null}
    </div>
  );
}

/** The failures of answers, each once. */
export function Failures({ answers }: { answers: readonly Answer[] }) {
  return answers
    .filter(({ error }) => error)
    .map(({ name, error, retry }) => <Failure key={name} error={error} retry={retry} />);
}
