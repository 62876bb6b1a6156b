// Scrape targets: state, last scrape, how long it took, how much came, and the error as selectable text.

import { useMemo } from "react";
import { useClock, useParam, useScope } from "../../app/url";
import type { Target } from "../../data/types";
import { type Translate, useLanguage } from "../../i18n";
import { formatAgo, formatDateTime, formatValue, type Language } from "../../lib/format";
import { inScope } from "../../lib/scope";
import { Segments } from "../../ui/controls";
import { Empty, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";

/** The tab. */
export function Targets({ targets }: { targets: Target[] }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const [scope] = useScope();
  const [state, setState] = useParam("state", "all");
  const shown = useMemo(
    () =>
      targets.filter(
        (target) =>
          (state === "all" || target.state === state) &&
          inScope(scope, { host: target.instance, job: target.job, gateway: target.instance }),
      ),
    [targets, state, scope],
  );
  const columns = targetColumns(t, language, now);
  return (
    <div className="stack">
      <Segments
        label={t("common.state")}
        value={state}
        onChange={setState}
        choices={["all", "up", "down", "unknown"].map((id) => ({
          id,
          text: `${t(id === "all" ? "common.all" : (`state.${id}` as "state.up"))} ${id === "all" ? targets.length : targets.filter((target) => target.state === id).length}`,
        }))}
      />
      <Panel flush>
        {shown.length === 0 ? (
          <Empty
            title={t(targets.length === 0 ? "sources.noTargets" : "sources.noMatch")}
            hint={targets.length === 0 ? t("sources.noTargetsHint") : undefined}
          />
        ) : (
          <Table
            label={t("sources.targets")}
            rows={shown}
            columns={columns}
            rowKey={({ job, url }) => `${job} ${url}`}
            start={{ id: "state", down: false }}
          />
        )}
      </Panel>
    </div>
  );
}

function targetColumns(t: Translate, language: Language, now: number): Column<Target>[] {
  return [
    {
      id: "state",
      title: t("common.state"),
      sort: ({ state: own }) => ({ down: 0, unknown: 1, up: 2 })[own] ?? 1,
      cell: ({ state: own }) => <State state={own} />,
    },
    { id: "job", title: t("scope.job"), wide: true, sort: ({ job }) => job, cell: ({ job }) => job },
    {
      id: "instance",
      title: t("sources.instance"),
      sort: ({ instance }) => instance,
      cell: ({ instance, url, error, labels }) => (
        <div>
          <span
            title={Object.entries(labels)
              .map(([name, value]) => `${name}=${value}`)
              .join(", ")}
          >
            {instance}
          </span>
          <div className="faint small">{url}</div>
          {error ? <div className="error-text selectable">{error}</div> : null}
        </div>
      ),
    },
    {
      id: "last",
      title: t("sources.lastScrape"),
      wide: true,
      sort: ({ last_scrape }) => last_scrape,
      cell: ({ last_scrape }) => (
        <time title={formatDateTime(last_scrape, language)}>{formatAgo(last_scrape, now, language)}</time>
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
    {
      id: "samples",
      title: t("sources.samples"),
      numeric: true,
      wide: true,
      sort: ({ samples }) => samples,
      cell: ({ samples }) => formatValue(samples, "count"),
    },
  ];
}
