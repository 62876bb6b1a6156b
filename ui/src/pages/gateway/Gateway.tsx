// The gateway: is each one up, what runs through its entry points, routers and services, which certificates end soon,
// which routes are slow, and the last lines of its access log.

import { useMemo } from "react";
import { useParam, useScope, useSetParams } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Certificate, Gateway as Data, Red } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatDateTime } from "../../lib/format";
import { inScope, printScope, withChip } from "../../lib/scope";
import { Segments } from "../../ui/controls";
import { Empty, Failure, PageFailure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";
import { GatewayCharts } from "../overview/GatewayCharts";
import { AccessLog } from "./AccessLog";
import { RedTable } from "./RedTable";

const PARTS = ["entrypoints", "routers", "services"] as const;
type Part = (typeof PARTS)[number];

/** The page. */
export function Gateway() {
  const { t } = useLanguage();
  const { data, error, refetch } = useNative<Data>("/api/gw/gateway", true);
  const [scope] = useScope();
  const [chosen, setPart] = useParam("part", "");
  const narrowed = useMemo(() => (data ? narrow(data, scope) : undefined), [data, scope]);
  if (error && !data) return <PageFailure title={t("nav.gateway")} error={error} retry={() => void refetch()} />;
  if (!narrowed) return <div className="progress" />;
  const part: Part =
    PARTS.find((name) => name === chosen) ?? PARTS.find((name) => narrowed[name].length > 0) ?? "routers";
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.gateway")}</h1>
        <Instances gateways={narrowed.gateways} />
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      <GatewayCharts gateway={narrowed} events={[]} />
      <Panel
        title={t(`gateway.${part}`)}
        note={t("common.count", { n: narrowed[part].length })}
        actions={
          <Segments
            label={t("gateway.parts")}
            value={part}
            onChange={setPart}
            choices={PARTS.map((id) => ({ id, text: `${t(`gateway.${id}`)} ${narrowed[id].length}` }))}
          />
        }
        flush
      >
        {narrowed[part].length === 0 ? (
          <Empty title={t("gateway.none")} hint={t("gateway.noneHint")} />
        ) : (
          <RedTable label={t(`gateway.${part}`)} rows={narrowed[part]} />
        )}
      </Panel>
      <div className="grid">
        <div className="col-7">
          <Panel title={t("overview.slow")} flush className="fill">
            {narrowed.slow_routes.length === 0 ? (
              <Empty title={t("chart.empty")} />
            ) : (
              <RedTable
                label={t("overview.slow")}
                rows={narrowed.slow_routes}
                start={{ id: "p99", down: true }}
                brief
              />
            )}
          </Panel>
        </div>
        <div className="col-5">
          <Certificates certificates={narrowed.certificates} />
        </div>
      </div>
      <AccessLog kinds={narrowed.gateways.map(({ kind }) => kind)} />
    </>
  );
}

function narrow(data: Data, scope: ReturnType<typeof useScope>[0]): Data {
  const keep = (rows: Red[]) => rows.filter((row) => inScope(scope, { gateway: row.gateway }));
  return {
    ...data,
    gateways: data.gateways.filter(({ instance }) => inScope(scope, { gateway: instance })),
    entrypoints: keep(data.entrypoints),
    routers: keep(data.routers),
    services: keep(data.services),
    slow_routes: keep(data.slow_routes),
  };
}

function Instances({ gateways }: { gateways: Data["gateways"] }) {
  const { t } = useLanguage();
  const [chips] = useScope();
  const set = useSetParams();
  return (
    <ul className="row" aria-label={t("gateway.instances")}>
      {gateways.map(({ kind, instance, up }) => (
        <li key={`${kind}${instance}`}>
          <button
            type="button"
            className="chip as-button"
            onClick={() => set({ scope: printScope(withChip(chips, { key: "gateway", value: instance })) })}
          >
            <State state={up ? "up" : "down"} size={14} />
            <span>
              {kind} {instance}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function certificateTone(days: number): string {
  return days < 7 ? "crit" : days < 21 ? "warn" : "ok";
}

function Certificates({ certificates }: { certificates: readonly Certificate[] }) {
  const { t, language } = useLanguage();
  const columns: Column<Certificate>[] = [
    {
      id: "name",
      title: t("gateway.certificate"),
      sort: ({ name }) => name,
      cell: ({ name, sans }) => <span title={sans.join(", ")}>{name}</span>,
    },
    {
      id: "days",
      title: t("gateway.daysLeft"),
      numeric: true,
      sort: ({ days_left }) => days_left,
      cell: ({ days_left }) => (
        <State state={certificateTone(days_left)} text={t("gateway.days", { n: Math.floor(days_left) })} />
      ),
    },
    {
      id: "end",
      title: t("gateway.notAfter"),
      wide: true,
      sort: ({ not_after }) => not_after,
      cell: ({ not_after }) => formatDateTime(not_after, language),
    },
  ];
  return (
    <Panel title={t("gateway.certificates")} flush className="fill">
      {certificates.length === 0 ? (
        <Empty title={t("gateway.noCertificates")} hint={t("gateway.noCertificatesHint")} />
      ) : (
        <Table
          label={t("gateway.certificates")}
          rows={certificates}
          columns={columns}
          rowKey={({ name, not_after }) => `${name}${not_after}`}
          start={{ id: "days", down: false }}
        />
      )}
    </Panel>
  );
}
