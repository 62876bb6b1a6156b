// A query editor for PromQL or LogQL. CodeMirror loads when the first editor is shown; until then a plain field stands in,
// so that typing works at once.

import type { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";

interface QueryEditorProps {
  kind: "promql" | "logql";
  label: string;
  value: string;
  onChange: (text: string) => void;
  onRun: () => void;
}

const HINTS = { promql: "editor.promql", logql: "editor.logql" } as const;

async function load(kind: QueryEditorProps["kind"]) {
  const [{ mountEditor }, language] = await Promise.all([
    import("./mount"),
    kind === "promql"
      ? import("./promql").then(({ promqlLanguage }) => promqlLanguage())
      : import("./logql").then(({ logqlLanguage }) => logqlLanguage()),
  ]);
  return { mountEditor, language };
}

/** The editor. */
export function QueryEditor({ kind, label, value, onChange, onRun }: QueryEditorProps) {
  const t = useT();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ value, onChange, onRun });
  latest.current = { value, onChange, onRun };
  const [ready, setReady] = useState(false);
  const hint = t(HINTS[kind]);

  useEffect(() => {
    let gone = false;
    void load(kind).then(({ mountEditor, language }) => {
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
      setReady(true);
    });
    return () => {
      gone = true;
      view.current?.destroy();
      view.current = null;
      setReady(false);
    };
  }, [kind, label, hint]);

  useEffect(() => {
    const editor = view.current;
    const text = editor?.state.doc.toString();
    if (editor && text !== value) editor.dispatch({ changes: { from: 0, to: text?.length ?? 0, insert: value } });
  }, [value]);

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
