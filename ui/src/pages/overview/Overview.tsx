// Overview: is it OK, since when, what changed, where do I act.

import { Link } from "@tanstack/react-router";
import { useStatus } from "../../app/session";
import { useClock } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Overview as Data, Gateway, Tile } from "../../data/types";
import { type Key, useLanguage } from "../../i18n";
import { formatAgo, formatDateTime } from "../../lib/format";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { Ribbon } from "../../viz/Spark";
import { RedTable } from "../gateway/RedTable";
import { Checklist } from "./Checklist";
import { GatewayCharts } from "./GatewayCharts";
import { Honeycomb } from "./Honeycomb";
import { Needs } from "./Needs";
import { UptimeStrip } from "./UptimeStrip";

/** The page. */
export function Overview() {
  const { t } = useLanguage();
  const overview = useNative<Data>("/api/gw/overview");
  const gateway = useNative<Gateway>("/api/gw/gateway", true);
  const { data: status } = useStatus();
  const data = overview.data;
  const open = data?.checklist.some(({ done }) => !done) ?? false;
  const slow = gateway.data?.slow_routes ?? [];
  return (
    <>
      <h1 className="visually-hidden">{t("nav.overview")}</h1>
      {status?.demo ? <div className="notice">{t("overview.demo")}</div> : null}
      {overview.error ? <Failure error={overview.error} retry={() => void overview.refetch()} /> : null}
      {data ? (
        <div className="tiles">
          {data.tiles.map((tile) => (
            <TileCard key={tile.id} tile={tile} />
          ))}
        </div>
      ) : (
        <div className="progress" />
      )}
      {data && open ? <Checklist items={data.checklist} /> : null}
      <div className="grid">
        <div className="col-8">{data ? <Needs needs={data.needs} /> : null}</div>
        <div className="col-4">{data ? <Events events={data.events} /> : null}</div>
      </div>
      {gateway.data ? <GatewayCharts gateway={gateway.data} events={data?.events ?? []} /> : null}
      <div className="grid">
        <div className="col-7">
          <Panel title={t("overview.slow")} flush>
            {gateway.error ? <Failure error={gateway.error} retry={() => void gateway.refetch()} /> : null}
            {gateway.data && slow.length === 0 ? <Empty title={t("chart.empty")} /> : null}
            {slow.length === 0 ? null : (
              <RedTable label={t("overview.slow")} rows={slow.slice(0, 8)} start={{ id: "p99", down: true }} brief />
            )}
          </Panel>
        </div>
        <div className="col-5 stack">
          <Honeycomb />
          <UptimeStrip />
        </div>
      </div>
    </>
  );
}

const TILE_PAGE: Record<string, string> = {
  gateway: "/gateway",
  services: "/services",
  infrastructure: "/hosts",
  uptime: "/uptime",
};

function TileCard({ tile }: { tile: Tile }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const word =
    tile.total === 0
      ? t("overview.nothing")
      : tile.problems === 0
        ? t("overview.noProblems", { total: tile.total })
        : t("overview.problems", { n: tile.problems, total: tile.total });
  return (
    <Link to={TILE_PAGE[tile.id] ?? "/overview"} search={{}} className="tile" data-state={tile.state}>
      <span className="tile-name">{t(`overview.tile.${tile.id}` as Key)}</span>
      <span className="tile-state">
        <State state={tile.state} size={20} />
      </span>
      <span className="tile-note" title={formatDateTime(tile.since, language)}>
        {word}
        {tile.since && tile.total > 0 ? ` · ${formatAgo(tile.since, now, language)}` : ""}
      </span>
      <Ribbon parts={tile.ribbon} label={t("overview.ribbon")} />
    </Link>
  );
}

function Events({ events }: { events: Data["events"] }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  return (
    <Panel title={t("overview.events")} className="fill">
      {events.length === 0 ? (
        <Empty title={t("overview.eventsNone")} />
      ) : (
        <ol className="events">
          {events.slice(0, 12).map((event) => (
            <li key={`${event.at}${event.title}`}>
              <State state={event.severity} text="" size={14} />
              <span className="grow" title={event.detail}>
                {event.title}
                {event.detail ? <small className="faint"> {event.detail}</small> : null}
              </span>
              <time className="faint small nowrap" dateTime={event.at} title={formatDateTime(event.at, language)}>
                {formatAgo(event.at, now, language)}
              </time>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
