// Found traces as rows.

import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useClock } from "../../app/url";
import { type Translate, useLanguage } from "../../i18n";
import { formatAgo, formatDateTime, formatMicros, type Language } from "../../lib/format";
import { assignStrokes } from "../../lib/palette";
import { Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";

/** A trace in short. Times in microseconds. */
export interface TraceRow {
  id: string;
  service: string;
  operation: string;
  start: number;
  duration: number;
  spans: number;
  errors: number;
  services: [string, number][];
}

/** The table. */
export function ResultList({ rows }: { rows: TraceRow[] }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const strokes = useMemo(() => assignStrokes(rows.flatMap(({ services }) => services.map(([name]) => name))), [rows]);
  const longest = rows.reduce((most, { duration }) => Math.max(most, duration), 1);
  const colour = (service: string) => `var(--series-${strokes.get(service)?.slot ?? 1})`;
  const columns = resultColumns(t, language, now, longest, colour);
  return (
    <Panel title={t("traces.results")} flush>
      <Table<TraceRow>
        label={t("traces.results")}
        rows={rows}
        rowKey={({ id }) => id}
        start={{ id: "start", down: true }}
        columns={columns}
      />
    </Panel>
  );
}

function resultColumns(
  t: Translate,
  language: Language,
  now: number,
  longest: number,
  colour: (service: string) => string,
): Column<TraceRow>[] {
  return [
    {
      id: "name",
      title: t("traces.trace"),
      sort: ({ service, operation }) => `${service} ${operation}`,
      cell: ({ id, service, operation }) => (
        <Link to="/explore/traces" search={{ trace: id }}>
          {service}: {operation}
        </Link>
      ),
    },
    {
      id: "duration",
      title: t("common.duration"),
      numeric: true,
      sort: ({ duration }) => duration,
      cell: ({ duration }) => (
        <span className="meter">
          <span>{formatMicros(duration)}</span>
          <span className="meter-bar" aria-hidden>
            <i style={{ width: `${(duration / longest) * 100}%`, background: "var(--accent)" }} />
          </span>
        </span>
      ),
    },
    {
      id: "spans",
      title: t("traces.spanCount"),
      numeric: true,
      sort: ({ spans }) => spans,
      cell: ({ spans }) => spans,
    },
    {
      id: "errors",
      title: t("traces.errors"),
      numeric: true,
      sort: ({ errors }) => errors,
      cell: ({ errors }) => (errors > 0 ? <State state="error" text={String(errors)} size={14} /> : ""),
    },
    {
      id: "services",
      title: t("nav.services"),
      wide: true,
      cell: ({ services }) => (
        <span className="row">
          {services.slice(0, 6).map(([name, n]) => (
            <span key={name} className="row nogap small">
              <i className="dot" style={{ background: colour(name) }} />
              {name} {n}
            </span>
          ))}
        </span>
      ),
    },
    {
      id: "start",
      title: t("traces.started"),
      sort: ({ start }) => start,
      cell: ({ start }) => (
        <time className="nowrap" title={formatDateTime(start / 1000, language)}>
          {formatAgo(start / 1000, now, language)}
        </time>
      ),
    },
  ];
}
