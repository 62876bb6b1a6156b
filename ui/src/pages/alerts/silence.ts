// Silencing a set of labels, with Undo.

import { useQueryClient } from "@tanstack/react-query";
import { useClock } from "../../app/url";
import { write } from "../../data/http";
import type { Matcher, Silence } from "../../data/types";
import { useT } from "../../i18n";
import { useToast } from "../../ui/toast";

/** Exact matchers for a label set. */
export function matchersOf(labels: Readonly<Record<string, string>>): Matcher[] {
  return Object.entries(labels).map(([name, value]) => ({ name, value, is_regex: false, is_equal: true }));
}

/** Silences alerts that carry all these labels for a time in seconds. */
export function useSilence() {
  const t = useT();
  const toast = useToast();
  const client = useQueryClient();
  const { refresh } = useClock();
  const renew = () => {
    void client.invalidateQueries({ queryKey: ["alerts"] });
    refresh();
  };
  return async (
    labels: Readonly<Record<string, string>>,
    seconds: number,
    comment = "",
    matchers = matchersOf(labels),
  ) => {
    try {
      const made = await write<Silence>("POST", "/api/gw/silences", { matchers, duration: seconds, comment });
      renew();
      toast(t("silence.made"), () => {
        void write("DELETE", `/api/gw/silences/${encodeURIComponent(made.id)}`).then(renew);
      });
    } catch (cause) {
      toast(t("silence.failed", { why: cause instanceof Error ? cause.message : String(cause) }));
    }
  };
}
