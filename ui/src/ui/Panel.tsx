// A panel: title, actions (its exact query to copy first), a thin progress line while it reads, and the states every view
// has: empty with the reason and the next step, error as a sentence with its details folded.

import { Check, Copy, RotateCw } from "lucide-react";
import { createContext, type ReactNode, useContext, useState } from "react";
import { Button, Tooltip, TooltipTrigger } from "react-aria-components";
import { ApiError } from "../data/http";
import { type Key, useT } from "../i18n";
import { useToast } from "./toast";

interface PanelProps {
  title?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  /** Queries behind the numbers shown, offered for copying. */
  query?: string | undefined;
  busy?: boolean;
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** The level of a panel's heading: below the page's, or below a section's. */
const Level = createContext<2 | 3>(2);

/** Panels inside stand in a section that has a heading of its own. */
export function InSection({ children }: { children: ReactNode }) {
  return <Level value={3}>{children}</Level>;
}

/** A titled surface. */
export function Panel({ title, note, actions, query, busy, flush, className, children }: PanelProps) {
  const Title = useContext(Level) === 3 ? "h3" : "h2";
  return (
    <section className={`panel ${className ?? ""}`} aria-busy={busy ?? false}>
      {busy ? <div className="progress" /> : null}
      {title || actions || query ? (
        <div className="panel-head">
          {title ? <Title>{title}</Title> : null}
          {note ? <span className="muted">{note}</span> : null}
          <div className="panel-actions">
            {actions}
            {query ? <CopyButton text={query} label="action.copyQuery" /> : null}
          </div>
        </div>
      ) : null}
      <div className={flush ? "panel-body flush" : "panel-body"}>{children}</div>
    </section>
  );
}

interface CopyProps {
  text: string;
  label?: Key;
}

/** Copies a text and says so. */
export function CopyButton({ text, label = "action.copy" }: CopyProps) {
  const t = useT();
  const toast = useToast();
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      // Clipboards need a secure origin or a permission: show the text so that it can be selected.
      toast(text);
    }
  };
  return (
    <Tip text={`${t(label)}: ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`}>
      <Button className="btn ghost icon small" aria-label={t(label)} onPress={() => void copy()}>
        {done ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
      </Button>
    </Tip>
  );
}

/** A tooltip on a focusable child. */
export function Tip({ text, children }: { text: string; children: ReactNode }) {
  return (
    <TooltipTrigger delay={400} closeDelay={50}>
      {children}
      <Tooltip className="popover tip" offset={6}>
        {text}
      </Tooltip>
    </TooltipTrigger>
  );
}

interface EmptyProps {
  title: string;
  hint?: ReactNode;
  action?: ReactNode;
}

/** Nothing to show: why, and what to do next. */
export function Empty({ title, hint, action }: EmptyProps) {
  return (
    <div className="message" role="status">
      <strong>{title}</strong>
      {hint ? <p>{hint}</p> : null}
      {action}
    </div>
  );
}

/** A failed request as a plain sentence, its details folded, with a way to try again. */
export function Failure({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const t = useT();
  const api = error instanceof ApiError ? error : null;
  const known: Partial<Record<number, Key>> = {
    0: "error.offline",
    401: "error.denied",
    403: "error.denied",
    404: "error.missing",
    422: "error.query",
    400: "error.query",
    429: "error.busy",
    499: "error.cancelled",
    503: "error.unavailable",
  };
  const sentence = t(known[api?.status ?? -1] ?? "error.internal");
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className="message error" role="alert">
      <strong>{sentence}</strong>
      {message && api?.status !== 0 ? <pre>{message}</pre> : null}
      {api ? (
        <details>
          <summary>{t("error.details")}</summary>
          <pre>
            {api.status} {api.kind} {api.path}
          </pre>
        </details>
      ) : null}
      {retry ? (
        <Button className="btn small" onPress={retry}>
          <RotateCw size={14} aria-hidden /> {t("action.retry")}
        </Button>
      ) : null}
    </div>
  );
}

/** A text block with a copy button: a command, a configuration. */
export function Snippet({ text }: { text: string }) {
  return (
    <div className="snippet">
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} />
    </div>
  );
}

interface PageFailureProps {
  title: string;
  error: unknown;
  retry: () => void;
}

/** A page whose data never came: its heading and why. */
export function PageFailure({ title, error, retry }: PageFailureProps) {
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
      </div>
      <Failure error={error} retry={retry} />
    </>
  );
}
