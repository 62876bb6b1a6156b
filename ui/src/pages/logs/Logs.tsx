// Explore > Logs: LogQL, a histogram by level, the lines with their fields, and live tail.

import { useQuery } from "@tanstack/react-query";
import { Play, Radio, Square } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Button } from "react-aria-components";
import { useParam, useParams, useSetParams, useTime } from "../../app/url";
import { logLabels, queryLogs } from "../../data/rooms";
import { QueryEditor } from "../../editor/QueryEditor";
import { useT } from "../../i18n";
import { first } from "../../lib/params";
import { addFilter, addMatcher, escapeRegex, isMetricQuery, quote } from "../../lib/promql";
import { Segments } from "../../ui/controls";
import { CopyButton, Empty, Failure, Panel } from "../../ui/Panel";
import { Facets } from "./Facets";
import type { OnFilter, Origin } from "./fields";
import { Histogram } from "./Histogram";
import { LineList } from "./LineList";
import { LogMetric } from "./LogMetric";
import { useLive } from "./live";

/** The page. */
export function Logs() {
  const t = useT();
  const set = useSetParams();
  const params = useParams();
  const found = useLabels();
  const labels = found.data;
  const service = first(params.service);
  const trace = first(params.of);
  const query = first(params.q) || startQuery(service, trace, labels);
  const [draft, setDraft] = useState(query);
  const [limit, setLimit] = useParam("limit", "500");
  const [live, setLive] = useParam("live", "off");
  useEffect(() => setDraft(query), [query]);

  const run = (text: string) => set({ q: text.replace(/\s*\n\s*/g, " ").trim(), service: undefined, of: undefined });
  const filter: OnFilter = (name, op, value, origin) => run(narrow(query, name, op, value, origin, labels ?? []));
  const numbers = isMetricQuery(query);

  return (
    <>
      <div className="page-head">
        <h1>{t("nav.logs")}</h1>
      </div>
      <Panel>
        <div className="stack pad-top">
          <div className="row nowrap-row query-row">
            <QueryEditor
              kind="logql"
              label={t("logs.query")}
              value={draft}
              onChange={setDraft}
              onRun={() => run(draft)}
            />
            <CopyButton text={draft} label="action.copyQuery" />
          </div>
          <div className="row">
            <Button className="btn primary" onPress={() => run(draft)}>
              <Play size={14} aria-hidden /> {t("action.run")}
            </Button>
            <Button
              className="btn"
              isDisabled={numbers}
              aria-pressed={live === "on"}
              onPress={() => setLive(live === "on" ? "off" : "on")}
            >
              {live === "on" ? <Square size={14} aria-hidden /> : <Radio size={14} aria-hidden />}
              {t(live === "on" ? "logs.stop" : "logs.live")}
            </Button>
            <Segments
              label={t("logs.limit")}
              value={limit}
              onChange={setLimit}
              choices={["100", "500", "2000"].map((id) => ({ id, text: id }))}
            />
          </div>
        </div>
      </Panel>
      {query === "" ? (
        <Panel busy={found.isPending}>
          {found.error ? <Failure error={found.error} retry={() => void found.refetch()} /> : null}
          {labels ? <Empty title={t("logs.none")} hint={t("logs.noneHint")} /> : null}
        </Panel>
      ) : numbers ? (
        <LogMetric query={query} />
      ) : (
        <Lines query={query} limit={Number(limit)} live={live === "on"} onFilter={filter} />
      )}
    </>
  );
}

/** Label names in the logs of the range. */
function useLabels() {
  const { range, from, to } = useTime();
  return useQuery({
    queryKey: ["logLabels", from, to],
    queryFn: ({ signal }) => logLabels(range, signal),
    staleTime: 60e3,
    retry: false,
  });
}

const NAMING = ["service_name", "service", "job", "app", "source", "filename", "host"];

/** Names that carry a trace id in labels and structured metadata. */
const TRACE_NAMES = ["trace_id", "traceID", "traceId", "TraceId", "traceid"];

/**
 * Every line of a trace, however it carries the id: as a label or structured metadata of any usual name, or anywhere in
 * its text, be that JSON, logfmt or prose. LogQL joins no line filter to a label filter by `or`, so the line becomes a
 * label for the length of the question.
 */
export function traceQuery(label: string, trace: string): string {
  const named = TRACE_NAMES.map((name) => `${name}=${quote(trace)}`).join(" or ");
  const inText = `whole_line=~${quote(`(?s).*${escapeRegex(trace)}.*`)}`;
  return `{${label}=~".+"} | label_format whole_line="{{__line__}}" | ${named} or ${inText} | drop whole_line`;
}

/** A query to begin with: everything, one service, or one trace. LogQL wants at least one matcher that is not empty. */
function startQuery(service: string, trace: string, labels: string[] | undefined): string {
  if (!labels || labels.length === 0) return "";
  const label = NAMING.find((name) => labels.includes(name)) ?? labels[0] ?? "job";
  if (trace !== "") return traceQuery(label, trace);
  if (service === "") return `{${label}=~".+"}`;
  return `{${labels.includes("service_name") ? "service_name" : label}=${quote(service)}}`;
}

/**
 * A click on a field as LogQL: a stream label narrows the selector, metadata filters behind it, and a field of the text
 * needs its parser first.
 */
function narrow(query: string, name: string, op: "=" | "!=", value: string, origin: Origin, stream: string[]): string {
  if (origin === "label")
    return stream.includes(name) ? addMatcher(query, name, op, value) : addFilter(query, name, op, value);
  const parsed = new RegExp(`\\|\\s*${origin}\\b`).test(query);
  return addFilter(parsed ? query : `${query.trim()} | ${origin}`, name, op, value);
}

interface LinesProps {
  query: string;
  limit: number;
  live: boolean;
  onFilter: OnFilter;
}

function Lines({ query, limit, live, onFilter }: LinesProps) {
  const t = useT();
  const { range, from, to } = useTime();
  const found = useQuery({
    queryKey: ["logs", query, limit, from, to, range.end],
    queryFn: ({ signal }) => queryLogs(query, range, limit, signal),
    enabled: !live,
    placeholderData: (before, last) => (last?.queryKey[1] === query ? before : undefined),
    retry: false,
  });
  const tail = useLive(query, live);
  const lines = useMemo(() => (live ? tail.lines : (found.data ?? [])), [live, tail.lines, found.data]);
  const counted = `sum by (level, detected_level, severity_text, status) (count_over_time(${query} [$__interval]))`;
  return (
    <>
      {live ? null : (
        <Panel title={t("logs.volume")} query={counted}>
          <Histogram query={counted} />
        </Panel>
      )}
      <div className="logs-split">
        <Facets lines={lines} onFilter={onFilter} />
        <Panel
          title={live ? t(`logs.state.${tail.state}`) : t("logs.lines", { n: lines.length })}
          note={!live && lines.length === limit ? t("logs.cut", { n: limit }) : undefined}
          busy={live ? tail.state === "connecting" : found.isPending}
          query={query}
          flush
        >
          {found.error && !live ? <Failure error={found.error} retry={() => void found.refetch()} /> : null}
          {!live && found.data?.length === 0 ? <Empty title={t("logs.nothing")} hint={t("chart.emptyHint")} /> : null}
          {live && lines.length === 0 ? <Empty title={t("logs.waiting")} /> : null}
          <LineList lines={lines} onFilter={onFilter} />
        </Panel>
      </div>
    </>
  );
}
