// PromQL in the editor: the official grammar, with names and labels completed from our Prometheus room.

import type { Extension } from "@codemirror/state";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";

/** Language, lint and completion. */
export function promqlLanguage(): Extension {
  return new PromQLExtension()
    .setComplete({ remote: { url: "/rooms/prometheus", httpMethod: "GET", cache: { maxAge: 60_000 } } })
    .asExtension();
}
