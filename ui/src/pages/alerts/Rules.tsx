// The rules that are loaded, as the Prometheus room lists them.

import { useNative } from "../../data/hooks";
import { useLanguage } from "../../i18n";
import { formatSeconds } from "../../lib/format";
import { CopyButton, Empty, Failure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";

interface Rule {
  name: string;
  query: string;
  type: "alerting" | "recording";
  state?: string;
  health?: string;
  lastError?: string;
  duration?: number;
  evaluationTime?: number;
}
interface RuleGroup {
  name: string;
  file: string;
  interval: number;
  rules: Rule[];
}

/** The tab. */
export function Rules() {
  const { t } = useLanguage();
  const { data, error, refetch } = useNative<{ data: { groups: RuleGroup[] } }>("/rooms/prometheus/api/v1/rules");
  const groups = data?.data.groups ?? [];
  const columns: Column<Rule>[] = [
    {
      id: "state",
      title: t("common.state"),
      sort: ({ state }) => state ?? "",
      cell: ({ state, type, health }) => (
        <State
          state={
            health === "err"
              ? "error"
              : type === "recording"
                ? "ok"
                : state === "inactive"
                  ? "ok"
                  : (state ?? "unknown")
          }
        />
      ),
    },
    {
      id: "name",
      title: t("common.name"),
      sort: ({ name }) => name,
      cell: ({ name }) => <span className="nowrap">{name}</span>,
    },
    {
      id: "query",
      title: t("alerts.query"),
      cell: ({ query, lastError }) => (
        <span className="rule-query">
          <code>{query}</code>
          {lastError ? <span className="error-text"> {lastError}</span> : null}
        </span>
      ),
    },
    {
      id: "for",
      title: t("alerts.for"),
      numeric: true,
      wide: true,
      sort: ({ duration }) => duration ?? null,
      cell: ({ duration }) => (duration ? formatSeconds(duration) : ""),
    },
    { id: "copy", title: "", wide: true, cell: ({ query }) => <CopyButton text={query} label="action.copyQuery" /> },
  ];
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  return (
    <div className="stack">
      {data && groups.length === 0 ? <Empty title={t("alerts.noRules")} hint={t("alerts.noRulesHint")} /> : null}
      {groups.map(({ name, file, interval, rules }) => (
        <Panel
          key={`${file}${name}`}
          title={<span translate="no">{name}</span>}
          note={`${file} · ${formatSeconds(interval)}`}
          flush
        >
          <Table
            label={`${t("alerts.rules")}: ${name}`}
            rows={rules}
            columns={columns}
            rowKey={(rule) => `${rule.type}${rule.name}${rule.query}`}
          />
        </Panel>
      ))}
    </div>
  );
}
