// A LogQL query that answers numbers, drawn as a chart.

import { useLogRange } from "../../data/hooks";
import { useT } from "../../i18n";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { joinMatrices } from "../../viz/PromPanel";
import { TimeChart } from "../../viz/TimeChart";

/** The chart. */
export function LogMetric({ query }: { query: string }) {
  const t = useT();
  const { data, error, isPending, refetch } = useLogRange(query);
  const { times, series } = joinMatrices([{ expr: query }], [data]);
  return (
    <Panel title={t("metrics.graph")} note={t("metrics.series", { n: series.length })} query={query} busy={isPending}>
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && series.length === 0 ? <Empty title={t("chart.empty")} hint={t("chart.emptyHint")} /> : null}
      {series.length > 0 ? <TimeChart title={t("metrics.graph")} times={times} series={series} height={320} /> : null}
    </Panel>
  );
}
