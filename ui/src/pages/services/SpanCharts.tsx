// Rate, errors and p99 of a service that only its spans tell of.

import { useSpanSeries } from "../../data/spanSeries";
import { useT } from "../../i18n";
import { ChartPanel } from "../../viz/ChartPanel";

const PARTS = [
  { part: "rate", title: "red.rate", unit: "/s" },
  { part: "errors", title: "red.errors", unit: "ratio" },
  { part: "p99", title: "red.p99", unit: "seconds" },
] as const;

/** Three charts side by side. */
export function SpanCharts({ service }: { service: string }) {
  const t = useT();
  const { data, error, isPending, refetch } = useSpanSeries(service, true);
  return (
    <div className="grid">
      {PARTS.map(({ part, title, unit }) => (
        <div className="col-4" key={part}>
          <ChartPanel
            title={t(title)}
            times={data?.times ?? []}
            series={data ? [{ key: service, name: service, values: data[part] }] : []}
            unit={unit}
            height={140}
            {...(data ? { query: data.query } : {})}
            waiting={isPending}
            error={error}
            retry={() => void refetch()}
          />
        </div>
      ))}
    </div>
  );
}
