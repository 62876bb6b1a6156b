// One step of a query as a block: a function over time, an aggregation, a function, or an operator with a number.

import { ArrowUp, X } from "lucide-react";
import { Button } from "react-aria-components";
import { type Key, useT } from "../../../i18n";
import {
  AGGREGATIONS,
  type AggregateStep,
  type ArithmeticStep,
  FUNCTIONS,
  type FunctionStep,
  OPERATORS,
  type Step,
} from "../../../lib/blocks";
import { Suggest } from "../../../ui/Suggest";

interface StepProps {
  step: Step;
  labels: readonly string[];
  onLabels: () => void;
  onChange: (step: Step) => void;
  onRemove: () => void;
  /** Moves the step one place towards the metric, where it can. */
  onEarlier: (() => void) | undefined;
}

const TITLES: Record<Step["kind"], Key> = {
  aggregate: "builder.aggregate",
  function: "builder.function",
  arithmetic: "builder.arithmetic",
};

/** The block. */
export function StepBlock({ step, labels, onLabels, onChange, onRemove, onEarlier }: StepProps) {
  const t = useT();
  const ranged = step.kind === "function" && step.window !== undefined;
  const name = step.kind === "arithmetic" ? step.op : step.name;
  return (
    <div className="block">
      <span className="block-name">{t(ranged ? "builder.overTime" : TITLES[step.kind])}</span>
      {step.kind === "aggregate" ? (
        <Aggregate step={step} labels={labels} onLabels={onLabels} onChange={onChange} />
      ) : null}
      {step.kind === "function" ? <Call step={step} onChange={onChange} /> : null}
      {step.kind === "arithmetic" ? <Arithmetic step={step} onChange={onChange} /> : null}
      <span className="row nogap end">
        {onEarlier ? (
          <Button className="btn ghost icon small" aria-label={t("builder.earlier", { name })} onPress={onEarlier}>
            <ArrowUp size={12} aria-hidden />
          </Button>
        ) : null}
        <Button className="btn ghost icon small" aria-label={t("builder.removeStep", { name })} onPress={onRemove}>
          <X size={12} aria-hidden />
        </Button>
      </span>
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  choices: readonly string[];
  onChange: (value: string) => void;
}

function Select({ label, value, choices, onChange }: SelectProps) {
  return (
    <select
      className="input mono narrow-select"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {choices.map((choice) => (
        <option key={choice}>{choice}</option>
      ))}
    </select>
  );
}

interface NumberProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** A number or duration as PromQL writes it. */
function Short({ label, value, onChange }: NumberProps) {
  return (
    <input
      className="input mono short-input"
      aria-label={label}
      value={value}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

/** Functions that take the same: these change places without losing anything. */
function alike(name: string): string[] {
  const own = FUNCTIONS[name];
  return Object.keys(FUNCTIONS).filter((other) => {
    const shape = FUNCTIONS[other];
    return (
      shape?.ranged === own?.ranged &&
      shape?.before.length === own?.before.length &&
      shape?.after.length === own?.after.length
    );
  });
}

function Call({ step, onChange }: { step: FunctionStep; onChange: (step: Step) => void }) {
  const t = useT();
  const at = (list: readonly string[], place: number, value: string) =>
    list.map((old, index) => (index === place ? value : old));
  return (
    <>
      <Select
        label={t("builder.function")}
        value={step.name}
        choices={alike(step.name)}
        onChange={(name) => onChange({ ...step, name })}
      />
      {step.before.map((value, place) => (
        <Short
          key={`b${place}`}
          label={t("builder.number", { name: step.name })}
          value={value}
          onChange={(next) => onChange({ ...step, before: at(step.before, place, next) })}
        />
      ))}
      {step.window === undefined ? null : (
        <Suggest
          label={t("builder.window")}
          value={step.window}
          choices={["$__rate_interval", "1m", "5m", "15m", "1h", "6h", "1d", "$__range"]}
          onChange={(window) => onChange({ ...step, window: window.trim() || "5m" })}
        />
      )}
      {step.after.map((value, place) => (
        <Short
          key={`a${place}`}
          label={t("builder.number", { name: step.name })}
          value={value}
          onChange={(next) => onChange({ ...step, after: at(step.after, place, next) })}
        />
      ))}
    </>
  );
}

function Aggregate({
  step,
  labels,
  onLabels,
  onChange,
}: Pick<StepProps, "labels" | "onLabels"> & { step: AggregateStep; onChange: (step: Step) => void }) {
  const t = useT();
  const names = Object.keys(AGGREGATIONS).filter(
    (name) => (AGGREGATIONS[name] === null) === (AGGREGATIONS[step.name] === null),
  );
  const modes = { "": t("builder.overAll"), by: "by", without: "without" };
  return (
    <>
      <Select
        label={t("builder.aggregate")}
        value={step.name}
        choices={names}
        onChange={(name) => onChange({ ...step, name })}
      />
      {step.param === undefined ? null : (
        <Short
          label={t("builder.number", { name: step.name })}
          value={step.param}
          onChange={(param) => onChange({ ...step, param })}
        />
      )}
      <select
        className="input narrow-select"
        aria-label={t("builder.grouping")}
        value={step.mode}
        onChange={(event) => {
          const mode = event.target.value as AggregateStep["mode"];
          onChange({ ...step, mode, labels: mode === "" ? [] : step.labels });
        }}
      >
        {Object.entries(modes).map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
      {step.labels.map((label) => (
        <span className="chip" key={label}>
          <code>{label}</code>
          <button
            type="button"
            aria-label={t("builder.removeLabel", { name: label })}
            onClick={() => onChange({ ...step, labels: step.labels.filter((old) => old !== label) })}
          >
            <X size={12} aria-hidden />
          </button>
        </span>
      ))}
      {step.mode === "" ? null : (
        <Suggest
          keep={false}
          label={t("builder.addLabel")}
          value=""
          choices={labels.filter((name) => !step.labels.includes(name))}
          onOpen={onLabels}
          placeholder={t("builder.addLabel")}
          onChange={(label) => {
            const name = label.trim();
            if (name !== "" && !step.labels.includes(name)) onChange({ ...step, labels: [...step.labels, name] });
          }}
        />
      )}
    </>
  );
}

function Arithmetic({ step, onChange }: { step: ArithmeticStep; onChange: (step: Step) => void }) {
  const t = useT();
  const compares = /[<>]|[=!]=/.test(step.op);
  return (
    <>
      <Select
        label={t("builder.operator")}
        value={step.op}
        choices={OPERATORS}
        onChange={(op) => onChange({ ...step, op, bool: step.bool && /[<>]|[=!]=/.test(op) })}
      />
      <Short
        label={t("builder.number", { name: step.op })}
        value={step.value}
        onChange={(value) => onChange({ ...step, value })}
      />
      <label className="row nogap">
        <input
          type="checkbox"
          checked={step.left}
          onChange={(event) => onChange({ ...step, left: event.target.checked })}
        />
        <span className="small">{t("builder.left")}</span>
      </label>
      {compares ? (
        <label className="row nogap">
          <input
            type="checkbox"
            checked={step.bool}
            onChange={(event) => onChange({ ...step, bool: event.target.checked })}
          />
          <span className="small">{t("builder.bool")}</span>
        </label>
      ) : null}
    </>
  );
}
