// A query editor for PromQL or LogQL. CodeMirror loads when the first editor is shown; until then a plain field stands in,
// so that typing works at once.

import type { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";
import type { Note } from "../lib/annotations";

interface QueryEditorProps {
  kind: "promql" | "logql";
  label: string;
  value: string;
  onChange: (text: string) => void;
  onRun: () => void;
  /** What the server noted about places of this text. */
  notes?: readonly Note[];
  /** Without the grammar: for formulas, which are not PromQL until their rows are written in. */
  plain?: boolean;
}

const NO_NOTES: readonly Note[] = [];
const HINTS = { promql: "editor.promql", logql: "editor.logql" } as const;

async function load(kind: QueryEditorProps["kind"], plain: boolean) {
  const [{ mountEditor, showNotes }, language] = await Promise.all([
    import("./mount"),
    plain
      ? []
      : kind === "promql"
        ? import("./promql").then(({ promqlLanguage }) => promqlLanguage())
        : import("./logql").then(({ logqlLanguage }) => logqlLanguage()),
  ]);
  return { mountEditor, showNotes, language };
}

/** The editor. */
export function QueryEditor({
  kind,
  label,
  value,
  onChange,
  onRun,
  notes = NO_NOTES,
  plain = false,
}: QueryEditorProps) {
  const t = useT();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const mark = useRef<((view: EditorView, notes: readonly Note[]) => void) | null>(null);
  const latest = useRef({ value, onChange, onRun });
  latest.current = { value, onChange, onRun };
  const [ready, setReady] = useState(false);
  const hint = t(HINTS[kind]);

  useEffect(() => {
    let gone = false;
    void load(kind, plain).then(({ mountEditor, showNotes, language }) => {
      if (gone || !host.current) return;
      view.current = mountEditor({
        host: host.current,
        text: latest.current.value,
        label,
        hint,
        language,
        onChange: (text) => latest.current.onChange(text),
        onRun: () => latest.current.onRun(),
      });
      mark.current = showNotes;
      setReady(true);
    });
    return () => {
      gone = true;
      view.current?.destroy();
      view.current = null;
      setReady(false);
    };
  }, [kind, plain, label, hint]);

  useEffect(() => {
    const editor = view.current;
    const text = editor?.state.doc.toString();
    if (editor && text !== value) editor.dispatch({ changes: { from: 0, to: text?.length ?? 0, insert: value } });
  }, [value]);

  useEffect(() => {
    if (ready && view.current) mark.current?.(view.current, notes);
  }, [ready, notes]);

  return (
    <div className="editor">
      <div ref={host} hidden={!ready} />
      {ready ? null : (
        <input
          className="input mono"
          aria-label={label}
          placeholder={hint}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.nativeEvent.isComposing) onRun();
          }}
        />
      )}
    </div>
  );
}
