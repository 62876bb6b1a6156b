// One metric taken apart: how many values each of its labels has, and which of them hold most of its series.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useTime } from "../../../app/url";
import { labelNames, queryInstant } from "../../../data/prometheus";
import { useT } from "../../../i18n";
import { printSelector } from "../../../lib/blocks";
import { formatValue } from "../../../lib/format";
import { quote } from "../../../lib/promql";
import { Empty, Failure, Panel } from "../../../ui/Panel";
import { aboutMetric, starter, useMetrics } from "../MetricBrowser";

/** More labels than this are not counted: each costs a query. */
const MOST_LABELS = 24;
const TOP = 12;

const grouping = (name: string) => (/^[A-Za-z_]\w*$/.test(name) ? name : quote(name));

interface LabelCount {
  name: string;
  values: number;
}

interface MetricDetailProps {
  metric: string;
  onClose: () => void;
}

/** The panel. */
export function MetricDetail({ metric, onClose }: MetricDetailProps) {
  const t = useT();
  const { range, from, to } = useTime();
  const { metadata } = useMetrics();
  const [chosen, setChosen] = useState<string | null>(null);
  const selector = printSelector({ metric, filters: [] });
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["metricLabels", metric, from, to],
    queryFn: async ({ signal }) => {
      const names = (await labelNames(selector, range, signal)).slice(0, MOST_LABELS);
      const [total, ...labels] = await Promise.all([
        one(`count(${selector})`, range.end, signal),
        ...names.map(
          async (name): Promise<LabelCount> => ({
            name,
            values: await one(`count(count by (${grouping(name)}) (${selector}))`, range.end, signal),
          }),
        ),
      ]);
      return { total, labels: labels.sort((a, b) => b.values - a.values || a.name.localeCompare(b.name)) };
    },
    staleTime: 60e3,
    retry: false,
  });
  const about = aboutMetric(metadata.data, metric);
  const most = Math.max(...(data?.labels ?? []).map(({ values }) => values), 1);
  const label = chosen ?? data?.labels[0]?.name ?? null;
  return (
    <Panel
      title={<code>{metric}</code>}
      note={[about?.type, about?.unit, about?.help].filter(Boolean).join(" · ")}
      busy={isPending}
      query={selector}
      actions={
        <>
          <Link className="btn ghost small" to="/explore/metrics" search={{ expr: starter(metric, about?.type) }}>
            {t("tsdb.ask")}
          </Link>
          <Button className="btn ghost icon small" aria-label={t("action.close")} onPress={onClose}>
            <X size={14} aria-hidden />
          </Button>
        </>
      }
    >
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && data.total === 0 ? <Empty title={t("tsdb.noSeries")} hint={t("metrics.emptyHint")} /> : null}
      {data && data.total > 0 ? (
        <>
          <p className="muted">
            {t("tsdb.detail", { n: formatValue(data.total, "count"), labels: data.labels.length })}
          </p>
          <div className="tsdb-lists">
            <ol className="ranking" aria-label={t("tsdb.labels")}>
              {data.labels.map(({ name, values }) => (
                <li key={name}>
                  <i style={{ width: `${(values / most) * 100}%` }} />
                  <button
                    type="button"
                    className="link clip"
                    aria-pressed={name === label}
                    translate="no"
                    onClick={() => setChosen(name)}
                  >
                    <code>{name}</code>
                  </button>
                  <b>{t("tsdb.values", { n: formatValue(values, "count") })}</b>
                </li>
              ))}
            </ol>
            {label ? <TopValues metric={metric} label={label} total={data.total} at={range.end} /> : null}
          </div>
        </>
      ) : null}
    </Panel>
  );
}

async function one(query: string, at: number, signal: AbortSignal): Promise<number> {
  return (await queryInstant(query, at, signal)).samples[0]?.value ?? 0;
}

interface TopValuesProps {
  metric: string;
  label: string;
  total: number;
  at: number;
}

function TopValues({ metric, label, total, at }: TopValuesProps) {
  const t = useT();
  const query = `topk(${TOP}, count by (${grouping(label)}) (${printSelector({ metric, filters: [] })}))`;
  const { data, error } = useQuery({
    queryKey: ["topValues", query],
    queryFn: ({ signal }) => queryInstant(query, at, signal),
    staleTime: 60e3,
    retry: false,
  });
  if (error) return <Failure error={error} />;
  const rows = [...(data?.samples ?? [])].sort((a, b) => b.value - a.value);
  return (
    <ol className="ranking" aria-label={t("tsdb.topValues", { name: label })}>
      {rows.map(({ labels, value }) => {
        const own = labels[label] ?? "";
        return (
          <li key={own}>
            <i style={{ width: `${(value / total) * 100}%` }} />
            <Link
              className="clip"
              translate="no"
              to="/explore/metrics"
              search={{ expr: printSelector({ metric, filters: [{ name: label, op: "=", value: own }] }) }}
            >
              <code>{own === "" ? t("builder.emptyValue") : own}</code>
            </Link>
            <b>{formatValue(value / total, "ratio")}</b>
          </li>
        );
      })}
    </ol>
  );
}
