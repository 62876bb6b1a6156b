// Label names and values to choose from, read when a field of the builder gets the focus and kept for a minute.

import { useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useTime } from "../../../app/url";
import { labelNames, labelValues } from "../../../data/prometheus";
import { type Blocks, type Filter, printSelector } from "../../../lib/blocks";

const FRESH_MS = 60e3;

/** What selects the series whose labels are offered: every filter but the one being edited. */
function matchFor({ metric, filters }: Blocks, without?: Filter): string {
  const others = filters.filter((filter) => filter !== without && filter.value !== "");
  // A selector needs one matcher that is not empty.
  return printSelector({ metric, filters: others }) || '{__name__!=""}';
}

/** Names of labels that the selected series have. */
export function useLabelNames(blocks: Blocks): { names: readonly string[]; read: () => void } {
  const { range, from, to } = useTime();
  const [wanted, setWanted] = useState(false);
  const match = matchFor(blocks);
  const { data } = useQuery({
    queryKey: ["labelNames", match, from, to],
    queryFn: ({ signal }) => labelNames(match, range, signal),
    enabled: wanted,
    staleTime: FRESH_MS,
    retry: false,
  });
  return { names: data ?? [], read: useCallback(() => setWanted(true), []) };
}

/** Values of one label in the series that the other filters select. */
export function useLabelValues(
  blocks: Blocks,
  filter: Filter,
): { values: readonly string[]; busy: boolean; read: () => void } {
  const { range, from, to } = useTime();
  const [wanted, setWanted] = useState(false);
  const match = matchFor(blocks, filter);
  const { data, isFetching } = useQuery({
    queryKey: ["labelValues", filter.name, match, from, to],
    queryFn: ({ signal }) => labelValues(filter.name, match, range, signal),
    enabled: wanted && filter.name !== "",
    staleTime: FRESH_MS,
    retry: false,
  });
  return { values: data ?? [], busy: isFetching, read: useCallback(() => setWanted(true), []) };
}
