// One row as a heat map: classic buckets, native histograms, or how the values of its series are spread.

import { Grid3x3, Table2 } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "react-aria-components";
import { useT } from "../../i18n";
import { heatOf } from "../../lib/buckets";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { ChartTable } from "../../viz/ChartTable";
import { bucketName, HeatMap } from "../../viz/HeatMap";
import type { Answer } from "./answers";
import { bucketUnit, unitOf } from "./units";

/** The view of one row. */
export function HeatView({ answer, step }: { answer: Answer; step: number }) {
  const t = useT();
  const [table, setTable] = useState(false);
  const { matrix, ran } = answer;
  const heat = useMemo(() => (matrix ? heatOf(matrix.series, matrix.times.length) : null), [matrix]);
  const unit = heat?.source === "values" ? unitOf(ran) : bucketUnit(ran);
  return (
    <Panel
      title={<code>{ran}</code>}
      note={heat ? t(`metrics.source.${heat.source}`) : undefined}
      query={ran}
      busy={answer.waiting}
      actions={
        heat ? (
          <Button
            className="btn ghost icon small"
            aria-label={t(table ? "chart.chart" : "chart.table")}
            onPress={() => setTable(!table)}
          >
            {table ? <Grid3x3 size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
          </Button>
        ) : null
      }
    >
      {answer.error ? <Failure error={answer.error} retry={answer.retry} /> : null}
      {matrix && !heat ? <Empty title={t("chart.empty")} hint={t("metrics.emptyHint")} /> : null}
      {matrix && heat && table ? (
        <ChartTable
          title={ran}
          times={matrix.times}
          unit="none"
          series={heat.rows.map((row) => ({
            key: `${row.low} ${row.high}`,
            name: bucketName(row, unit),
            values: row.counts.map((count) => (Number.isNaN(count) ? null : count)),
          }))}
        />
      ) : null}
      {matrix && heat && !table ? (
        <HeatMap title={ran} times={matrix.times} step={step} heat={heat} unit={unit} />
      ) : null}
    </Panel>
  );
}
