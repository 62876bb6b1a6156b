// Silences: what is muted, until when, by whom; add one by matchers, end one.

import type { UseQueryResult } from "@tanstack/react-query";
import { CirclePlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { useMay } from "../../app/session";
import { useClock, useParam } from "../../app/url";
import { write } from "../../data/http";
import type { Matcher, Silence } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatAgo, formatDateTime, formatSpan } from "../../lib/format";
import { parseDuration } from "../../lib/time";
import { Sheet, Text } from "../../ui/controls";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import { type Column, Table } from "../../ui/Table";
import { useToast } from "../../ui/toast";
import { useSilence } from "./silence";

/** `name="value"` with Alertmanager's four operators. */
export function printMatcher({ name, value, is_regex, is_equal }: Matcher): string {
  return `${name}${is_equal ? (is_regex ? "=~" : "=") : is_regex ? "!~" : "!="}"${value}"`;
}

/** Matchers from `alertname="X", instance=~"a.*"`; null where a part is none. */
export function parseMatchers(text: string): Matcher[] | null {
  const inner = text.trim().replace(/^\{|\}$/g, "");
  const found: Matcher[] = [];
  let rest = inner.trim();
  while (rest !== "") {
    const part = /^([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*,?\s*/.exec(rest);
    if (!part) return null;
    const op = part[2] ?? "=";
    found.push({
      name: part[1] ?? "",
      value: part[3] ?? part[4] ?? "",
      is_regex: op.endsWith("~"),
      is_equal: op.startsWith("="),
    });
    rest = rest.slice(part[0].length);
  }
  return found.length > 0 ? found : null;
}

/** The tab. */
export function Silences({ silences }: { silences: UseQueryResult<{ silences: Silence[] }> }) {
  const { t } = useLanguage();
  const may = useMay("editor");
  const [adding, setAdding] = useState(false);
  const [filter, setFilter] = useParam("filter");
  const { data, error, refetch } = silences;
  const rows = data?.silences ?? [];
  return (
    <div className="stack">
      {may ? (
        <div className="row">
          <Button className="btn primary" onPress={() => setAdding(true)}>
            <CirclePlus size={14} aria-hidden /> {t("alerts.newSilence")}
          </Button>
        </div>
      ) : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      <Panel flush busy={!data && !error}>
        {data && rows.length === 0 ? (
          <Empty title={t("alerts.noSilence")} hint={t("alerts.noSilenceHint")} />
        ) : (
          <List rows={rows} />
        )}
      </Panel>
      <Sheet
        title={t("alerts.newSilence")}
        isOpen={adding || filter !== ""}
        onClose={() => {
          setAdding(false);
          setFilter("");
        }}
      >
        <NewSilence
          start={filter}
          onDone={() => {
            setAdding(false);
            setFilter("");
          }}
        />
      </Sheet>
    </div>
  );
}

function List({ rows }: { rows: Silence[] }) {
  const { t, language } = useLanguage();
  const { now, refresh } = useClock();
  const may = useMay("editor");
  const toast = useToast();
  const expire = async (silence: Silence) => {
    try {
      await write("DELETE", `/api/gw/silences/${encodeURIComponent(silence.id)}`);
      refresh();
      toast(t("alerts.expired"));
    } catch (cause) {
      toast(cause instanceof Error ? cause.message : String(cause));
    }
  };
  const columns: Column<Silence>[] = [
    { id: "state", title: t("common.state"), sort: ({ state }) => state, cell: ({ state }) => <State state={state} /> },
    {
      id: "matchers",
      title: t("alerts.matchers"),
      cell: ({ matchers }) => (
        <span className="row">
          {matchers.map((matcher) => (
            <code className="chip" key={printMatcher(matcher)}>
              <span className="clip">{printMatcher(matcher)}</span>
            </code>
          ))}
        </span>
      ),
    },
    {
      id: "ends",
      title: t("alerts.ends"),
      sort: ({ ends_at }) => ends_at,
      cell: ({ ends_at }) => (
        <time title={formatDateTime(ends_at, language)}>
          {Date.parse(ends_at) > now
            ? t("alerts.left", { time: formatSpan(Date.parse(ends_at) - now, language) })
            : formatAgo(ends_at, now, language)}
        </time>
      ),
    },
    {
      id: "by",
      title: t("alerts.by"),
      wide: true,
      sort: ({ created_by }) => created_by,
      cell: ({ created_by }) => created_by,
    },
    { id: "comment", title: t("alerts.comment"), wide: true, cell: ({ comment }) => comment },
    {
      id: "act",
      title: "",
      cell: (silence) =>
        may && silence.state !== "expired" ? (
          <Button className="btn small" onPress={() => void expire(silence)}>
            {t("alerts.expire")}
          </Button>
        ) : null,
    },
  ];
  return (
    <Table
      label={t("alerts.silences")}
      rows={rows}
      columns={columns}
      rowKey={({ id }) => id}
      start={{ id: "state", down: false }}
    />
  );
}

function NewSilence({ start, onDone }: { start: string; onDone: () => void }) {
  const { t } = useLanguage();
  const silence = useSilence();
  const [matchers, setMatchers] = useState(start);
  const [length, setLength] = useState("2h");
  const [comment, setComment] = useState("");
  const [tried, setTried] = useState(false);
  const parsed = parseMatchers(matchers);
  const seconds = parseDuration(length);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!parsed || !seconds) return;
    await silence({}, seconds, comment, parsed);
    onDone();
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Text
        label={t("alerts.matchers")}
        value={matchers}
        onChange={setMatchers}
        hint={t("alerts.matchersHint")}
        error={tried && !parsed ? t("alerts.badMatchers") : undefined}
        autoFocus
      />
      <Text
        label={t("alerts.length")}
        value={length}
        onChange={setLength}
        hint="30m, 2h, 7d"
        error={tried && !seconds ? t("alerts.badLength") : undefined}
      />
      <Text label={t("alerts.comment")} value={comment} onChange={setComment} />
      <div className="row">
        <Button className="btn primary" type="submit">
          {t("alerts.silence")}
        </Button>
        <Button className="btn" onPress={onDone}>
          {t("action.cancel")}
        </Button>
      </div>
    </form>
  );
}
