// Rate, errors and p99 of the gateway's entry points as three charts. The server gives the PromQL of each entry point, so
// every kind of gateway is drawn alike.

import { Link } from "@tanstack/react-router";
import type { Gateway, GwEvent, Red } from "../../data/types";
import { type Key, useT } from "../../i18n";
import type { Unit } from "../../lib/format";
import { overTime } from "../../lib/promql";
import { Empty, Panel } from "../../ui/Panel";
import { PromPanel } from "../../viz/PromPanel";

const MOST = 8;

interface ChartsProps {
  gateway: Gateway;
  events: readonly GwEvent[];
}

/** Three charts side by side. */
export function GatewayCharts({ gateway, events }: ChartsProps) {
  const t = useT();
  const rows = [gateway.entrypoints, gateway.services, gateway.routers].find((list) => list.length > 0) ?? [];
  if (rows.length === 0) {
    return (
      <Panel title={t("nav.gateway")}>
        <Empty
          title={t("overview.noGateway")}
          hint={t("overview.noGatewayHint")}
          action={
            <Link className="btn" to={"/data/sources"} search={{}}>
              {t("overview.toSources")}
            </Link>
          }
        />
      </Panel>
    );
  }
  return (
    <div className="grid">
      <RedChart title="overview.rate" rows={rows} part="rate" unit="/s" events={events} />
      <RedChart title="overview.errors" rows={rows} part="errors" unit="ratio" events={events} />
      <RedChart title="overview.p99" rows={rows} part="p99" unit="seconds" events={events} />
    </div>
  );
}

interface RedChartProps {
  title: Key;
  rows: readonly Red[];
  part: "rate" | "errors" | "p99";
  unit: Unit;
  events: readonly GwEvent[];
}

/** One of the three, one line for each row that has the query. */
export function RedChart({ title, rows, part, unit, events }: RedChartProps) {
  const t = useT();
  const several = new Set(rows.map(({ gateway }) => gateway)).size > 1;
  const queries = rows
    .filter((row) => row.queries[part])
    .slice(0, MOST)
    .map((row) => ({
      expr: overTime(partQuery(row, part)),
      name: several ? `${row.name} ${row.gateway ?? ""}` : row.name,
    }));
  return (
    <div className="col-4">
      <PromPanel
        title={t(title)}
        queries={queries}
        unit={unit}
        height={140}
        marks={events.map(({ at, title: name }) => ({ at: Date.parse(at), title: name }))}
      />
    </div>
  );
}

/** The query of a part. Errors are a share of the requests, and none at all while no request has failed yet. */
function partQuery({ queries }: Red, part: RedChartProps["part"]): string {
  if (part !== "errors") return queries[part] ?? "";
  return `((${queries.errors ?? ""}) or vector(0)) / (${queries.rate ?? ""})`;
}
