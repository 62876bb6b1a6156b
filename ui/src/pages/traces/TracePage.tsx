// One trace: what it was, its shape in small, the timeline, and the span that is looked at.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useParams, useSetParams } from "../../app/url";
import { getTrace, type JaegerSpan } from "../../data/rooms";
import { useT } from "../../i18n";
import { assignStrokes } from "../../lib/palette";
import { first } from "../../lib/params";
import { buildTree, type Tree, type TreeSpan, visibleSpans } from "../../lib/trace";
import { Text } from "../../ui/controls";
import { Empty, PageFailure, Panel } from "../../ui/Panel";
import { Minimap } from "./Minimap";
import { SpanDrawer } from "./SpanDrawer";
import { Timeline } from "./Timeline";
import { TraceHead } from "./TraceHead";

/** Whether a span is kept by the filter box: `error`, `> 5ms`, or text in service, operation or tags. */
export function keepsSpan({ span, service, error }: TreeSpan<JaegerSpan>, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return true;
  if (wanted === "error" || wanted === "오류") return error;
  const longer = /^>\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s)$/.exec(wanted);
  if (longer) {
    const scale = { us: 1, µs: 1, ms: 1e3, s: 1e6 }[longer[2] ?? "ms"] ?? 1e3;
    return span.duration > Number(longer[1]) * scale;
  }
  const whole = `${service} ${span.operationName} ${span.tags.map(({ key, value }) => `${key}=${value}`).join(" ")}`;
  return whole.toLowerCase().includes(wanted);
}

/** The page. */
export function TracePage({ id }: { id: string }) {
  const t = useT();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => getTrace(id, signal),
    staleTime: 60e3,
    retry: false,
  });
  if (isPending) return <div className="progress" />;
  if (error) return <PageFailure title={t("traces.trace")} error={error} retry={() => void refetch()} />;
  if (!data) {
    return (
      <>
        <h1 className="visually-hidden">{t("traces.trace")}</h1>
        <Empty
          title={t("traces.gone")}
          hint={t("traces.goneHint")}
          action={
            <Link className="btn" to="/explore/traces" search={{}}>
              {t("traces.search")}
            </Link>
          }
        />
      </>
    );
  }
  return <Shown id={id} spans={data.spans} processes={data.processes} />;
}

interface ShownProps {
  id: string;
  spans: JaegerSpan[];
  processes: Parameters<typeof buildTree>[1];
}

function Shown({ id, spans, processes }: ShownProps) {
  const t = useT();
  const set = useSetParams();
  const params = useParams();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [filter, setFilter] = useState("");
  const tree = useMemo(() => buildTree(spans, processes), [spans, processes]);
  const strokes = useMemo(() => assignStrokes(tree.services), [tree]);
  const colour = (service: string) => `--series-${strokes.get(service)?.slot ?? 1}`;
  const shown = useMemo(
    () => (filter.trim() === "" ? visibleSpans(tree, closed) : tree.spans.filter((span) => keepsSpan(span, filter))),
    [tree, closed, filter],
  );
  const selected = tree.spans.find(({ span }) => span.spanID === first(params.span));
  const toggle = (spanId: string) =>
    setClosed((before) => {
      const next = new Set(before);
      if (!next.delete(spanId)) next.add(spanId);
      return next;
    });
  const around = rangeAround(tree);
  return (
    <>
      <TraceHead id={id} tree={tree} around={around} colour={colour} />
      <Panel
        title={t("traces.timeline")}
        note={filter ? t("traces.kept", { n: shown.length, all: tree.spans.length }) : undefined}
        actions={
          <div className="trace-filter">
            <Text
              label={t("traces.filter")}
              hideLabel
              placeholder={t("traces.filterHint")}
              value={filter}
              onChange={setFilter}
            />
          </div>
        }
        flush
      >
        <Minimap tree={tree} colour={colour} />
        <Timeline
          spans={shown}
          start={tree.start}
          duration={tree.duration}
          closed={closed}
          colour={colour}
          selected={selected?.span.spanID}
          onToggle={toggle}
          onSelect={(spanId) => set({ span: spanId }, true)}
        />
      </Panel>
      <SpanDrawer item={selected} start={tree.start} around={around} onClose={() => set({ span: undefined }, true)} />
    </>
  );
}

/** The trace's time with a minute around it, as the URL's range. */
function rangeAround({ start, duration }: Tree<JaegerSpan>): { from: string; to: string } {
  const pad = 60e3;
  return { from: String(Math.round(start / 1000 - pad)), to: String(Math.round((start + duration) / 1000 + pad)) };
}
