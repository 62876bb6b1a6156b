// Explore > Metrics: PromQL as text or blocks, its answers in five views, a browser of what there is to ask for, and what
// the store holds.

import { Gauge } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { usePageKeys } from "../../app/shell/shortcuts";
import { useParam, useParams, useSetParams } from "../../app/url";
import { useT } from "../../i18n";
import { Segments, Sheet } from "../../ui/controls";
import { Empty, Panel } from "../../ui/Panel";
import { useAnswers } from "./answers";
import { History } from "./History";
import { readRuns, withRun, writeRuns } from "./history";
import { MetricBrowser } from "./MetricBrowser";
import { QueryRows } from "./QueryRows";
import { Results } from "./Results";
import { EMPTY_ROW, MOST_ROWS, type Row, readRows, readSettings, TABS, writeRows } from "./state";
import { Tools } from "./Tools";
import { useWide } from "./useWide";
import "../../styles/metrics.css";

const Cardinality = lazy(() =>
  import("./cardinality/Cardinality").then(({ Cardinality }) => ({ default: Cardinality })),
);

/** The page. */
export function Metrics() {
  const t = useT();
  const [view, setView] = useParam("view", "query");
  const store = view === "cardinality";
  const head = (
    <Segments
      label={t("metrics.view")}
      value={store ? "cardinality" : "query"}
      onChange={setView}
      choices={[
        { id: "query", text: t("metrics.viewQuery") },
        { id: "cardinality", text: t("metrics.viewStore") },
      ]}
    />
  );
  if (!store) return <Ask head={head} />;
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.metrics")}</h1>
        {head}
      </div>
      <Suspense fallback={<div className="progress" />}>
        <Cardinality />
      </Suspense>
    </>
  );
}

/** Queries and answers. The rows that ran are in the URL; what is being typed is not until it runs. */
function Ask({ head }: { head: React.ReactNode }) {
  const t = useT();
  const params = useParams();
  const set = useSetParams();
  const rows = readRows(params);
  const settings = useMemo(() => readSettings(params), [params]);
  const [drafts, setDrafts] = useState<Row[]>(rows.length > 0 ? rows : [EMPTY_ROW]);
  const [open, setOpen] = useState<"browser" | "history" | null>(null);
  const wide = useWide();
  const key = JSON.stringify(rows);
  // A link or the back button changes the URL under the drafts.
  useEffect(() => {
    const next = JSON.parse(key) as Row[];
    setDrafts(next.length > 0 ? next : [EMPTY_ROW]);
  }, [key]);
  const { answers, step } = useAnswers(rows, settings);

  const run = (next: readonly Row[]) => {
    const written = writeRows(next);
    const queries = written.expr as string[];
    if (queries.length > 0) writeRuns(withRun(readRuns(), queries, Date.now()));
    set(written);
  };
  const pick = (query: string) => {
    const at = drafts.findIndex(({ text }) => text.trim() === "");
    const row = { ...EMPTY_ROW, text: query };
    run(at >= 0 ? drafts.map((old, index) => (index === at ? row : old)) : [...drafts, row].slice(0, MOST_ROWS));
    setOpen(null);
  };
  const page = useRef<HTMLDivElement>(null);
  usePageKeys({
    e: () => focusEditor(page.current),
    b: () => (wide ? page.current?.querySelector<HTMLElement>(".metric-browser input")?.focus() : setOpen("browser")),
    h: () => setOpen("history"),
    ...Object.fromEntries(
      TABS.map((tab, at) => [String(at + 1), () => set({ tab: tab === "graph" ? undefined : tab }, true)]),
    ),
  });
  return (
    <div ref={page} className="page-stack">
      <div className="page-head">
        <h1>{t("nav.metrics")}</h1>
        {head}
        <div className="row end">
          {wide ? null : (
            <Button className="btn" onPress={() => setOpen("browser")}>
              <Gauge size={14} aria-hidden /> {t("metrics.browse")}
            </Button>
          )}
          <Tools answers={answers} settings={settings} step={step} onHistory={() => setOpen("history")} />
        </div>
      </div>
      <div className="metrics-split">
        {wide ? (
          <Panel className="metrics-side">
            <MetricBrowser onPick={pick} />
          </Panel>
        ) : null}
        <div className="stack">
          <QueryRows drafts={drafts} answers={answers} onDrafts={setDrafts} onRun={run} />
          {rows.length === 0 ? (
            <Panel>
              <Empty title={t("metrics.none")} hint={t("metrics.noneHint")} />
            </Panel>
          ) : (
            <Results answers={answers} settings={settings} step={step} />
          )}
        </div>
      </div>
      <Sheet title={t("metrics.browse")} isOpen={open === "browser"} onClose={() => setOpen(null)} side>
        <MetricBrowser onPick={pick} autoFocus />
      </Sheet>
      <History
        isOpen={open === "history"}
        onClose={() => setOpen(null)}
        onPick={(queries) => {
          run(queries.map((text) => ({ ...EMPTY_ROW, text })));
          setOpen(null);
        }}
      />
    </div>
  );
}

/** The editor lives in a shadow root; until it is loaded a plain field stands in. */
function focusEditor(page: HTMLElement | null): void {
  const editor = page?.querySelector(".editor > div")?.shadowRoot?.querySelector<HTMLElement>(".cm-content");
  (editor ?? page?.querySelector<HTMLElement>(".editor input"))?.focus();
}
