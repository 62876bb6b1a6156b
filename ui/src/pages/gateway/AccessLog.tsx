// The tail of the gateway's access log, from whichever log stream looks like one.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTime } from "../../app/url";
import { logLabels, logLabelValues, queryLogs } from "../../data/rooms";
import { useT } from "../../i18n";
import { escapeRegex, quote } from "../../lib/promql";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { levelOf } from "../logs/fields";
import { LineRow } from "../logs/LineRow";

/** Labels that may name an access log, best first. */
const NAMING = ["job", "log", "source", "stream", "service_name", "service", "app", "filename"];
const TAIL = 20;

/** The panel. */
export function AccessLog({ kinds }: { kinds: readonly string[] }) {
  const t = useT();
  const { range } = useTime();
  const names = ["access", ...kinds];
  const selector = useQuery({
    queryKey: ["accesslog", names.join()],
    queryFn: async ({ signal }) => {
      const looks = new RegExp(names.map(escapeRegex).join("|"), "i");
      const present = new Set(await logLabels(range, signal));
      for (const label of NAMING.filter((name) => present.has(name))) {
        const values = (await logLabelValues(label, range, signal)).filter((value) => looks.test(value));
        if (values.length > 0) return `{${label}=~${quote(values.map(escapeRegex).join("|"))}}`;
      }
      return "";
    },
    staleTime: 60e3,
  });
  const query = selector.data ?? "";
  const lines = useQuery({
    queryKey: ["accesslines", query, range.end],
    queryFn: ({ signal }) => queryLogs(query, range, TAIL, signal),
    enabled: query !== "",
    placeholderData: (before) => before,
  });
  const error = selector.error ?? lines.error;
  return (
    <Panel
      title={t("gateway.accessLog")}
      query={query || undefined}
      actions={
        query ? (
          <Link className="btn ghost small" to="/explore/logs" search={{ q: query }}>
            {t("nav.logs")}
          </Link>
        ) : null
      }
      flush
    >
      {error ? <Failure error={error} /> : null}
      {!error && !selector.isPending && (lines.data?.length ?? 0) === 0 && !lines.isLoading ? (
        <Empty title={t("gateway.noAccessLog")} hint={t("gateway.noAccessLogHint")} />
      ) : null}
      <div className="log-list static">
        {(lines.data ?? []).map((line, at) => (
          <LineRow key={`${line.time}${at}`} line={line} level={levelOf(line)} />
        ))}
      </div>
    </Panel>
  );
}
