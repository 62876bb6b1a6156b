// The search form: service, operation, tags, shortest and longest duration, limit. The time range is the page's.

import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { useParams, useSetParams } from "../../app/url";
import { traceOperations } from "../../data/rooms";
import { useT } from "../../i18n";
import { first } from "../../lib/params";
import { parseDuration } from "../../lib/time";
import { Pick, Text } from "../../ui/controls";
import { Panel } from "../../ui/Panel";

interface SearchFormProps {
  services: string[];
  service: string;
}

const ANY = "*";
const LIMITS = ["20", "50", "100", "200"];

/** The form. Choosing a service or operation searches at once; the text fields on submit. */
export function SearchForm({ services, service }: SearchFormProps) {
  const t = useT();
  const params = useParams();
  const set = useSetParams();
  const [tags, setTags] = useState(first(params.tags));
  const [min, setMin] = useState(first(params.min));
  const [max, setMax] = useState(first(params.max));
  const [tried, setTried] = useState(false);
  const asked = [first(params.tags), first(params.min), first(params.max)].join("\n");
  useEffect(() => {
    const [nextTags = "", nextMin = "", nextMax = ""] = asked.split("\n");
    setTags(nextTags);
    setMin(nextMin);
    setMax(nextMax);
  }, [asked]);
  const operations = useQuery({
    queryKey: ["traceOperations", service],
    queryFn: ({ signal }) => traceOperations(service, signal),
    enabled: service !== "",
    staleTime: 30e3,
  });
  const wrong = (text: string) =>
    tried && text !== "" && parseDuration(text) === null ? t("traces.badDuration") : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if ([min, max].some((text) => text !== "" && parseDuration(text) === null)) return;
    set({ service, tags: tags || undefined, min: min || undefined, max: max || undefined });
  };
  const names = service !== "" && !services.includes(service) ? [service, ...services] : services;
  return (
    <Panel title={t("traces.search")} className="search-form">
      <form className="stack" onSubmit={submit}>
        <Pick
          label={t("traces.service")}
          value={service}
          choices={names.map((id) => ({ id, text: id }))}
          onChange={(next) => set({ service: next, operation: undefined })}
        />
        <Pick
          label={t("traces.operation")}
          value={first(params.operation) || ANY}
          choices={[{ id: ANY, text: t("common.all") }, ...(operations.data ?? []).map((id) => ({ id, text: id }))]}
          onChange={(next) => set({ operation: next === ANY ? undefined : next })}
        />
        <Text label={t("traces.tags")} value={tags} onChange={setTags} hint={t("traces.tagsHint")} />
        <div className="row nowrap-row top">
          <Text label={t("traces.min")} value={min} onChange={setMin} placeholder="100ms" error={wrong(min)} />
          <Text label={t("traces.max")} value={max} onChange={setMax} placeholder="1.2s" error={wrong(max)} />
        </div>
        <Pick
          label={t("traces.limit")}
          value={first(params.limit, "20")}
          choices={LIMITS.map((id) => ({ id, text: id }))}
          onChange={(next) => set({ limit: next === "20" ? undefined : next })}
        />
        <Button className="btn primary" type="submit">
          <Search size={14} aria-hidden /> {t("traces.find")}
        </Button>
      </form>
    </Panel>
  );
}
