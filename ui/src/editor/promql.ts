// PromQL in the editor: the official grammar, with names and labels completed from our Prometheus room. Our variables
// ($__rate_interval) are no PromQL: the linter reads durations in their place, and they have a colour of their own.

import { EditorState, type Extension } from "@codemirror/state";
import { Decoration, type EditorView, MatchDecorator, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { LanguageType, PromQLExtension, promQLLanguage } from "@prometheus-io/codemirror-promql";
import { newLintStrategy } from "@prometheus-io/codemirror-promql/dist/esm/lint";
import { VARIABLE, withDurations } from "../lib/promql";

const grammar = promQLLanguage(LanguageType.PromQL);
const official = newLintStrategy();
const strategy = {
  promQL: () => (view: EditorView) => {
    const query = view.state.doc.toString();
    const filled = withDurations(query);
    const state = filled === query ? view.state : EditorState.create({ doc: filled, extensions: grammar.extension });
    return official.promQL()({ state } as EditorView);
  },
};

const marks = new MatchDecorator({ regexp: VARIABLE, decoration: Decoration.mark({ class: "cm-own-variable" }) });
const variables = ViewPlugin.fromClass(
  class {
    decorations;
    constructor(view: EditorView) {
      this.decorations = marks.createDeco(view);
    }
    update(update: ViewUpdate) {
      this.decorations = marks.updateDeco(update, this.decorations);
    }
  },
  { decorations: ({ decorations }) => decorations },
);

/** Language, lint and completion. */
export function promqlLanguage(): Extension {
  return [
    new PromQLExtension()
      .setComplete({ remote: { url: "/rooms/prometheus", httpMethod: "GET", cache: { maxAge: 60_000 } } })
      .setLinter(strategy)
      .asExtension(),
    variables,
  ];
}
