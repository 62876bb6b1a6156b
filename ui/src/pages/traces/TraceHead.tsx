// The head of a trace: what it was, when, how long, through which services, with how many errors.

import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useLanguage } from "../../i18n";
import { formatDateTime, formatMicros } from "../../lib/format";
import type { SpanLike, Tree } from "../../lib/trace";
import { CopyButton } from "../../ui/Panel";
import { State } from "../../ui/State";

interface TraceHeadProps {
  id: string;
  tree: Tree<SpanLike>;
  around: { from: string; to: string };
  colour: (service: string) => string;
}

/** Title, facts and the colours of the services. */
export function TraceHead({ id, tree, around, colour }: TraceHeadProps) {
  const { t, language } = useLanguage();
  const root = tree.spans[0];
  return (
    <>
      <div className="page-head">
        <Link
          to="/explore/traces"
          search={{ service: root?.service }}
          className="btn ghost icon"
          aria-label={t("traces.back")}
        >
          <ArrowLeft size={16} aria-hidden />
        </Link>
        <h1>
          {root?.service}: {root?.span.operationName}
        </h1>
        <span className="row nogap">
          <code className="faint">{id}</code>
          <CopyButton text={id} />
        </span>
        <div className="row end">
          <Link className="btn" to="/explore/logs" search={{ of: id, ...around }}>
            {t("traces.logs")}
          </Link>
        </div>
      </div>
      <div className="row muted">
        <span>{formatDateTime(tree.start / 1000, language)}</span>
        <span>{formatMicros(tree.duration)}</span>
        <span>{t("traces.spans", { n: tree.spans.length })}</span>
        <span>{t("traces.services", { n: tree.services.length })}</span>
        {tree.errors > 0 ? <State state="error" text={t("traces.errorCount", { n: tree.errors })} /> : null}
      </div>
      <ul className="row small" aria-label={t("nav.services")}>
        {tree.services.map((service) => (
          <li key={service} className="row nogap">
            <i className="dot" style={{ background: `var(${colour(service)})` }} />
            {service}
          </li>
        ))}
      </ul>
    </>
  );
}
