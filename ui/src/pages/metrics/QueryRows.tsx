// The rows of PromQL being written: as text or as blocks, each with its letter, legend, switch and what the server noted.

import { Blocks as BlocksIcon, CirclePlus, Code, Eye, EyeOff, Play, Sigma, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "react-aria-components";
import { QueryEditor } from "../../editor/QueryEditor";
import { useT } from "../../i18n";
import { formatValue } from "../../lib/format";
import { isFormula, letter } from "../../lib/formula";
import { CopyButton, Panel } from "../../ui/Panel";
import type { Answer } from "./answers";
import { Builder } from "./builder/Builder";
import { Notes } from "./Notes";
import { EMPTY_ROW, MOST_ROWS, type Row } from "./state";

interface QueryRowsProps {
  drafts: Row[];
  answers: readonly Answer[];
  onDrafts: (drafts: Row[]) => void;
  onRun: (drafts: Row[]) => void;
}

/** One editor a row, and what runs them all. */
export function QueryRows({ drafts, answers, onDrafts, onRun }: QueryRowsProps) {
  const t = useT();
  const [built, setBuilt] = useState(() => localStorage.getItem("gw-builder") === "on");
  const change = (at: number, part: Partial<Row>) =>
    drafts.map((row, index) => (index === at ? { ...row, ...part } : row));
  const list = useRef<HTMLDivElement>(null);
  // The button goes away with its row; the next Tab goes on from the list.
  const remove = (at: number) => {
    list.current?.focus();
    onRun(drafts.filter((_, index) => index !== at));
  };
  const add = (text: string) => onDrafts([...drafts, { ...EMPTY_ROW, text }]);
  const toggleBuilt = () => {
    localStorage.setItem("gw-builder", built ? "off" : "on");
    setBuilt(!built);
  };
  return (
    <Panel className="queries">
      <div className="stack pad-top" tabIndex={-1} ref={list}>
        {drafts.map((row, at) => (
          <QueryRow
            key={at}
            row={row}
            name={letter(at)}
            built={built}
            answer={answers[at]?.row.text === row.text ? answers[at] : undefined}
            onChange={(part) => onDrafts(change(at, part))}
            onSwitch={(part) => onRun(change(at, part))}
            onRun={() => onRun(drafts)}
            onRemove={drafts.length > 1 ? () => remove(at) : undefined}
          />
        ))}
        <div className="row">
          <Button className="btn primary" onPress={() => onRun(drafts)}>
            <Play size={14} aria-hidden /> {t("action.run")}
          </Button>
          <Button className="btn" isDisabled={drafts.length >= MOST_ROWS} onPress={() => add("")}>
            <CirclePlus size={14} aria-hidden /> {t("metrics.add")}
          </Button>
          <Button className="btn" isDisabled={drafts.length >= MOST_ROWS} onPress={() => add("= A / B")}>
            <Sigma size={14} aria-hidden /> {t("metrics.addFormula")}
          </Button>
          <Button className="btn" aria-pressed={built} onPress={toggleBuilt}>
            {built ? <Code size={14} aria-hidden /> : <BlocksIcon size={14} aria-hidden />}
            {t(built ? "metrics.asText" : "metrics.asBlocks")}
          </Button>
          <span className="faint small key-hint">{t("metrics.keys")}</span>
        </div>
      </div>
    </Panel>
  );
}

interface QueryRowProps {
  row: Row;
  name: string;
  built: boolean;
  answer: Answer | undefined;
  onChange: (part: Partial<Row>) => void;
  /** Changes the row and runs at once. */
  onSwitch: (part: Partial<Row>) => void;
  onRun: () => void;
  onRemove: (() => void) | undefined;
}

function QueryRow({ row, name, built, answer, onChange, onSwitch, onRun, onRemove }: QueryRowProps) {
  const t = useT();
  const formula = isFormula(row.text);
  return (
    <div className="metric-query" data-off={row.on ? undefined : ""}>
      <div className="row nowrap-row top">
        <Button
          className="btn small letter"
          aria-pressed={row.on}
          aria-label={t(row.on ? "metrics.hideRow" : "metrics.showRow", { name })}
          onPress={() => onSwitch({ on: !row.on })}
        >
          {row.on ? <Eye size={12} aria-hidden /> : <EyeOff size={12} aria-hidden />} {name}
        </Button>
        <QueryEditor
          kind="promql"
          label={t("metrics.query", { n: name })}
          value={row.text}
          plain={formula}
          notes={answer?.notes ?? []}
          onChange={(text) => onChange({ text })}
          onRun={onRun}
        />
        <input
          className="input legend-input"
          aria-label={t("metrics.legend", { name })}
          placeholder={t("metrics.legendHint")}
          value={row.legend}
          onChange={(event) => onChange({ legend: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.nativeEvent.isComposing) onRun();
          }}
        />
        <CopyButton text={answer?.ran || row.text} label="action.copyQuery" />
        {onRemove ? (
          <Button className="btn ghost icon small" aria-label={t("metrics.remove", { n: name })} onPress={onRemove}>
            <Trash2 size={14} aria-hidden />
          </Button>
        ) : null}
      </div>
      {built ? (
        formula ? (
          <div className="notice">{t("builder.formula")}</div>
        ) : (
          <Builder name={name} text={row.text} onChange={(text) => onChange({ text })} />
        )
      ) : null}
      <Status answer={answer} />
    </div>
  );
}

/** How many series came, how fast, and what the server noted. */
function Status({ answer }: { answer: Answer | undefined }) {
  const t = useT();
  if (!answer) return null;
  const { resolved, matrix, instant } = answer;
  if ("wrong" in resolved) {
    return (
      <div className="notice crit" role="alert">
        {t(resolved.wrong === "loop" ? "metrics.formulaLoop" : "metrics.formulaMissing", { name: resolved.what })}
      </div>
    );
  }
  const data = matrix ?? instant;
  const count = matrix?.series.length ?? instant?.samples.length ?? 0;
  return (
    <>
      {data ? (
        <span className="faint small">
          {t("metrics.series", { n: count.toLocaleString("en-US") })} · {formatValue(data.millis / 1000, "seconds")}
        </span>
      ) : null}
      <Notes notes={answer.notes} text={answer.row.text} />
    </>
  );
}
