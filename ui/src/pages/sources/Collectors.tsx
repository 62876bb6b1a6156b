// The collectors at work: runs, failures, last error.

import { useClock } from "../../app/url";
import type { Collector } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatAgo, formatDateTime, formatValue } from "../../lib/format";
import { Empty, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";

/** The tab. */
export function Collectors({ collectors }: { collectors: Collector[] }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const columns: Column<Collector>[] = [
    { id: "state", title: t("common.state"), sort: ({ state }) => state, cell: ({ state }) => <State state={state} /> },
    {
      id: "name",
      title: t("common.name"),
      sort: ({ name }) => name,
      cell: ({ name, error }) => (
        <div>
          {name}
          {error ? <div className="error-text selectable">{error}</div> : null}
        </div>
      ),
    },
    { id: "kind", title: t("common.kind"), sort: ({ kind }) => kind, cell: ({ kind }) => kind },
    {
      id: "runs",
      title: t("sources.runs"),
      numeric: true,
      wide: true,
      sort: ({ runs }) => runs,
      cell: ({ runs }) => formatValue(runs, "count"),
    },
    {
      id: "failures",
      title: t("sources.failures"),
      numeric: true,
      sort: ({ failures }) => failures,
      cell: ({ failures }) => formatValue(failures, "count"),
    },
    {
      id: "last",
      title: t("sources.lastRun"),
      wide: true,
      sort: ({ last_run }) => last_run,
      cell: ({ last_run }) => (
        <time title={formatDateTime(last_run, language)}>{formatAgo(last_run, now, language)}</time>
      ),
    },
    {
      id: "duration",
      title: t("common.duration"),
      numeric: true,
      wide: true,
      sort: ({ duration }) => duration,
      cell: ({ duration }) => formatValue(duration, "seconds"),
    },
  ];
  return (
    <Panel flush>
      {collectors.length === 0 ? (
        <Empty title={t("sources.noCollectors")} hint={t("sources.noCollectorsHint")} />
      ) : (
        <Table
          label={t("sources.collectors")}
          rows={collectors}
          columns={columns}
          rowKey={({ kind, name }) => `${kind} ${name}`}
          start={{ id: "state", down: false }}
        />
      )}
    </Panel>
  );
}
