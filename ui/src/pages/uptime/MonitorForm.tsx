// Adding and editing a monitor: one address that guesses the rest, the rest folded.

import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { useParams, useSetParams } from "../../app/url";
import type { Monitor, MonitorBody } from "../../data/types";
import { useT } from "../../i18n";
import { first } from "../../lib/params";
import { Pick, Sheet, Text } from "../../ui/controls";
import { bodyOf, useMonitorActions } from "./actions";
import { guessKind, guessName } from "./guess";

interface MonitorFormProps {
  isOpen: boolean;
  monitor: Monitor | null;
  onClose: () => void;
}

const FRESH: MonitorBody = {
  name: "",
  kind: "http",
  target: "",
  interval: 60,
  timeout: 10,
  retries: 1,
  expect: { status: "200-299", keyword: null, tls_days: 14 },
  paused: false,
};

/** A new monitor for an address. */
function fresh(target: string): MonitorBody {
  return { ...FRESH, target, kind: guessKind(target), name: guessName(target) };
}

/** The drawer. */
export function MonitorForm({ isOpen, monitor, onClose }: MonitorFormProps) {
  const t = useT();
  return (
    <Sheet title={t(monitor ? "uptime.editTitle" : "uptime.add")} isOpen={isOpen} onClose={onClose} side>
      <Form key={monitor?.id ?? "new"} monitor={monitor} onClose={onClose} />
    </Sheet>
  );
}

function Form({ monitor, onClose }: Omit<MonitorFormProps, "isOpen">) {
  const t = useT();
  const set = useSetParams();
  const params = useParams();
  const { add, save } = useMonitorActions();
  const [body, setBody] = useState<MonitorBody>(monitor ? bodyOf(monitor) : fresh(first(params.target)));
  const [named, setNamed] = useState(monitor !== null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<MonitorBody>) => setBody((before) => ({ ...before, ...part }));

  // A new monitor takes kind and name from its address, the name until one is written.
  const aim = (target: string) =>
    change({ target, ...(monitor ? {} : { kind: guessKind(target) }), ...(named ? {} : { name: guessName(target) }) });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (body.target.trim() === "") {
      setError(t("uptime.needTarget"));
      return;
    }
    setBusy(true);
    setError("");
    try {
      const saved = monitor ? await save(monitor.id, body) : await add(body);
      onClose();
      set({ monitor: String(saved.id), add: undefined, target: undefined }, true);
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Text
        label={t("uptime.target")}
        value={body.target}
        onChange={aim}
        hint={t("uptime.targetHint")}
        autoFocus
        required
        inputMode="url"
      />
      <Text
        label={t("common.name")}
        value={body.name}
        onChange={(name) => {
          setNamed(true);
          change({ name });
        }}
      />
      <Pick
        label={t("common.kind")}
        value={body.kind}
        choices={(["http", "tcp", "ping"] as const).map((id) => ({ id, text: t(`uptime.kind.${id}`) }))}
        onChange={(kind) => change({ kind: kind as MonitorBody["kind"] })}
      />
      <Advanced body={body} onChange={change} open={monitor !== null} />
      {error ? (
        <p className="error-text" role="alert">
          {error}
        </p>
      ) : null}
      <div className="row">
        <Button className="btn primary" type="submit" isDisabled={busy}>
          {t("action.save")}
        </Button>
        <Button className="btn" onPress={onClose}>
          {t("action.cancel")}
        </Button>
      </div>
    </form>
  );
}

interface AdvancedProps {
  body: MonitorBody;
  onChange: (part: Partial<MonitorBody>) => void;
  open: boolean;
}

function Advanced({ body, onChange, open }: AdvancedProps) {
  const t = useT();
  return (
    <details className="advanced" open={open}>
      <summary>{t("uptime.advanced")}</summary>
      <div className="stack pad-top">
        <div className="row nowrap-row top">
          <Amount label={t("uptime.interval")} value={body.interval} onChange={(interval) => onChange({ interval })} />
          <Amount label={t("uptime.timeout")} value={body.timeout} onChange={(timeout) => onChange({ timeout })} />
          <Amount label={t("uptime.retries")} value={body.retries} onChange={(retries) => onChange({ retries })} />
        </div>
        {body.kind === "http" ? (
          <>
            <Text
              label={t("uptime.status")}
              value={body.expect.status ?? ""}
              onChange={(status) => onChange({ expect: { ...body.expect, status: status || null } })}
              hint={t("uptime.statusHint")}
            />
            <Text
              label={t("uptime.keyword")}
              value={body.expect.keyword ?? ""}
              onChange={(keyword) => onChange({ expect: { ...body.expect, keyword: keyword || null } })}
            />
            <Amount
              label={t("uptime.tlsDays")}
              value={body.expect.tls_days ?? 0}
              onChange={(tls_days) => onChange({ expect: { ...body.expect, tls_days } })}
            />
          </>
        ) : null}
      </div>
    </details>
  );
}

function Amount({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }) {
  return (
    <Text
      label={label}
      value={String(value)}
      inputMode="numeric"
      onChange={(text) => onChange(Number(text.replace(/[^\d.]/g, "")) || 0)}
    />
  );
}
