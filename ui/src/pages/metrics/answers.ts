// Asks the rows: over the range or at its end, formulas with their rows written in, and what the server noted about each.

import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTime } from "../../app/url";
import { ApiError } from "../../data/http";
import { type Instant, type Matrix, queryInstant, queryRange } from "../../data/prometheus";
import { type Note, placeNote, readNote } from "../../lib/annotations";
import { bucketsOf } from "../../lib/buckets";
import { isFormula, letter, type Resolved, resolveRows } from "../../lib/formula";
import { fillQuery } from "../../lib/promql";
import type { Range } from "../../lib/time";
import { type Row, type Settings, stepOf } from "./state";

/** A row with what it runs and what came back. */
export interface Answer {
  row: Row;
  name: string;
  resolved: Resolved;
  /** The query as sent; empty where none is. */
  ran: string;
  matrix: Matrix | undefined;
  instant: Instant | undefined;
  error: unknown;
  waiting: boolean;
  retry: () => void;
  notes: Note[];
}

/** Whether a view reads a range or one moment. */
export function asksRange({ tab, instant }: Settings): boolean {
  return tab === "heat" || !instant;
}

/** What a row sends in a view: distributions look into the buckets of a quantile. */
export function textFor({ tab }: Settings, query: string): string {
  return tab === "heat" || tab === "histogram" ? (bucketsOf(query) ?? query) : query;
}

/** Asks every row that is switched on. */
export function useAnswers(rows: readonly Row[], settings: Settings): { answers: Answer[]; step: number } {
  const { range, from, to } = useTime();
  const step = stepOf(settings, range);
  const resolved = resolveRows(rows.map(({ text }) => text));
  const ranged = asksRange(settings);
  const queries = resolved.map((one) => ("query" in one ? fillQuery(textFor(settings, one.query), step, range) : ""));
  const { lookback } = settings;
  const results = useQueries({
    queries: queries.map((query, at) => ({
      queryKey: ranged
        ? ["range", query, from, to, range.end, step, lookback]
        : ["instant", query, from, to, range.end, 0, lookback],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<{ matrix?: Matrix; instant?: Instant }> =>
        ranged
          ? { matrix: await queryRange(query, range, signal, step, { lookback }) }
          : { instant: await queryInstant(query, range.end, signal, { lookback }) },
      enabled: query !== "" && rows[at]?.on !== false && settings.tab !== "explain",
      placeholderData: (before: unknown, last: { queryKey: readonly unknown[] } | undefined) =>
        last?.queryKey[0] === (ranged ? "range" : "instant") && last.queryKey[1] === query ? before : undefined,
      retry: false,
    })),
  }) as Result[];
  // Typing draws the page anew at each key; answers stay the same objects until something came back.
  const key = JSON.stringify([
    rows,
    queries,
    results.map(({ dataUpdatedAt, errorUpdatedAt, isPending, fetchStatus, isPlaceholderData }) => [
      dataUpdatedAt,
      errorUpdatedAt,
      isPending,
      fetchStatus,
      isPlaceholderData,
    ]),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for rows, queries and results
  const answers = useMemo(
    () => rows.map((row, at) => answerOf(row, at, resolved[at], queries[at] ?? "", results[at], { step, range })),
    [key, step, range],
  );
  return { answers, step };
}

interface Result {
  data?: { matrix?: Matrix; instant?: Instant };
  error: unknown;
  isPending: boolean;
  isPlaceholderData: boolean;
  fetchStatus: string;
  dataUpdatedAt: number;
  errorUpdatedAt: number;
  refetch: () => void;
}

function answerOf(
  row: Row,
  at: number,
  resolved: Resolved | undefined,
  ran: string,
  result: Result | undefined,
  { step, range }: { step: number; range: Range },
): Answer {
  const { matrix, instant } = result?.data ?? {};
  const place = (note: Note) =>
    isFormula(row.text) ? { ...note, from: null, to: null } : placeNote(note, row.text, step, range);
  return {
    row,
    name: letter(at),
    resolved: resolved ?? { query: row.text },
    ran,
    matrix,
    instant,
    error: result?.error ?? null,
    waiting: result?.isPending === true && result.fetchStatus !== "idle",
    retry: () => result?.refetch(),
    notes: notesOf(result?.error, matrix ?? instant, ran).map(place),
  };
}

function notesOf(error: unknown, data: Matrix | Instant | undefined, ran: string): Note[] {
  const notes: Note[] = [];
  if (error instanceof ApiError && error.status > 0) notes.push(readNote("error", error.message, ran));
  for (const text of data?.warnings ?? []) notes.push(readNote("warning", text, ran));
  for (const text of data?.infos ?? []) notes.push(readNote("info", text, ran));
  return notes;
}
