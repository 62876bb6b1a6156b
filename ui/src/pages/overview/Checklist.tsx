// The checklist of an empty install: what is connected, and the line to paste for what is not.

import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleDashed } from "lucide-react";
import type { CheckItem } from "../../data/types";
import { translateMaybe, useLanguage } from "../../i18n";
import { parseParams } from "../../lib/params";
import { Panel, Snippet } from "../../ui/Panel";

/** The list; items tick themselves as data arrives. */
export function Checklist({ items }: { items: CheckItem[] }) {
  const { t, language } = useLanguage();
  const done = items.filter((item) => item.done).length;
  return (
    <Panel title={t("overview.checklist")} note={t("overview.checklistNote", { done, n: items.length })}>
      <ul className="checklist">
        {items.map((item) => (
          <li key={item.id}>
            <div className="row">
              {item.done ? (
                <CircleCheck size={16} className="c-ok" aria-label={t("overview.done")} />
              ) : (
                <CircleDashed size={16} className="c-unknown" aria-label={t("overview.open")} />
              )}
              <span className={item.done ? "muted" : ""}>
                {translateMaybe(language, `overview.check.${item.id}`, item.id)}
              </span>
            </div>
            {item.done || !item.snippet ? null : <Step text={item.snippet} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** The next step: a page to open, or a text to paste. */
function Step({ text }: { text: string }) {
  const { t } = useLanguage();
  if (!text.startsWith("/")) return <Snippet text={text} />;
  const [to = "/", query = ""] = text.split("?");
  return (
    <div>
      <Link className="btn small" to={to} search={parseParams(query)}>
        {t("overview.go")}
      </Link>
    </div>
  );
}
