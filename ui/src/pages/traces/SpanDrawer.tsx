// One span: times, attributes, events, and the logs written while it ran.

import { Link } from "@tanstack/react-router";
import type { JaegerSpan, JaegerTag } from "../../data/rooms";
import { useLanguage } from "../../i18n";
import { formatDateTime, formatMicros } from "../../lib/format";
import type { TreeSpan } from "../../lib/trace";
import { Sheet } from "../../ui/controls";
import { Entity } from "../../ui/Entity";
import { CopyButton } from "../../ui/Panel";
import { State } from "../../ui/State";

interface SpanDrawerProps {
  item: TreeSpan<JaegerSpan> | undefined;
  start: number;
  around: { from: string; to: string };
  onClose: () => void;
}

/** The drawer at the right. */
export function SpanDrawer({ item, start, around, onClose }: SpanDrawerProps) {
  const { t, language } = useLanguage();
  return (
    <Sheet title={item?.span.operationName ?? ""} isOpen={item !== undefined} onClose={onClose} side>
      {item ? (
        <>
          <dl className="kv">
            <dt>{t("traces.service")}</dt>
            <dd>
              <Entity kind="service" name={item.service} />
            </dd>
            <dt>{t("traces.started")}</dt>
            <dd>
              {formatDateTime(item.span.startTime / 1000, language)} (+{formatMicros(item.span.startTime - start)})
            </dd>
            <dt>{t("common.duration")}</dt>
            <dd>{formatMicros(item.span.duration)}</dd>
            <dt>{t("traces.self")}</dt>
            <dd>{formatMicros(item.self)}</dd>
            <dt>{t("common.state")}</dt>
            <dd>
              <State state={item.error ? "error" : "ok"} />
            </dd>
            <dt>{t("traces.spanId")}</dt>
            <dd>
              <span className="row nogap">
                <code>{item.span.spanID}</code> <CopyButton text={item.span.spanID} />
              </span>
            </dd>
          </dl>
          <div className="row">
            <Link className="btn" to="/explore/logs" search={{ of: item.span.traceID, ...around }}>
              {t("traces.logs")}
            </Link>
          </div>
          {(item.span.warnings ?? []).map((text) => (
            <div key={text} className="notice warn">
              {text}
            </div>
          ))}
          <Tags title={t("traces.attributes")} tags={item.span.tags} />
          {item.span.logs.length > 0 ? (
            <section className="stack">
              <h3>{t("traces.events")}</h3>
              {item.span.logs.map((log, at) => (
                <div key={`${log.timestamp}${at}`}>
                  <div className="faint small">+{formatMicros(log.timestamp - start)}</div>
                  <Tags tags={log.fields} />
                </div>
              ))}
            </section>
          ) : null}
        </>
      ) : null}
    </Sheet>
  );
}

function Tags({ title, tags }: { title?: string; tags: readonly JaegerTag[] }) {
  if (tags.length === 0) return null;
  return (
    <section className="stack">
      {title ? <h3>{title}</h3> : null}
      <table className="field-table">
        <tbody>
          {tags.map(({ key, value }, at) => (
            <tr key={`${key}${at}`}>
              <th scope="row">{key}</th>
              <td className="mono">{String(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
