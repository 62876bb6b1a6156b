// Puts a CodeMirror editor into a shadow root. There it uses constructed style sheets instead of <style> elements, so the
// page keeps its content security policy without 'unsafe-inline'. Colours are the page's tokens, which shadow roots inherit.

import { acceptCompletion, autocompletion, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";

interface Mount {
  host: HTMLElement;
  text: string;
  label: string;
  hint: string;
  language: Extension;
  onChange: (text: string) => void;
  onRun: () => void;
}

const LOOK = EditorView.theme({
  "&": {
    backgroundColor: "var(--bg)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
    fontSize: "13px",
    minHeight: "30px",
    maxHeight: "240px",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--font-code)", lineHeight: "20px", overflow: "auto" },
  ".cm-content": { padding: "4px 0", caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-placeholder": { color: "var(--text-3)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 30%, transparent)",
  },
  ".cm-matchingBracket": { outline: "1px solid var(--accent)", backgroundColor: "transparent" },
  ".cm-tooltip": {
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "6px",
    boxShadow: "var(--shadow)",
    fontFamily: "var(--font-code)",
    fontSize: "12px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-code)", maxHeight: "260px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--surface-3)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--text-3)" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--crit)" },
  ".cm-tooltip-lint": { padding: "2px" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ok)" },
  { tag: [tags.number, tags.bool], color: "var(--warn)" },
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--series-6)" },
  { tag: [tags.function(tags.variableName), tags.standard(tags.name)], color: "var(--accent)" },
  { tag: [tags.labelName, tags.attributeName], color: "var(--text-2)" },
  { tag: [tags.operator, tags.punctuation, tags.paren, tags.brace], color: "var(--text-2)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--crit)" },
]);

/** Enter runs, Shift+Enter breaks the line; while a completion list is open Enter accepts it. */
function keys(onRun: () => void): Extension {
  return Prec.highest(
    keymap.of([
      {
        key: "Enter",
        run: (view) => {
          if (view.composing) return false;
          if (completionStatus(view.state) === "active" && acceptCompletion(view)) return true;
          onRun();
          return true;
        },
      },
      {
        key: "Mod-Enter",
        run: () => {
          onRun();
          return true;
        },
      },
    ]),
  );
}

/** Makes the editor; `destroy` on the view removes it. */
export function mountEditor({ host, text, label, hint, language, onChange, onRun }: Mount): EditorView {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const state = EditorState.create({
    doc: text,
    extensions: [
      keys(onRun),
      history(),
      drawSelection(),
      bracketMatching(),
      autocompletion({ icons: false }),
      keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
      language,
      syntaxHighlighting(COLOURS),
      LOOK,
      EditorView.lineWrapping,
      placeholder(hint),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(update.state.doc.toString());
      }),
    ],
  });
  return new EditorView({ state, parent: root, root });
}
