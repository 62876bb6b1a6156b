// One log line: time, level, text; opened, its fields with a filter for and against each, and the way to its trace.

import { Link } from "@tanstack/react-router";
import { CircleMinus, CirclePlus, Workflow } from "lucide-react";
import { Button } from "react-aria-components";
import type { LogLine } from "../../data/rooms";
import { useLanguage } from "../../i18n";
import { formatDateTime, formatLogTime } from "../../lib/format";
import { CopyButton } from "../../ui/Panel";
import { briefOf, type Level, type OnFilter, type Origin, parseLine, parserOf, traceOf } from "./fields";

interface LineRowProps {
  line: LogLine;
  level: Level;
  open?: boolean;
  onToggle?: () => void;
  onFilter?: OnFilter;
}

/** The row. */
export function LineRow({ line, level, open, onToggle, onFilter }: LineRowProps) {
  const { t, language } = useLanguage();
  const trace = traceOf(line);
  const brief = briefOf(line);
  const time = formatDateTime(Number(line.time.slice(0, -6)), language);
  return (
    <div className="log-line" data-level={level} data-open={open || undefined}>
      <div className="log-head">
        {onToggle ? (
          <button type="button" className="log-time" aria-expanded={open ?? false} onClick={onToggle} title={time}>
            {formatLogTime(line.time)}
          </button>
        ) : (
          <time className="log-time" title={time}>
            {formatLogTime(line.time)}
          </time>
        )}
        <span className={`log-level l-${level}`}>{t(`level.${level}`)}</span>
        <span className="log-text mono">
          {brief ? (
            <>
              {brief} <span className="faint">{line.line}</span>
            </>
          ) : (
            line.line
          )}
        </span>
        {trace ? (
          <Link
            className="log-trace"
            to="/explore/traces"
            search={{ trace }}
            aria-label={t("logs.trace", { id: trace })}
            title={t("logs.trace", { id: trace })}
          >
            <Workflow size={14} strokeWidth={1.5} aria-hidden />
          </Link>
        ) : null}
      </div>
      {open ? <Fields line={line} onFilter={onFilter} /> : null}
    </div>
  );
}

function pretty(line: string): string {
  try {
    return line.trim().startsWith("{") ? JSON.stringify(JSON.parse(line), null, 2) : line;
  } catch {
    return line;
  }
}

function Fields({ line, onFilter }: Pick<LineRowProps, "line" | "onFilter">) {
  const { t } = useLanguage();
  const inner = parseLine(line.line);
  const rows = [
    ...Object.entries(line.labels).map(([name, value]) => ({ name, value, origin: "label" as Origin })),
    ...Object.entries(inner)
      .filter(([name]) => !(name in line.labels))
      .map(([name, value]) => ({ name, value, origin: parserOf(line.line) })),
  ];
  return (
    <div className="log-fields">
      <div className="row">
        <CopyButton text={line.line} label="logs.copyLine" />
        <span className="faint small">{t("logs.fields", { n: rows.length })}</span>
      </div>
      <table className="field-table">
        <tbody>
          {rows.map(({ name, value, origin }) => (
            <tr key={name}>
              {onFilter ? (
                <td className="nowrap">
                  <Button
                    className="btn ghost icon small"
                    aria-label={t("logs.only", { name, value })}
                    onPress={() => onFilter(name, "=", value, origin)}
                  >
                    <CirclePlus size={14} aria-hidden />
                  </Button>
                  <Button
                    className="btn ghost icon small"
                    aria-label={t("logs.without", { name, value })}
                    onPress={() => onFilter(name, "!=", value, origin)}
                  >
                    <CircleMinus size={14} aria-hidden />
                  </Button>
                </td>
              ) : null}
              <th scope="row">{name}</th>
              <td className="mono">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <pre className="log-pretty">{pretty(line.line)}</pre>
    </div>
  );
}
