// The instant values of a query at the end of the time range, one row a series.

import { useInstant } from "../../data/hooks";
import type { Sample } from "../../data/rooms";
import { useT } from "../../i18n";
import { labelKey } from "../../lib/palette";
import { seriesName } from "../../lib/promql";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { Table } from "../../ui/Table";

/** The table of one query. */
export function ResultTable({ query }: { query: string }) {
  const t = useT();
  const { data, error, isPending, refetch } = useInstant(query);
  return (
    <Panel
      title={<code>{query}</code>}
      note={data ? t("metrics.series", { n: data.length }) : undefined}
      query={query}
      busy={isPending}
      flush
    >
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && data.length === 0 ? <Empty title={t("chart.empty")} hint={t("chart.emptyHint")} /> : null}
      {data && data.length > 0 ? (
        <Table<Sample>
          label={query}
          rows={data}
          rowKey={({ labels }) => labelKey(labels)}
          start={{ id: "value", down: true }}
          columns={[
            {
              id: "series",
              title: t("metrics.seriesName"),
              sort: ({ labels }) => seriesName(labels),
              cell: ({ labels }) => <code>{seriesName(labels)}</code>,
            },
            {
              id: "value",
              title: t("common.value"),
              numeric: true,
              sort: ({ value }) => value,
              cell: ({ value }) => <code>{Number.isNaN(value) ? "NaN" : String(value)}</code>,
            },
          ]}
        />
      ) : null}
    </Panel>
  );
}
