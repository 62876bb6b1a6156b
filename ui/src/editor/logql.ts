// LogQL in the editor: the official grammar, with label names and values completed from our Loki room.

import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { LanguageSupport, LRLanguage } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { parser } from "@grafana/lezer-logql";
import { styleTags, tags } from "@lezer/highlight";
import { logLabels, logLabelValues } from "../data/rooms";

const WORDS =
  "rate count_over_time bytes_rate bytes_over_time sum_over_time avg_over_time max_over_time quantile_over_time sum avg min max count topk bottomk by without";
const STAGES = "json logfmt pattern regexp line_format label_format unwrap drop keep";
const day = () => ({ start: Date.now() - 86400e3, end: Date.now() });

const language = LRLanguage.define({
  parser: parser.configure({
    props: [
      styleTags({
        Identifier: tags.labelName,
        String: tags.string,
        "Number Duration Bytes": tags.number,
        LineComment: tags.comment,
        "Json Logfmt Regexp Pattern Unpack Unwrap LabelFormat LineFormat": tags.keyword,
        "By Without And Or Unless Bool On Ignoring": tags.operatorKeyword,
        "Rate CountOverTime BytesRate BytesOverTime SumOverTime AvgOverTime MaxOverTime MinOverTime QuantileOverTime":
          tags.function(tags.variableName),
        "Sum Avg Min Max Count Topk Bottomk Stddev Stdvar": tags.function(tags.variableName),
        "PipeExact PipeMatch Pipe Nre Neq Re Eq Gt Lss Gte Lte": tags.operator,
        "⚠": tags.invalid,
      }),
    ],
  }),
});

/** Completes what the text before the cursor asks for: a label value, a label name, a stage, a function. */
export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(0, context.pos);
  const value = /([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*"([^"]*)$/.exec(before);
  if (value) {
    const options = (await logLabelValues(value[1] ?? "", day())).map((label) => ({ label, type: "constant" }));
    return { from: context.pos - (value[2] ?? "").length, options };
  }
  const name = /[{,]\s*([A-Za-z_]\w*)?$/.exec(before);
  if (name && before.lastIndexOf("{") > before.lastIndexOf("}")) {
    const options = (await logLabels(day())).map((label) => ({ label, type: "property" }));
    return { from: context.pos - (name[1] ?? "").length, options };
  }
  const stage = /\|\s*([a-z_]*)$/.exec(before);
  const word = stage ?? /(?:^|[\s(])([a-z_]+)$/.exec(before);
  if (!word) return null;
  const options = (stage ? STAGES : WORDS).split(" ").map((label) => ({ label, type: "function" }));
  return { from: context.pos - (word[1] ?? "").length, options };
}

/** Language and completion. */
export function logqlLanguage(): Extension {
  return new LanguageSupport(language, language.data.of({ autocomplete: complete }));
}
