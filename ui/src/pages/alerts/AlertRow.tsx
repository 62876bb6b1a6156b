// One alert: state, name, what it says, its own labels, value and age; opened, its chart with the query behind it.

import { BellOff, ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useMay } from "../../app/session";
import { useClock } from "../../app/url";
import type { Alert } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatAgo, formatDateTime, formatSpan, formatValue, type Language } from "../../lib/format";
import { State } from "../../ui/State";
import { PromPanel } from "../../viz/PromPanel";
import { shownState } from "./Groups";
import { useSilence } from "./silence";

interface AlertRowProps {
  alert: Alert;
  common: Readonly<Record<string, string>>;
}

const SPANS = [1800, 7200, 86400, 7 * 86400];

/** A comparison at the end of a rule's query: its left side and the threshold. */
export function splitThreshold(query: string): { expr: string; threshold: number | null } {
  const found = /^([\s\S]*?)\s*(?:>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/.exec(query);
  return found ? { expr: found[1] ?? query, threshold: Number(found[2]) } : { expr: query, threshold: null };
}

/** What an alert says in a language: `summary_ko` stands for `summary` in Korean and is left out in English. */
export function annotationsIn(
  annotations: Readonly<Record<string, string>>,
  language: Language,
): Record<string, string> {
  const said: Record<string, string> = {};
  for (const [name, value] of Object.entries(annotations)) {
    const [, base = name, own] = /^(.+)_(ko|en)$/.exec(name) ?? [];
    if (own === undefined ? !(`${name}_${language}` in annotations) : own === language) said[base] = value;
  }
  return said;
}

/** The row. */
export function AlertRow({ alert, common }: AlertRowProps) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const [open, setOpen] = useState(false);
  const own = Object.entries(alert.labels).filter(
    ([name]) => name !== "alertname" && name !== "severity" && !(name in common),
  );
  const said = annotationsIn(alert.annotations, language);
  const summary = said.summary ?? said.description ?? said.message ?? "";
  return (
    <li>
      <div className="need">
        <button
          type="button"
          className="fold"
          aria-expanded={open}
          aria-label={t("alerts.show", { name: alert.name })}
          onClick={() => setOpen(!open)}
        >
          {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
        </button>
        <State state={shownState(alert)} />
        <div className="grow">
          <div className="row">
            <strong>{alert.name}</strong>
            {alert.severity ? (
              <span className={`chip c-${severityTone(alert.severity)}`} translate="no">
                {alert.severity}
              </span>
            ) : null}
            {own.map(([name, value]) => (
              <span className="chip" key={name} translate="no">
                <b>{name}</b>
                <span className="clip">{value}</span>
              </span>
            ))}
          </div>
          {summary ? <div className="muted small">{summary}</div> : null}
        </div>
        <span className="num">{formatValue(alert.value)}</span>
        <time
          className="faint small nowrap"
          dateTime={alert.starts_at}
          title={formatDateTime(alert.starts_at, language)}
        >
          {formatAgo(alert.starts_at, now, language)}
        </time>
        {alert.state === "resolved" ? null : <SilenceMenu labels={alert.labels} />}
      </div>
      {open ? <Detail alert={alert} /> : null}
    </li>
  );
}

function severityTone(severity: string): string {
  return /crit|page|error/i.test(severity) ? "crit" : /warn/i.test(severity) ? "warn" : "info";
}

function SilenceMenu({ labels }: { labels: Readonly<Record<string, string>> }) {
  const { t, language } = useLanguage();
  const may = useMay("editor");
  const silence = useSilence();
  if (!may) return null;
  return (
    <MenuTrigger>
      <Button className="btn small">
        <BellOff size={14} aria-hidden /> {t("alerts.silence")}
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" onAction={(key) => void silence(labels, Number(key))}>
          {SPANS.map((seconds) => (
            <MenuItem key={seconds} id={seconds} className="menu-item" textValue={formatSpan(seconds * 1000, language)}>
              {t("alerts.silenceFor", { time: formatSpan(seconds * 1000, language) })}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function Detail({ alert }: { alert: Alert }) {
  const { t, language } = useLanguage();
  const query = alert.rule?.query ?? "";
  const { expr, threshold } = splitThreshold(query);
  return (
    <div className="alert-detail">
      <dl className="kv">
        {Object.entries(alert.labels).map(([name, value]) => (
          <Pair key={`l${name}`} name={name} value={value} />
        ))}
        {Object.entries(annotationsIn(alert.annotations, language)).map(([name, value]) => (
          <Pair key={`a${name}`} name={name} value={value} />
        ))}
        {alert.rule ? <Pair name={t("alerts.rule")} value={alert.rule.group} /> : null}
        {alert.silenced_by.length > 0 ? (
          <Pair name={t("alerts.silencedBy")} value={alert.silenced_by.join(", ")} />
        ) : null}
      </dl>
      {expr ? (
        <PromPanel
          title={alert.name}
          queries={[{ expr }]}
          height={160}
          {...(threshold === null ? {} : { thresholds: [threshold] })}
        />
      ) : null}
    </div>
  );
}

function Pair({ name, value }: { name: string; value: string }) {
  const link = /^https?:\/\//.test(value);
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {link ? (
          <a href={value} rel="noreferrer noopener" target="_blank">
            {value}
          </a>
        ) : (
          value
        )}
      </dd>
    </>
  );
}
