// What lives in the URL of every page: time range, refresh and scope. They survive each navigation because the root route
// carries them over (router.tsx), and each reader here gets them resolved.

import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { first, type Params } from "../lib/params";
import { parseScope, printScope, type ScopeChip } from "../lib/scope";
import { parseRange, type Range, refreshMs } from "../lib/time";

export const DEFAULT_FROM = "now-1h";
export const DEFAULT_REFRESH = "15s";

/** The search parameters of the page, as text. */
export function useParams(): Params {
  return useSearch({ strict: false }) as Params;
}

/** Changes some parameters and keeps the rest; undefined removes one. */
export function useSetParams(): (change: Params, replace?: boolean) => void {
  const navigate = useNavigate();
  return useCallback(
    (change, replace = false) => {
      void navigate({ to: ".", search: ((before: Params) => ({ ...before, ...change })) as never, replace });
    },
    [navigate],
  );
}

/** One text parameter and its setter. */
export function useParam(name: string, fallback = ""): [string, (value: string) => void] {
  const params = useParams();
  const set = useSetParams();
  const change = useCallback(
    (value: string) => set({ [name]: value === fallback ? undefined : value }, true),
    [set, name, fallback],
  );
  return [first(params[name], fallback), change];
}

/** How long a running query may hold the next tick up. */
const PATIENCE_MS = 60e3;

interface Clock {
  /** Epoch ms of the last refresh; queries hang on it. */
  now: number;
  refresh: () => void;
}
const ClockContext = createContext<Clock>({ now: 0, refresh: () => {} });

/** Ticks at the refresh interval while the page is visible. */
export function ClockProvider({ children }: { children: ReactNode }) {
  const params = useParams();
  const interval = refreshMs(first(params.refresh, DEFAULT_REFRESH));
  const [now, setNow] = useState(() => Date.now());
  const refresh = useCallback(() => setNow(Date.now()), []);
  const client = useQueryClient();
  const last = useRef(now);
  last.current = now;
  useEffect(() => {
    if (interval === 0) return;
    const timer = setInterval(() => {
      // A tick drops what is still being asked for, so a query slower than the interval would never be shown.
      const patient = client.isFetching() > 0 && Date.now() - last.current < Math.max(PATIENCE_MS, interval);
      if (!document.hidden && !patient) refresh();
    }, interval);
    const onVisible = () => {
      if (!document.hidden) refresh();
    };
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [interval, refresh, client]);
  const clock = useMemo(() => ({ now, refresh }), [now, refresh]);
  return <ClockContext value={clock}>{children}</ClockContext>;
}

/** The shared clock. */
export function useClock(): Clock {
  return useContext(ClockContext);
}

interface TimeState {
  from: string;
  to: string;
  range: Range;
  setTime: (from: string, to: string) => void;
  setRange: (range: Range) => void;
}

const FixedRange = createContext<Range | null>(null);

/** What is inside shows this range and not the page's: the last minutes of a live chart. */
export function WithRange({ range, children }: { range: Range; children: ReactNode }) {
  return <FixedRange value={range}>{children}</FixedRange>;
}

/** The time range: its texts, and resolved at the last tick. */
export function useTime(): TimeState {
  const params = useParams();
  const set = useSetParams();
  const { now } = useClock();
  const from = first(params.from, DEFAULT_FROM);
  const to = first(params.to, "now");
  const fixed = useContext(FixedRange);
  const page = useMemo(() => parseRange(from, to, now) ?? { start: now - 3600e3, end: now }, [from, to, now]);
  const range = fixed ?? page;
  const setTime = useCallback(
    (start: string, end: string) =>
      set({ from: start === DEFAULT_FROM ? undefined : start, to: end === "now" ? undefined : end }),
    [set],
  );
  const setRange = useCallback(
    (next: Range) => setTime(String(Math.round(next.start)), String(Math.round(next.end))),
    [setTime],
  );
  return { from, to, range, setTime, setRange };
}

/** The scope chips and their setter. */
export function useScope(): [ScopeChip[], (chips: ScopeChip[]) => void] {
  const params = useParams();
  const set = useSetParams();
  const text = first(params.scope);
  const chips = useMemo(() => parseScope(text), [text]);
  const change = useCallback((next: ScopeChip[]) => set({ scope: printScope(next) || undefined }), [set]);
  return [chips, change];
}
