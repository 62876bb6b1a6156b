// Reading with the page's clock: each query hangs on the last tick and keeps its old answer until the new one is there.

import { type UseQueryResult, useQueries, useQuery } from "@tanstack/react-query";
import { useClock, useTime } from "../app/url";
import { fillQuery } from "../lib/promql";
import { type Range, stepFor } from "../lib/time";
import { get, path } from "./http";
import { type Instant, type Matrix, queryInstant, queryRange } from "./prometheus";
import { queryLogMatrix } from "./rooms";

/** Reads a route of our own API at each tick; with `ranged`, for the page's time range. */
export function useNative<T>(route: string, ranged = false, enabled = true): UseQueryResult<T> {
  const { now } = useClock();
  const { range, from, to } = useTime();
  return useQuery({
    queryKey: ["native", route, ranged ? from : "", ranged ? to : "", now],
    queryFn: ({ signal }) =>
      get<T>(
        ranged
          ? path(route, { start: new Date(range.start).toISOString(), end: new Date(range.end).toISOString() })
          : route,
        signal,
      ),
    placeholderData: (before, query) => (query?.queryKey[1] === route ? before : undefined),
    enabled,
  });
}

/** Runs PromQL range queries over the page's range, or another; `points` bounds the steps. */
export function useRanges(queries: readonly string[], points = 300, other?: Range): UseQueryResult<Matrix>[] {
  const { range: page, from, to } = useTime();
  const range = other ?? page;
  const step = stepFor(range, points);
  return useQueries({
    queries: queries.map((query) => ({
      queryKey: ["range", query, ...(other ? ["", ""] : [from, to]), range.end, step],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryRange(fillQuery(query, step, range), range, signal, step),
      enabled: query !== "",
      placeholderData: (before: Matrix | undefined, last: { queryKey: readonly unknown[] } | undefined) =>
        last?.queryKey[1] === query ? before : undefined,
      retry: false,
    })),
  }) as UseQueryResult<Matrix>[];
}

/** Runs PromQL queries for the page's last moment. */
export function useInstants(queries: readonly string[]): UseQueryResult<Instant>[] {
  const { range } = useTime();
  return useQueries({
    queries: queries.map((query) => ({
      queryKey: ["instant", query, range.end],
      queryFn: ({ signal }: { signal: AbortSignal }) => queryInstant(query, range.end, signal),
      placeholderData: (before: Instant | undefined, last: { queryKey: readonly unknown[] } | undefined) =>
        last?.queryKey[1] === query ? before : undefined,
      retry: false,
    })),
  }) as UseQueryResult<Instant>[];
}

/** Runs one LogQL query that answers numbers over the page's range. */
export function useLogRange(query: string, enabled = true): UseQueryResult<Matrix> {
  const { range, from, to } = useTime();
  return useQuery({
    queryKey: ["logrange", query, from, to, range.end],
    queryFn: ({ signal }) => {
      const step = stepFor(range, 120);
      return queryLogMatrix(fillQuery(query, step, range), range, signal, step);
    },
    enabled: enabled && query !== "",
    placeholderData: (before, last) => (last?.queryKey[1] === query ? before : undefined),
    retry: false,
  });
}
