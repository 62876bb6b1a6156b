// Explore > Traces: search as Jaeger's users know it, results as dots and rows, and one trace.

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useParams, useSetParams, useTime } from "../../app/url";
import { type JaegerTrace, searchTraces, traceServices } from "../../data/rooms";
import { useT } from "../../i18n";
import { first } from "../../lib/params";
import { buildTree, tagsToJson } from "../../lib/trace";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { ResultList, type TraceRow } from "./ResultList";
import { Scatter } from "./Scatter";
import { SearchForm } from "./SearchForm";
import { TracePage } from "./TracePage";

/** The page. */
export function Traces() {
  const params = useParams();
  const trace = first(params.trace);
  return trace === "" ? <Search /> : <TracePage id={trace} />;
}

function summarise(trace: JaegerTrace): TraceRow {
  const tree = buildTree(trace.spans, trace.processes);
  const root = tree.spans[0];
  const counts = new Map<string, number>();
  for (const { service } of tree.spans) counts.set(service, (counts.get(service) ?? 0) + 1);
  return {
    id: trace.traceID,
    service: root?.service ?? "",
    operation: root?.span.operationName ?? "",
    start: tree.start,
    duration: tree.duration,
    spans: tree.spans.length,
    errors: tree.errors,
    services: [...counts].sort((a, b) => b[1] - a[1]),
  };
}

function Search() {
  const t = useT();
  const params = useParams();
  const set = useSetParams();
  const { range, from, to } = useTime();
  const services = useQuery({
    queryKey: ["traceServices"],
    queryFn: ({ signal }) => traceServices(signal),
    staleTime: 30e3,
  });
  const service = first(params.service) || (services.data?.[0] ?? "");
  const search = {
    service,
    operation: first(params.operation),
    tags: tagsToJson(first(params.tags)),
    minDuration: first(params.min),
    maxDuration: first(params.max),
    limit: Number(first(params.limit, "20")) || 20,
  };
  const found = useQuery({
    queryKey: ["traces", JSON.stringify(search), from, to, range.end],
    queryFn: ({ signal }) => searchTraces({ ...search, tags: search.tags ?? "" }, range, signal),
    enabled: service !== "",
    placeholderData: (before, last) => (last?.queryKey[1] === JSON.stringify(search) ? before : undefined),
    retry: false,
  });
  const rows = useMemo(() => (found.data ?? []).map(summarise), [found.data]);
  const open = (id: string) => set({ trace: id });
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.traces")}</h1>
      </div>
      <div className="traces-split">
        <SearchForm services={services.data ?? []} service={service} />
        <div className="stack">
          {services.error ? <Failure error={services.error} retry={() => void services.refetch()} /> : null}
          {services.data?.length === 0 ? (
            <Panel>
              <Empty title={t("traces.none")} hint={t("traces.noneHint")} />
            </Panel>
          ) : null}
          {service === "" ? null : (
            <>
              <Panel title={t("traces.durations")} busy={found.isPending} note={t("traces.found", { n: rows.length })}>
                {found.error ? <Failure error={found.error} retry={() => void found.refetch()} /> : null}
                {found.data && rows.length === 0 ? (
                  <Empty title={t("traces.nothing")} hint={t("traces.nothingHint")} />
                ) : null}
                {rows.length > 0 ? <Scatter rows={rows} onOpen={open} /> : null}
              </Panel>
              {rows.length > 0 ? <ResultList rows={rows} /> : null}
            </>
          )}
        </div>
      </div>
    </>
  );
}
