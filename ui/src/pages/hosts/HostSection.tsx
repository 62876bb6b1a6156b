// A part of a host's page: its heading, under it a ribbon of how it was over the range, and its panels.

import type { ReactNode } from "react";
import { useRanges } from "../../data/hooks";
import { useT } from "../../i18n";
import { formatValue } from "../../lib/format";
import { shares, stretches } from "../../lib/health";
import { InSection } from "../../ui/Panel";
import { Ribbon } from "../../viz/Spark";
import { lastOf } from "../../viz/series";
import type { Health } from "./parts";

/** Steps of a ribbon. */
const STEPS = 120;

interface SectionProps {
  id: string;
  title: string;
  health?: Health;
  children: ReactNode;
}

/** The part. */
export function HostSection({ id, title, health, children }: SectionProps) {
  return (
    // No landmark: the lists inside are regions of the same names.
    <div className="part stack">
      <h2 id={`part-${id}`} tabIndex={-1}>
        {title}
      </h2>
      {health ? <HealthRibbon title={title} health={health} /> : null}
      <InSection>{children}</InSection>
    </div>
  );
}

function HealthRibbon({ title, health }: { title: string; health: Health }) {
  const t = useT();
  const [answer] = useRanges([health.expr], STEPS);
  const times = answer?.data?.times ?? [];
  const values = answer?.data?.series[0]?.values ?? [];
  const parts = stretches(times, values, health);
  const of = shares(parts);
  const text = t("hosts.ribbon", {
    title,
    ok: formatValue(of.ok, "ratio"),
    warn: formatValue(of.warn, "ratio"),
    crit: formatValue(of.crit, "ratio"),
    unknown: formatValue(of.unknown, "ratio"),
  });
  return (
    <div className="part-ribbon" title={text}>
      <Ribbon parts={lastOf(values) === null ? [] : parts} label={text} />
    </div>
  );
}
