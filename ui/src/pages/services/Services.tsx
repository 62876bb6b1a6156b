// Services as spans and gateway metrics name them: rate, errors, durations; one of them in detail.

import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useParam } from "../../app/url";
import { useNative } from "../../data/hooks";
import type { Red } from "../../data/types";
import { useT } from "../../i18n";
import { formatValue } from "../../lib/format";
import { Entity } from "../../ui/Entity";
import { Empty, PageFailure, Panel } from "../../ui/Panel";
import { ScopeButton } from "../../ui/ScopeButton";
import { RedTable } from "../gateway/RedTable";
import { RedChart } from "../overview/GatewayCharts";
import { SpanCharts } from "./SpanCharts";

/** The page. */
export function Services() {
  const t = useT();
  const [chosen] = useParam("service");
  const { data, error, refetch } = useNative<{ services: Red[] }>("/api/gw/services", true);
  const services = data?.services ?? [];
  const rows = services.filter(({ name }) => name === chosen);
  if (error && !data) return <PageFailure title={t("nav.services")} error={error} retry={() => void refetch()} />;
  if (chosen !== "") return <Detail name={chosen} rows={rows} known={data !== undefined} />;
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.services")}</h1>
        <p>{t("common.count", { n: services.length })}</p>
      </div>
      <Panel title={t("services.list")} note={t("services.average")} flush busy={!data}>
        {data && services.length === 0 ? (
          <Empty title={t("services.none")} hint={t("services.noneHint")} />
        ) : (
          <RedTable
            label={t("nav.services")}
            rows={services}
            name={(row) => <Entity kind="service" name={row.name} />}
          />
        )}
      </Panel>
    </>
  );
}

function Detail({ name, rows, known }: { name: string; rows: Red[]; known: boolean }) {
  const t = useT();
  const [row] = rows;
  return (
    <>
      <div className="page-head">
        <Link to="/services" search={{}} className="btn ghost icon" aria-label={t("services.back")}>
          <ArrowLeft size={16} aria-hidden />
        </Link>
        <h1>{name}</h1>
        <div className="row end">
          <ScopeButton chip={{ key: "service", value: name }} />
          <Link className="btn" to="/explore/traces" search={{ service: name }}>
            {t("nav.traces")}
          </Link>
          <Link className="btn" to="/explore/logs" search={{ service: name }}>
            {t("nav.logs")}
          </Link>
        </div>
      </div>
      {known && !row ? <Empty title={t("services.gone")} hint={t("chart.emptyHint")} /> : null}
      {row ? (
        <dl className="stats">
          <Stat name={t("red.rate")} value={formatValue(row.rate, "/s")} />
          <Stat name={t("red.errors")} value={formatValue(row.error_ratio, "ratio")} />
          <Stat name="p50" value={formatValue(row.p50, "seconds")} />
          <Stat name="p90" value={formatValue(row.p90, "seconds")} />
          <Stat name="p99" value={formatValue(row.p99, "seconds")} />
        </dl>
      ) : null}
      {row?.queries.rate ? (
        <div className="grid">
          <RedChart title="red.rate" rows={rows} part="rate" unit="/s" events={[]} />
          <RedChart title="red.errors" rows={rows} part="errors" unit="ratio" events={[]} />
          <RedChart title="red.p99" rows={rows} part="p99" unit="seconds" events={[]} />
        </div>
      ) : null}
      {row && !row.queries.rate ? <SpanCharts service={name} /> : null}
    </>
  );
}

/** A large number with its name. */
export function Stat({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <div className="stat">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
