// A query taken apart: what each operator read, gave and cost, what each condition leaves, and why an answer is empty.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTime } from "../../app/url";
import { get, path } from "../../data/http";
import { gridOf } from "../../data/prometheus";
import type { Explained, SelectorCost } from "../../data/types";
import { useT } from "../../i18n";
import { type Note, readNote } from "../../lib/annotations";
import { formatValue } from "../../lib/format";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { State } from "../../ui/State";
import type { Answer } from "./answers";
import { type Culprit, type PlanLine, planLines, whyEmpty } from "./explainLines";
import { Notes } from "./Notes";
import type { Settings } from "./state";

interface ExplainProps {
  answer: Answer;
  settings: Settings;
  step: number;
}

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

/** One row explained. */
export function Explain({ answer, settings, step }: ExplainProps) {
  const { range, from, to } = useTime();
  const { instant, lookback } = settings;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["explain", answer.ran, from, to, range.end, instant, step, lookback],
    queryFn: ({ signal }) => {
      const { start, end } = gridOf(range, step);
      const when = instant ? { time: iso(range.end / 1000) } : { start: iso(start), end: iso(end), step };
      return get<Explained>(path("/api/gw/explain", { query: answer.ran, ...when, lookback }), signal);
    },
    enabled: answer.ran !== "",
    placeholderData: (before, last) => (last?.queryKey[1] === answer.ran ? before : undefined),
    retry: false,
  });
  return (
    <Panel
      title={<code>{answer.ran}</code>}
      note={data ? <Total explained={data} /> : undefined}
      query={answer.ran}
      busy={isPending}
      flush
    >
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data ? (
        <>
          <Notes notes={notesOf(data, answer.ran)} text={answer.ran} />
          {data.series === 0 ? <WhyEmpty explained={data} /> : null}
          <Plan explained={data} />
          <Selectors selectors={data.selectors} />
        </>
      ) : null}
    </Panel>
  );
}

function notesOf({ warnings, infos }: Explained, ran: string): Note[] {
  return [
    ...warnings.map((text) => readNote("warning", text, ran)),
    ...infos.map((text) => readNote("info", text, ran)),
  ];
}

function Total({ explained: { series, cost } }: { explained: Explained }) {
  const t = useT();
  return t("explain.total", {
    series: formatValue(series, "count"),
    read: formatValue(cost.series, "count"),
    samples: formatValue(cost.samples),
    bytes: formatValue(cost.bytes, "bytes"),
    time: formatValue(cost.ms / 1000, "seconds"),
  });
}

function Plan({ explained }: { explained: Explained }) {
  const t = useT();
  const lines = planLines(explained.plan);
  const most = Math.max(...lines.map(({ node }) => node.self_ms), 0);
  if (lines.length === 0) return <Empty title={t("explain.noPlan")} />;
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={t("metrics.tab.explain")}>
      <table className="table explain">
        <thead>
          <tr>
            <th scope="col">{t("explain.node")}</th>
            <th scope="col" className="num">
              {t("explain.series")}
            </th>
            <th scope="col" className="num wide">
              {t("explain.samples")}
            </th>
            <th scope="col" className="num">
              {t("explain.own")}
            </th>
            <th scope="col" className="num wide">
              {t("explain.whole")}
            </th>
            <th scope="col" className="wide">
              {t("explain.share")}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <PlanRow key={line.key} line={line} most={most} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PlanRow({ line: { node, depth }, most }: { line: PlanLine; most: number }) {
  return (
    <tr>
      <td style={{ paddingLeft: 10 + Math.min(depth, 12) * 16 }}>
        <span className="row nogap" translate="no">
          <b>{node.name}</b> <code className="muted">{node.detail}</code>
          {node.line !== null && node.column !== null ? (
            <small className="faint">
              {node.line}:{node.column}
            </small>
          ) : null}
        </span>
      </td>
      <td className={`num ${node.series === 0 ? "c-warn" : ""}`}>{formatValue(node.series, "count")}</td>
      <td className="num wide">{formatValue(node.samples)}</td>
      <td className="num">{formatValue(node.self_ms / 1000, "seconds")}</td>
      <td className="num wide">{formatValue(node.ms / 1000, "seconds")}</td>
      <td className="wide">
        <span className="share-bar">
          <i style={{ width: `${most > 0 ? (node.self_ms / most) * 100 : 0}%` }} />
        </span>
      </td>
    </tr>
  );
}

/** What each condition leaves: alone, and after those before it. */
function Selectors({ selectors }: { selectors: readonly SelectorCost[] }) {
  const t = useT();
  if (selectors.length === 0) return null;
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={t("explain.conditions")}>
      <table className="table explain">
        <thead>
          <tr>
            <th scope="col">{t("explain.conditions")}</th>
            <th scope="col" className="num">
              {t("explain.alone")}
            </th>
            <th scope="col" className="num">
              {t("explain.left")}
            </th>
          </tr>
        </thead>
        <tbody>
          {selectors.flatMap(({ text, line, column, conditions }) => [
            <tr key={`${line}:${column}:${text}`}>
              <td colSpan={3} translate="no">
                <Link to="/explore/metrics" search={{ expr: text }}>
                  <code>{text}</code>
                </Link>
              </td>
            </tr>,
            ...conditions.map(({ matcher, alone, left }) => (
              <tr key={`${line}:${column}:${text}:${matcher}`}>
                <td className="explain-condition" translate="no">
                  <code>{matcher}</code>
                </td>
                <td className="num">{formatValue(alone, "count")}</td>
                <td className={`num ${left === 0 ? "c-warn" : ""}`}>{formatValue(left, "count")}</td>
              </tr>
            )),
          ])}
        </tbody>
      </table>
    </div>
  );
}

function WhyEmpty({ explained }: { explained: Explained }) {
  const t = useT();
  const culprits = whyEmpty(explained);
  return (
    <div className="notice warn explain-why" role="status">
      <State state="warn" text={t("explain.empty")} />
      <ul>
        {culprits.map((culprit) => (
          <Sentence key={keyOf(culprit)} culprit={culprit} />
        ))}
      </ul>
    </div>
  );
}

function keyOf(culprit: Culprit): string {
  return culprit.kind === "operator"
    ? culprit.node.name
    : `${culprit.selector.line}:${culprit.selector.column}${culprit.selector.text}`;
}

function Sentence({ culprit }: { culprit: Culprit }) {
  const t = useT();
  if (culprit.kind === "operator") {
    return (
      <li>
        {t("explain.byOperator")} <code translate="no">{`${culprit.node.name} ${culprit.node.detail}`}</code>
      </li>
    );
  }
  if (culprit.kind === "samples") {
    return (
      <li>
        {t("explain.bySamples")} <code translate="no">{culprit.selector.text}</code>
      </li>
    );
  }
  const { matcher, alone } = culprit.condition;
  return (
    <li>
      <code translate="no">{matcher}</code>{" "}
      {alone === 0
        ? t("explain.byNone")
        : t("explain.byLast", { before: formatValue(culprit.before, "count"), alone: formatValue(alone, "count") })}
    </li>
  );
}
