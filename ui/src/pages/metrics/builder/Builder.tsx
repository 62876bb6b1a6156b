// A query as blocks: the metric, its label filters, and the steps done to it, inside out. It reads the text and writes the
// text; what it cannot show it says, and leaves the text alone.

import { Plus } from "lucide-react";
import { useRef, useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { type Key, useT } from "../../../i18n";
import {
  AGGREGATIONS,
  type Blocks,
  FUNCTIONS,
  newStep,
  OPERATORS,
  parseBlocks,
  printBlocks,
  type Step,
  withStep,
} from "../../../lib/blocks";
import { Suggest } from "../../../ui/Suggest";
import { useMetrics } from "../MetricBrowser";
import { Filters } from "./Filters";
import { StepBlock } from "./StepBlock";
import { useLabelNames } from "./suggestions";

interface BuilderProps {
  name: string;
  text: string;
  onChange: (text: string) => void;
}

/** The blocks of one query. */
export function Builder({ name, text, onChange }: BuilderProps) {
  const t = useT();
  const parsed = parseBlocks(text);
  // A filter without a name prints as nothing, so what is being filled in is kept here until the text says more.
  const [draft, setDraft] = useState<{ text: string; blocks: Blocks } | null>(null);
  if ("reason" in parsed) {
    return (
      <div className="notice" role="status">
        {t(`builder.why.${parsed.reason}` as Key, { what: parsed.what })} {t("builder.kept")}
      </div>
    );
  }
  const blocks = draft && draft.text === text ? draft.blocks : parsed.blocks;
  const change = (next: Blocks) => {
    const printed = printBlocks(next);
    setDraft({ text: printed, blocks: next });
    if (printed !== text) onChange(printed);
  };
  return <Editor name={name} blocks={blocks} onChange={change} />;
}

interface EditorProps {
  name: string;
  blocks: Blocks;
  onChange: (blocks: Blocks) => void;
}

function Editor({ name, blocks, onChange }: EditorProps) {
  const t = useT();
  const { names } = useMetrics();
  const labels = useLabelNames(blocks);
  const box = useRef<HTMLDivElement>(null);
  const { steps } = blocks;
  const replace = (at: number, step: Step | null) =>
    onChange({
      ...blocks,
      steps: step ? steps.map((old, index) => (index === at ? step : old)) : steps.filter((_, index) => index !== at),
    });
  // What had the focus goes away with the block; the next Tab goes on from here.
  const remove = (at: number) => {
    box.current?.focus();
    replace(at, null);
  };
  const swap = (at: number) => {
    const next = [...steps];
    const [one, two] = [next[at - 1], next[at]];
    if (one && two) next.splice(at - 1, 2, two, one);
    onChange({ ...blocks, steps: next });
  };
  return (
    <div className="builder" role="group" aria-label={t("builder.title", { name })} tabIndex={-1} ref={box}>
      <div className="block">
        <span className="block-name">{t("builder.metric")}</span>
        <Suggest
          className="wide"
          label={t("builder.metric")}
          value={blocks.metric}
          choices={names.data ?? []}
          busy={names.isPending}
          placeholder={t("builder.metricHint")}
          onChange={(metric) => onChange({ ...blocks, metric: metric.trim() })}
        />
        <Filters
          blocks={blocks}
          labels={labels.names}
          onFocus={labels.read}
          onChange={(filters) => {
            if (filters.length < blocks.filters.length) box.current?.focus();
            onChange({ ...blocks, filters });
          }}
        />
      </div>
      {steps.map((step, at) => (
        <StepBlock
          key={at}
          step={step}
          labels={labels.names}
          onLabels={labels.read}
          onChange={(next) => replace(at, next)}
          onRemove={() => remove(at)}
          onEarlier={at > 0 && movable(steps, at) ? () => swap(at) : undefined}
        />
      ))}
      <AddStep onAdd={(step) => onChange(withStep(blocks, step))} />
    </div>
  );
}

/** A function over time stands on the selector, so nothing changes places with it. */
function movable(steps: readonly Step[], at: number): boolean {
  const ranged = (step: Step | undefined) => step?.kind === "function" && step.window !== undefined;
  return !ranged(steps[at]) && !ranged(steps[at - 1]);
}

const GROUPS: readonly { title: Key; names: readonly string[] }[] = [
  { title: "builder.overTime", names: Object.keys(FUNCTIONS).filter((name) => FUNCTIONS[name]?.ranged) },
  { title: "builder.aggregate", names: Object.keys(AGGREGATIONS) },
  { title: "builder.function", names: Object.keys(FUNCTIONS).filter((name) => !FUNCTIONS[name]?.ranged) },
  { title: "builder.arithmetic", names: OPERATORS },
];

function AddStep({ onAdd }: { onAdd: (step: Step) => void }) {
  const t = useT();
  return (
    <div className="row nogap">
      {GROUPS.map(({ title, names }) => (
        <MenuTrigger key={title}>
          <Button className="btn small">
            <Plus size={12} aria-hidden /> {t(title)}
          </Button>
          <Popover className="popover" placement="bottom start">
            <Menu className="menu short" aria-label={t(title)} onAction={(key) => onAdd(newStep(String(key)))}>
              {names.map((name) => (
                <MenuItem key={name} id={name} className="menu-item mono" textValue={name}>
                  {name}
                </MenuItem>
              ))}
            </Menu>
          </Popover>
        </MenuTrigger>
      ))}
    </div>
  );
}
