// A chart of the last five minutes at one reading a second, before the first of them what is stored; where the readings
// stopped, what is stored alone.

import { useMemo, useState } from "react";
import { useClock, WithRange } from "../../app/url";
import { useRanges } from "../../data/hooks";
import { type LiveFeed, useLiveState, useReadings } from "../../data/live";
import { useLanguage } from "../../i18n";
import { WINDOW } from "../../lib/live";
import { ChartPanel } from "../../viz/ChartPanel";
import { joinMatrices } from "../../viz/PromPanel";
import { continued } from "../../viz/series";
import { panelQueries } from "./HostChart";
import type { HostChart } from "./parts";

const WINDOW_MS = WINDOW * 1000;
/** Steps of what is stored: about one for each time that the host collector runs. */
const STORED = 20;

/** The panel. */
export function LivePanel({ chart, live }: { chart: HostChart; live: LiveFeed }) {
  const { t } = useLanguage();
  const { now } = useClock();
  const [opened] = useState(now);
  const { window } = live;
  const turn = useReadings(live);
  const ended = useLiveState(live) === "ended";
  const until = ended ? now : opened;
  const queries = panelQueries(chart, t);
  const answers = useRanges(
    queries.map(({ expr }) => expr),
    STORED,
    { start: until - WINDOW_MS, end: until },
  );
  const stored = joinMatrices(
    queries,
    answers.map(({ data }) => data),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the window is the same object at each reading
  const read = useMemo(
    () => ({ times: window.times, series: chart.live?.(window, t) ?? [] }),
    [window, turn, chart, t],
  );
  const end = ended ? now : Math.max(opened, (read.times.at(-1) ?? 0) * 1000);
  const range = useMemo(() => ({ start: end - WINDOW_MS, end }), [end]);
  return (
    <WithRange range={range}>
      <ChartPanel
        title={`${t(chart.title)}: ${t("hosts.lastMinutes")}`}
        {...(ended ? stored : continued(stored, read))}
        unit={chart.unit}
        {...(chart.top ? { top: chart.top } : {})}
        {...(chart.style ? { style: chart.style } : {})}
        waiting={answers.some(({ isPending }) => isPending) && read.times.length === 0}
      />
    </WithRange>
  );
}
