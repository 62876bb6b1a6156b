// One chart of a host over the page's range.

import { type Translate, useLanguage } from "../../i18n";
import { type PanelQuery, PromPanel } from "../../viz/PromPanel";
import type { HostChart as Chart } from "./parts";

/** A chart's queries with their names in the page's language. */
export function panelQueries({ queries }: Chart, t: Translate): PanelQuery[] {
  return queries.map(({ expr, name, minutes, token }) => ({
    expr,
    ...(name ? { name: t(name) } : minutes ? { name: t("hosts.minutes", { n: minutes }) } : {}),
    ...(token ? { token } : {}),
  }));
}

/** The panel. */
export function HostChart({ chart }: { chart: Chart }) {
  const { t } = useLanguage();
  const { title, unit, top, style } = chart;
  return (
    <PromPanel
      title={t(title)}
      unit={unit}
      {...(top ? { top } : {})}
      {...(style ? { style } : {})}
      queries={panelQueries(chart, t)}
    />
  );
}
