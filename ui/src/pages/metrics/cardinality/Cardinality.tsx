// Where the series come from, and what the store holds: Prometheus's TSDB status, with a click through to a query, and one
// metric taken apart by its labels.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useStatus } from "../../../app/session";
import { useClock, useParam } from "../../../app/url";
import { queryInstant, runtimeInfo, type StatList, type TsdbStatus, tsdbStatus } from "../../../data/prometheus";
import { type Key, useLanguage } from "../../../i18n";
import { printSelector } from "../../../lib/blocks";
import { formatValue, type Unit } from "../../../lib/format";
import { Segments } from "../../../ui/controls";
import { Empty, Failure, Panel } from "../../../ui/Panel";
import { Suggest } from "../../../ui/Suggest";
import { useMetrics } from "../MetricBrowser";
import { MetricDetail } from "./MetricDetail";

const LIMITS = ["10", "50", "200"];

/** The view. */
export function Cardinality() {
  const { t } = useLanguage();
  const { now } = useClock();
  const [limit, setLimit] = useParam("limit", "10");
  const [metric, setMetric] = useParam("metric");
  const { names } = useMetrics();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["tsdb", limit, now],
    queryFn: ({ signal }) => tsdbStatus(Number(limit), signal),
    placeholderData: (before) => before,
    retry: false,
  });
  return (
    <div className="stack">
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      <Facts status={data} />
      <div className="row">
        <span className="labelled">
          <span aria-hidden>{t("tsdb.metric")}</span>
          <Suggest
            className="wide"
            label={t("tsdb.metric")}
            value={metric}
            choices={names.data ?? []}
            placeholder={t("builder.metricHint")}
            onChange={(name) => setMetric(name.trim())}
          />
        </span>
        <Segments
          label={t("tsdb.limit")}
          value={limit}
          onChange={setLimit}
          choices={LIMITS.map((id) => ({ id, text: id }))}
        />
      </div>
      {metric === "" ? null : <MetricDetail key={metric} metric={metric} onClose={() => setMetric("")} />}
      {data && data.headStats.numSeries === 0 ? <Empty title={t("tsdb.none")} hint={t("chart.emptyHint")} /> : null}
      <div className="tsdb-lists">
        <Ranking
          title="tsdb.byMetric"
          busy={isPending}
          list={data?.seriesCountByMetricName}
          link={(name) => (
            <button type="button" className="link" onClick={() => setMetric(name)}>
              <code>{name}</code>
            </button>
          )}
          query={(name) => `count(${printSelector({ metric: name, filters: [] })})`}
        />
        <Ranking
          title="tsdb.byPair"
          busy={isPending}
          list={data?.seriesCountByLabelValuePair}
          query={(pair) => {
            const at = pair.indexOf("=");
            const filters = [{ name: pair.slice(0, at), op: "=" as const, value: pair.slice(at + 1) }];
            return `topk(20, count by (__name__) (${printSelector({ metric: "", filters })}))`;
          }}
        />
        <Ranking title="tsdb.byLabel" busy={isPending} list={data?.labelValueCountByLabelName} query={byLabel} />
        <Ranking
          title="tsdb.byMemory"
          busy={isPending}
          list={data?.memoryInBytesByLabelName}
          unit="bytes"
          query={byLabel}
        />
      </div>
    </div>
  );
}

/** The values of a label with most series. */
function byLabel(name: string): string {
  const own = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
  return `topk(20, count by (${own}) (${printSelector({ metric: "", filters: [{ name, op: "!=", value: "" }] })}))`;
}

/** One number, and the query of its course where it has one. */
interface Fact {
  name: Key;
  value: string;
  expr?: string;
}

/** The newest value of one of the product's own metrics. */
function useOwn(expr: string): { expr: string; value: number | undefined } {
  const { now } = useClock();
  const { data } = useQuery({
    queryKey: ["own", expr, now],
    queryFn: ({ signal }) => queryInstant(expr, Date.now(), signal),
    placeholderData: (before) => before,
    retry: false,
  });
  return { expr, value: data?.samples[0]?.value };
}

/** What the store says of itself. */
function Facts({ status }: { status: TsdbStatus | undefined }) {
  const { t } = useLanguage();
  const { data: about } = useStatus();
  const runtime = useQuery({
    queryKey: ["runtimeInfo"],
    queryFn: ({ signal }) => runtimeInfo(signal),
    staleTime: 60e3,
    retry: false,
  });
  const stored = about?.signals.find(({ signal }) => signal === "metrics");
  const head = status?.headStats;
  const retention = runtime.data?.storageRetention;
  const memory = useOwn('process_resident_memory_bytes{job="gatewatch"}');
  const heads = useOwn('gatewatch_store_head_bytes{signal="metrics"}');
  const facts: Fact[] = [
    {
      name: "tsdb.series",
      value: formatValue(head?.numSeries, "count"),
      expr: 'gatewatch_store_head_series{signal="metrics"}',
    },
    { name: "tsdb.pairs", value: formatValue(head?.numLabelPairs, "count") },
    { name: "tsdb.headMemory", value: formatValue(heads.value, "bytes"), expr: heads.expr },
    { name: "tsdb.memory", value: formatValue(memory.value, "bytes"), expr: memory.expr },
    { name: "tsdb.samples", value: formatValue(stored?.rows), expr: 'gatewatch_store_rows{signal="metrics"}' },
    { name: "tsdb.bytes", value: formatValue(stored?.bytes, "bytes"), expr: 'gatewatch_store_bytes{signal="metrics"}' },
    { name: "tsdb.parts", value: formatValue(stored?.parts, "count"), expr: 'gatewatch_store_parts{signal="metrics"}' },
    {
      name: "tsdb.perSample",
      value: stored && stored.rows > 0 && stored.bytes > 0 ? `${(stored.bytes / stored.rows).toFixed(2)} B` : "–",
      expr: 'gatewatch_store_bytes{signal="metrics"} / gatewatch_store_rows{signal="metrics"}',
    },
    { name: "tsdb.retention", value: retention ? String(retention) : "–" },
  ];
  return (
    <dl className="stats">
      {facts.map(({ name, value, expr }) => (
        <div className="stat" key={name}>
          <dt>{t(name)}</dt>
          <dd>
            {expr ? (
              <Link to="/explore/metrics" search={{ expr }}>
                {value}
              </Link>
            ) : (
              value
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface RankingProps {
  title: Key;
  list: StatList | undefined;
  busy: boolean;
  unit?: Unit;
  /** The query a row leads to. */
  query: (name: string) => string;
  /** What the name of a row does; without it, it leads to the query too. */
  link?: (name: string) => ReactNode;
}

/** The largest of something, each with its bar and its query. */
export function Ranking({ title, list, busy, unit = "count", query, link }: RankingProps) {
  const { t } = useLanguage();
  const most = Math.max(...(list ?? []).map(({ value }) => value), 1);
  return (
    <Panel title={t(title)} busy={busy}>
      {list?.length === 0 ? <Empty title={t("chart.empty")} /> : null}
      <ol className="ranking">
        {(list ?? []).map(({ name, value }) => (
          <li key={name}>
            <i style={{ width: `${(value / most) * 100}%` }} />
            <span className="clip" translate="no" title={name}>
              {link ? (
                link(name)
              ) : (
                <Link to="/explore/metrics" search={{ expr: query(name), tab: "table", at: "instant" }}>
                  <code>{name}</code>
                </Link>
              )}
            </span>
            <b>{formatValue(value, unit)}</b>
            <Link
              to="/explore/metrics"
              search={{ expr: query(name), tab: "table", at: "instant" }}
              className="small"
              aria-label={`${t("tsdb.ask")}: ${name}`}
            >
              {t("tsdb.ask")}
            </Link>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
