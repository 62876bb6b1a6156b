// What the server noted about a query, as sentences: the words it points to first. The editor underlines the same places.

import { useT } from "../../i18n";
import type { Note } from "../../lib/annotations";
import { State } from "../../ui/State";

const STATES = { error: "error", warning: "warn", info: "info" } as const;
const MOST = 10;

/** The list. */
export function Notes({ notes, text }: { notes: readonly Note[]; text: string }) {
  const t = useT();
  if (notes.length === 0) return null;
  return (
    <ul className="notes" aria-label={t("metrics.notes")}>
      {notes.slice(0, MOST).map((note) => (
        <li key={`${note.severity}${note.from}${note.message}`} className="row nowrap-row">
          <State state={STATES[note.severity]} size={14} />
          <span className="selectable" translate="no">
            {note.from !== null && note.to !== null ? (
              <code className="note-place">{text.slice(note.from, note.to)}</code>
            ) : null}{" "}
            {note.message}
          </span>
        </li>
      ))}
      {notes.length > MOST ? <li className="faint">{t("chart.more", { n: notes.length - MOST })}</li> : null}
    </ul>
  );
}
