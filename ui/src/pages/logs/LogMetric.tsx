// A LogQL query that answers numbers, drawn as a chart.

import { useLogRange } from "../../data/hooks";
import { useT } from "../../i18n";
import { ChartPanel } from "../../viz/ChartPanel";
import { joinMatrices } from "../../viz/PromPanel";

/** The chart. */
export function LogMetric({ query }: { query: string }) {
  const t = useT();
  const { data, error, isPending, refetch } = useLogRange(query);
  const { times, series } = joinMatrices([{ expr: query }], [data]);
  return (
    <ChartPanel
      title={t("metrics.tab.graph")}
      note={t("metrics.series", { n: series.length })}
      times={times}
      series={series}
      query={query}
      waiting={isPending}
      error={error}
      retry={() => void refetch()}
      height={320}
      hint={t("chart.emptyHint")}
    />
  );
}
