// One monitor: state and since when, 90 beats, uptime, response time, certificate, incidents, and what can be done.

import { useQuery } from "@tanstack/react-query";
import { FlaskConical, Pause, Pencil, Play, Trash2 } from "lucide-react";
import { Button } from "react-aria-components";
import { useMay } from "../../app/session";
import { useClock, useTime } from "../../app/url";
import { get, path } from "../../data/http";
import type { MonitorDetail as Detail, Monitor } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatAgo, formatDateTime, formatSpan, formatValue } from "../../lib/format";
import { Empty, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { useToast } from "../../ui/toast";
import { ChartPanel } from "../../viz/ChartPanel";
import { Stat } from "../services/Services";
import { bodyOf, useMonitorActions } from "./actions";
import { Beats } from "./Beats";

interface MonitorDetailProps {
  monitor: Monitor;
  onEdit: () => void;
}

/** The right side. */
export function MonitorDetail({ monitor, onEdit }: MonitorDetailProps) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const { range, from, to } = useTime();
  const detail = useQuery({
    queryKey: ["monitor", monitor.id, from, to, range.end],
    queryFn: ({ signal }) =>
      get<Detail>(
        path(`/rooms/uptime/api/monitors/${encodeURIComponent(monitor.id)}`, {
          start: new Date(range.start).toISOString(),
          end: new Date(range.end).toISOString(),
        }),
        signal,
      ),
    placeholderData: (before) => before,
  });
  const last = monitor.beats.at(-1);
  return (
    <div className="stack grow">
      <Panel>
        <div className="stack pad-top">
          <div className="row">
            <h2 className="monitor-name">{monitor.name}</h2>
            <State state={monitor.state} />
            {monitor.since ? (
              <span className="muted" title={formatDateTime(monitor.since, language)}>
                {formatAgo(monitor.since, now, language)}
              </span>
            ) : null}
            <Actions monitor={monitor} onEdit={onEdit} />
          </div>
          <p className="muted">
            {t(`uptime.kind.${monitor.kind}`)} · <span className="mono">{monitor.target}</span> ·{" "}
            {t("uptime.every", { n: formatSpan(monitor.interval * 1000, language) })}
          </p>
          {monitor.state === "down" && last?.message ? <div className="notice crit">{last.message}</div> : null}
          <Beats beats={monitor.beats} slots={90} large />
          <dl className="stats">
            <Stat name={t("uptime.response")} value={formatValue(monitor.response, "seconds")} />
            <Stat name={t("uptime.day")} value={formatValue(monitor.uptime_24h, "ratio")} />
            <Stat name={t("uptime.month")} value={formatValue(monitor.uptime_30d, "ratio")} />
            {monitor.cert_days === null ? null : (
              <Stat
                name={t("uptime.certificate")}
                value={
                  <State
                    state={monitor.cert_days < 7 ? "crit" : monitor.cert_days < 21 ? "warn" : "ok"}
                    text={t("gateway.days", { n: Math.floor(monitor.cert_days) })}
                  />
                }
              />
            )}
          </dl>
        </div>
      </Panel>
      <Response detail={detail.data} monitor={monitor} error={detail.error} />
      <Incidents incidents={detail.data?.incidents ?? []} />
    </div>
  );
}

function Actions({ monitor, onEdit }: MonitorDetailProps) {
  const { t } = useLanguage();
  const may = useMay("editor");
  const toast = useToast();
  const { add, save, remove, test } = useMonitorActions();
  if (!may) return null;
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (cause) {
      toast(t("uptime.failed", { why: cause instanceof Error ? cause.message : String(cause) }));
    }
  };
  return (
    <div className="row end">
      <Button
        className="btn small"
        onPress={() =>
          void attempt(async () => {
            const beat = await test(monitor.id);
            toast(
              t("uptime.tested", {
                state: t(`state.${beat.state}`),
                time: formatValue(beat.seconds, "seconds"),
                message: beat.message,
              }),
            );
          })
        }
      >
        <FlaskConical size={14} aria-hidden /> {t("uptime.test")}
      </Button>
      <Button
        className="btn small"
        onPress={() =>
          void attempt(async () => void (await save(monitor.id, { ...bodyOf(monitor), paused: !monitor.paused })))
        }
      >
        {monitor.paused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
        {t(monitor.paused ? "uptime.resume" : "uptime.pause")}
      </Button>
      <Button className="btn small" onPress={onEdit}>
        <Pencil size={14} aria-hidden /> {t("uptime.edit")}
      </Button>
      <Button
        className="btn small danger"
        onPress={() =>
          void attempt(async () => {
            await remove(monitor.id);
            toast(
              t("uptime.deleted", { name: monitor.name }),
              () => void attempt(async () => void (await add(bodyOf(monitor)))),
            );
          })
        }
      >
        <Trash2 size={14} aria-hidden /> {t("action.delete")}
      </Button>
    </div>
  );
}

function Response({ detail, monitor, error }: { detail: Detail | undefined; monitor: Monitor; error: unknown }) {
  const { t } = useLanguage();
  const points = Array.isArray(detail?.response) ? detail.response : [];
  const times = points.map(([at]) => (typeof at === "number" ? (at > 1e11 ? at / 1000 : at) : Date.parse(at) / 1000));
  return (
    <ChartPanel
      title={t("uptime.responses")}
      times={times}
      series={[
        {
          key: monitor.name,
          name: t("uptime.response"),
          values: points.map(([, seconds]) => seconds),
          token: "--accent",
        },
      ]}
      unit="seconds"
      query={`monitor_response_time{monitor_id="${monitor.id}"}`}
      waiting={!detail && !error}
      error={error}
      height={180}
    />
  );
}

function Incidents({ incidents }: { incidents: NonNullable<Detail["incidents"]> }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  return (
    <Panel title={t("uptime.incidents")}>
      {incidents.length === 0 ? (
        <Empty title={t("uptime.noIncidents")} />
      ) : (
        <ol className="events">
          {incidents.map(({ start, end, reason }) => (
            <li key={start}>
              <State state={end ? "resolved" : "down"} size={14} />
              <span className="grow">{reason}</span>
              <span className="small muted nowrap" title={formatDateTime(start, language)}>
                {formatAgo(start, now, language)} ·{" "}
                {formatSpan((end ? Date.parse(end) : now) - Date.parse(start), language)}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
