// The answers as something to take along: CSV, PromQL, curl commands, a link with fixed times.

import { instantPath, rangePath } from "../../data/prometheus";
import { printCsv } from "../../lib/csv";
import { labelKey } from "../../lib/palette";
import { type Params, printParams } from "../../lib/params";
import { seriesName } from "../../lib/promql";
import type { Range } from "../../lib/time";
import { type Answer, asksRange } from "./answers";
import type { Settings } from "./state";

/** One text inside single quotes of a shell. */
function shell(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

/** What was asked, as a command a shell runs. */
export function curlOf(answer: Answer, settings: Settings, range: Range, step: number, origin: string): string {
  const options = { lookback: settings.lookback };
  const address = asksRange(settings)
    ? rangePath(answer.ran, range, step, options)
    : instantPath(answer.ran, range.end, options);
  const url = new URL(address, origin);
  const data = [...url.searchParams].map(([name, value]) => `  --data-urlencode ${shell(`${name}=${value}`)}`);
  return [`curl -G ${shell(`${url.origin}${url.pathname}`)} -H "Authorization: Bearer $GATEWATCH_TOKEN"`, ...data].join(
    " \\\n",
  );
}

/** The answers as CSV: over time one column a series, at one moment one row a series with its labels. */
export function csvOf(answers: readonly Answer[], settings: Settings): string {
  return asksRange(settings) ? rangeCsv(answers) : instantCsv(answers);
}

function rangeCsv(answers: readonly Answer[]): string {
  const times = answers.find(({ matrix }) => matrix)?.matrix?.times ?? [];
  const columns = answers.flatMap(({ name, matrix }) =>
    (matrix?.series ?? []).map(({ labels, values, histograms }) => ({
      title: answers.length > 1 ? `${name} ${seriesName(labels)}` : seriesName(labels),
      values: histograms ? values.map((value, at) => value ?? histograms[at]?.count ?? null) : values,
    })),
  );
  return printCsv([
    ["time", ...columns.map(({ title }) => title)],
    ...times.map((time, at) => [new Date(time * 1000).toISOString(), ...columns.map(({ values }) => values[at])]),
  ]);
}

function instantCsv(answers: readonly Answer[]): string {
  const samples = answers.flatMap(({ name, instant }) =>
    (instant?.samples ?? []).map((sample) => ({ name, ...sample })),
  );
  const names = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].sort();
  samples.sort((a, b) => a.name.localeCompare(b.name) || labelKey(a.labels).localeCompare(labelKey(b.labels)));
  return printCsv([
    ["query", ...names, "value"],
    ...samples.map(({ name, labels, value }) => [name, ...names.map((label) => labels[label]), value]),
  ]);
}

/** A link that shows the same to everyone: `now` becomes the moment it was. */
export function shareLink(params: Params, range: Range, href: string): string {
  const url = new URL(href);
  const fixed = { ...params, from: String(Math.round(range.start)), to: String(Math.round(range.end)), refresh: "off" };
  return `${url.origin}${url.pathname}${printParams(fixed)}`;
}
