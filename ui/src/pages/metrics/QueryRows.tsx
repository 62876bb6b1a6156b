// The rows of PromQL being written.

import { CirclePlus, Play, Trash2 } from "lucide-react";
import { Button } from "react-aria-components";
import { QueryEditor } from "../../editor/QueryEditor";
import { useT } from "../../i18n";
import { CopyButton, Panel } from "../../ui/Panel";

interface QueryRowsProps {
  drafts: string[];
  onDrafts: (drafts: string[]) => void;
  onRun: (drafts: string[]) => void;
}

/** More rows than this are no longer one question. */
export const MOST_QUERIES = 8;

/** One editor a row, and what runs them all. */
export function QueryRows({ drafts, onDrafts, onRun }: QueryRowsProps) {
  const t = useT();
  const remove = (at: number) => {
    const rest = drafts.filter((_, index) => index !== at);
    onDrafts(rest);
    onRun(rest);
  };
  return (
    <Panel className="queries">
      <div className="stack pad-top">
        {drafts.map((text, at) => (
          <div className="row nowrap-row query-row" key={at}>
            <QueryEditor
              kind="promql"
              label={t("metrics.query", { n: at + 1 })}
              value={text}
              onChange={(next) => onDrafts(drafts.map((old, index) => (index === at ? next : old)))}
              onRun={() => onRun(drafts)}
            />
            <CopyButton text={text} label="action.copyQuery" />
            {drafts.length > 1 ? (
              <Button
                className="btn ghost icon"
                aria-label={t("metrics.remove", { n: at + 1 })}
                onPress={() => remove(at)}
              >
                <Trash2 size={14} aria-hidden />
              </Button>
            ) : null}
          </div>
        ))}
        <div className="row">
          <Button className="btn primary" onPress={() => onRun(drafts)}>
            <Play size={14} aria-hidden /> {t("action.run")}
          </Button>
          <Button className="btn" isDisabled={drafts.length >= MOST_QUERIES} onPress={() => onDrafts([...drafts, ""])}>
            <CirclePlus size={14} aria-hidden /> {t("metrics.add")}
          </Button>
          <span className="faint small hide-mobile">{t("metrics.keys")}</span>
        </div>
      </div>
    </Panel>
  );
}
