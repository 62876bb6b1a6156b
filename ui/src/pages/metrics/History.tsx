// The queries that ran before: run again, keep with a star, forget.

import { Star, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useClock } from "../../app/url";
import { useLanguage } from "../../i18n";
import { formatAgo } from "../../lib/format";
import { Sheet, Text } from "../../ui/controls";
import { Empty } from "../../ui/Panel";
import { useToast } from "../../ui/toast";
import { type Run, readRuns, writeRuns } from "./history";

interface HistoryProps {
  isOpen: boolean;
  onClose: () => void;
  onPick: (queries: string[]) => void;
}

/** The drawer. */
export function History({ isOpen, onClose, onPick }: HistoryProps) {
  const { t } = useLanguage();
  return (
    <Sheet title={t("metrics.history")} isOpen={isOpen} onClose={onClose} side>
      <Runs onPick={onPick} />
    </Sheet>
  );
}

function Runs({ onPick }: Pick<HistoryProps, "onPick">) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const toast = useToast();
  const [runs, setRuns] = useState(readRuns);
  const [typed, setTyped] = useState("");
  const keep = (next: Run[]) => {
    writeRuns(next);
    setRuns(next);
  };
  const forget = () => {
    const before = runs;
    keep(runs.filter(({ starred }) => starred));
    toast(t("metrics.forgotten"), () => keep(before));
  };
  const found = runs
    .filter(({ queries }) => queries.join("\n").toLowerCase().includes(typed.trim().toLowerCase()))
    .sort((a, b) => Number(b.starred) - Number(a.starred) || b.at - a.at);
  return (
    <>
      <Text label={t("common.filter")} value={typed} onChange={setTyped} autoFocus />
      {found.length === 0 ? <Empty title={t("metrics.noHistory")} /> : null}
      <ul className="runs">
        {found.map((run) => (
          <li key={run.queries.join("\n")} className="row nowrap-row">
            <Button
              className="btn ghost icon small"
              aria-pressed={run.starred}
              aria-label={t("metrics.star")}
              onPress={() => keep(runs.map((old) => (old === run ? { ...old, starred: !old.starred } : old)))}
            >
              <Star size={14} aria-hidden fill={run.starred ? "currentColor" : "none"} />
            </Button>
            <button type="button" className="browser-item run" onClick={() => onPick(run.queries)}>
              {run.queries.map((query) => (
                <code key={query} className="clip" translate="no">
                  {query}
                </code>
              ))}
              <small className="faint">{formatAgo(run.at, now, language)}</small>
            </button>
          </li>
        ))}
      </ul>
      {/* Stays where it is when the list empties, so the focus and with it Escape keep working. */}
      <Button className="btn" onPress={forget}>
        <Trash2 size={14} aria-hidden /> {t("metrics.forget")}
      </Button>
    </>
  );
}
