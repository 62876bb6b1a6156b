// Puts a CodeMirror editor into a shadow root. There it uses constructed style sheets instead of <style> elements, so the
// page keeps its content security policy without 'unsafe-inline'. Colours are the page's tokens, which shadow roots inherit.

import { acceptCompletion, autocompletion, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintKeymap } from "@codemirror/lint";
import { EditorState, type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Note } from "../lib/annotations";

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
  ".cm-own-variable, .cm-own-variable *": { color: "var(--warn)" },
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
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--info)" },
  ".cm-tooltip-lint": { padding: "2px" },
  // The drawn waves are pictures in data: URIs, which the content security policy refuses.
  ".cm-lintRange": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--info) 1px",
    textUnderlineOffset: "3px",
  },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warn)" },
  ".cm-lintRange-error": { textDecorationColor: "var(--crit)" },
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

const setNotes = StateEffect.define<readonly Note[]>();

/** Notes of the server belong to the text as it ran: the first edit drops them. */
const notesField = StateField.define<readonly Note[]>({
  create: () => [],
  update: (notes, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setNotes)) return effect.value;
    return transaction.docChanged ? [] : notes;
  },
});

function diagnostics(view: EditorView): Diagnostic[] {
  const { length } = view.state.doc;
  return view.state
    .field(notesField)
    .flatMap(({ severity, message, from, to }) =>
      from === null || to === null || from >= length ? [] : [{ severity, message, from, to: Math.min(to, length) }],
    );
}

const noteLinter: Extension = [
  notesField,
  linter(diagnostics, {
    delay: 0,
    needsRefresh: (update) => update.transactions.some(({ effects }) => effects.some((effect) => effect.is(setNotes))),
  }),
];

/** Underlines what the server noted. */
export function showNotes(view: EditorView, notes: readonly Note[]): void {
  const before = view.state.field(notesField);
  if (JSON.stringify(before) !== JSON.stringify(notes)) view.dispatch({ effects: setNotes.of(notes) });
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
      noteLinter,
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
