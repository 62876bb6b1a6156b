// What needs you: firing alerts, failing targets, monitors and collectors, worst first, each with its way to act.

import { Link } from "@tanstack/react-router";
import { BellOff } from "lucide-react";
import { Button } from "react-aria-components";
import { useMay } from "../../app/session";
import { useClock } from "../../app/url";
import { useRanges } from "../../data/hooks";
import type { Need } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatAgo, formatDateTime } from "../../lib/format";
import { parseParams } from "../../lib/params";
import { CopyButton, Empty, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { Spark } from "../../viz/Spark";
import { useSilence } from "../alerts/silence";

const SPARKS = 8;

/** The list. */
export function Needs({ needs }: { needs: Need[] }) {
  const { t } = useLanguage();
  const queries = needs.slice(0, SPARKS).map(({ query }) => query ?? "");
  const answers = useRanges(queries, 48);
  return (
    <Panel
      title={t("overview.needs")}
      note={needs.length > 0 ? String(needs.length) : undefined}
      className="fill"
      flush
    >
      {needs.length === 0 ? (
        <Empty title={t("overview.needsNone")} hint={t("overview.needsNoneHint")} />
      ) : (
        <ul className="needs">
          {needs.map((need, at) => (
            <Row key={need.id} need={need} values={answers[at]?.data?.series[0]?.values ?? []} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ need, values }: { need: Need; values: readonly (number | null)[] }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const silence = useSilence();
  const may = useMay("editor");
  const [to = "/", query = ""] = need.href.split("?");
  return (
    <li className="need">
      <State state={need.severity} text="" />
      <div className="grow">
        <Link to={to} search={parseParams(query)} className="need-title">
          {need.title[language]}
        </Link>
        <div className="muted small clip" title={need.detail}>
          {need.detail}
        </div>
      </div>
      {values.length > 0 ? (
        <Spark
          values={values}
          label={need.title[language]}
          tone={`var(--${need.severity === "info" ? "info" : need.severity})`}
        />
      ) : null}
      <time
        className="faint small nowrap"
        dateTime={need.since ?? undefined}
        title={formatDateTime(need.since, language)}
      >
        {formatAgo(need.since, now, language)}
      </time>
      <div className="row nogap need-actions">
        {need.kind === "alert" && may ? (
          <Button className="btn small" onPress={() => void silence(need.labels, 7200)}>
            <BellOff size={14} aria-hidden /> {t("overview.silence2h")}
          </Button>
        ) : null}
        {need.query ? <CopyButton text={need.query} label="action.copyQuery" /> : null}
      </div>
    </li>
  );
}
