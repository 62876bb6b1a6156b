// Every metric name with its type and help, searched as you type; only the visible rows are in the document.

import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { metricMetadata, metricNames } from "../../data/rooms";
import { useT } from "../../i18n";
import { score } from "../../lib/choseong";
import { Text } from "../../ui/controls";
import { Empty, Failure } from "../../ui/Panel";

/** The query a click on a metric starts with: counters as rates, histograms as a quantile. */
export function starter(name: string, type: string | undefined): string {
  if (type === "histogram" || name.endsWith("_bucket")) {
    const base = name.endsWith("_bucket") ? name : `${name}_bucket`;
    return `histogram_quantile(0.99, sum by (le) (rate(${base}[$__rate_interval])))`;
  }
  return type === "counter" || name.endsWith("_total") ? `rate(${name}[$__rate_interval])` : name;
}

/** The list. */
export function MetricBrowser({ onPick }: { onPick: (query: string) => void }) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const names = useQuery({ queryKey: ["metricNames"], queryFn: ({ signal }) => metricNames(signal), staleTime: 60e3 });
  const metadata = useQuery({
    queryKey: ["metricMetadata"],
    queryFn: ({ signal }) => metricMetadata(signal),
    staleTime: 60e3,
  });
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => {
    const all = names.data ?? [];
    if (typed.trim() === "") return all;
    return all
      .map((name) => ({ name, rank: score(typed, name) }))
      .filter(({ rank }) => rank > 0)
      .sort((a, b) => b.rank - a.rank)
      .map(({ name }) => name);
  }, [names.data, typed]);
  const virtualizer = useVirtualizer({
    count: found.length,
    getScrollElement: () => box.current,
    estimateSize: () => 48,
    overscan: 8,
  });
  return (
    <>
      <Text label={t("metrics.search")} value={typed} onChange={setTyped} autoFocus />
      <p className="faint small">{t("common.count", { n: found.length })}</p>
      {names.error ? <Failure error={names.error} retry={() => void names.refetch()} /> : null}
      {names.data && found.length === 0 ? <Empty title={t("metrics.noneFound")} /> : null}
      <div className="browser" ref={box} tabIndex={0} role="region" aria-label={t("metrics.browse")}>
        <ul style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const name = found[index] ?? "";
            const about =
              metadata.data?.[name]?.[0] ?? metadata.data?.[name.replace(/_(bucket|sum|count|total)$/, "")]?.[0];
            return (
              <li key={name} style={{ position: "absolute", top: start, left: 0, right: 0, height: 48 }}>
                <button type="button" className="browser-item" onClick={() => onPick(starter(name, about?.type))}>
                  <span className="row nowrap-row">
                    <code className="clip">{name}</code>
                    {about ? <small className="faint end">{about.type}</small> : null}
                  </span>
                  <small className="muted clip">{about?.help ?? ""}</small>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}
