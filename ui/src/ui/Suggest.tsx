// A text field with suggestions: a combobox whose list is only as long as can be read. Typing filters, arrows choose, Enter
// takes, Escape closes; what is typed counts even when no suggestion fits.

import { useId, useMemo, useRef, useState } from "react";
import { useT } from "../i18n";
import { score } from "../lib/choseong";

interface SuggestProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  choices: readonly string[];
  /** True while the choices are being read. */
  busy?: boolean;
  /** Called when the field gets the focus: reads the choices. */
  onOpen?: () => void;
  placeholder?: string;
  className?: string;
  /** Keeps what was typed after Enter; otherwise the field empties, as for adding to a list. */
  keep?: boolean;
}

const MOST = 50;

/** The choices that fit what is typed, best first. */
export function fitting(choices: readonly string[], typed: string): string[] {
  if (typed.trim() === "") return choices.slice(0, MOST);
  return choices
    .map((text) => ({ text, rank: score(typed, text) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank)
    .slice(0, MOST)
    .map(({ text }) => text);
}

/** The field. */
export function Suggest(props: SuggestProps) {
  const { label, value, onChange, choices, busy, onOpen, placeholder, className, keep = true } = props;
  const t = useT();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const typed = draft ?? (keep ? value : "");
  // An untouched field offers everything, not only what fits what it holds.
  const found = useMemo(() => (open ? fitting(choices, draft ?? "") : []), [open, choices, draft]);
  const commit = (text: string) => {
    setDraft(null);
    setOpen(false);
    setAt(-1);
    if (text !== value || !keep) onChange(text);
  };
  const move = (next: number) => {
    setOpen(true);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const onKey = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") move(Math.min(found.length - 1, at + 1));
    else if (event.key === "ArrowUp") move(Math.max(-1, at - 1));
    else if (event.key === "Enter") commit(found[at] ?? typed);
    else if (event.key === "Escape" && open) setOpen(false);
    else return;
    event.preventDefault();
    // An open list takes the Escape; the dialog around it must not close too.
    event.stopPropagation();
  };
  return (
    <span className={`suggest ${className ?? ""}`}>
      <input
        className="input mono"
        role="combobox"
        aria-label={label}
        aria-expanded={open && found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && at >= 0 ? `${id}-${at}` : undefined}
        aria-busy={busy ?? false}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={typed}
        onFocus={() => {
          onOpen?.();
          setOpen(true);
        }}
        onClick={() => setOpen(true)}
        onChange={(event) => {
          setDraft(event.target.value);
          setOpen(true);
          setAt(-1);
        }}
        onKeyDown={onKey}
        onBlur={() => {
          if (draft !== null && (keep || draft.trim() !== "")) commit(draft);
          else setOpen(false);
        }}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={label}
        ref={list}
        className="popover suggest-list"
        hidden={!open || found.length === 0}
      >
        {found.map((text, index) => (
          <div
            key={text}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className="menu-item mono"
            translate="no"
            onPointerDown={(event) => {
              // Before the blur, which would close the list.
              event.preventDefault();
              commit(text);
            }}
          >
            {text === "" ? t("builder.emptyValue") : text}
          </div>
        ))}
      </div>
    </span>
  );
}
