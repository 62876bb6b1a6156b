// The command palette: pages, actions and things found by the server, matched by text, initial consonants or a mistyped
// layout. The keyboard never leaves the field; the list follows the ARIA combobox pattern.

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useId, useMemo, useState } from "react";
import { Dialog, Modal, ModalOverlay } from "react-aria-components";
import { get, path } from "../../data/http";
import type { SearchHit } from "../../data/types";
import { type Key, translateMaybe, useLanguage } from "../../i18n";
import { score } from "../../lib/choseong";
import { parseParams } from "../../lib/params";
import { parseQuick } from "../../lib/time";
import { PAGES } from "../nav";
import { THEMES, useTheme } from "../theme";
import { useTime } from "../url";
import { QUICK } from "./TimePicker";

interface Command {
  id: string;
  group: Key;
  text: string;
  /** Other words it is found by, such as its name in the other language. */
  also: string[];
  note?: string;
  run: () => void;
}

interface PaletteProps {
  isOpen: boolean;
  onClose: () => void;
  onHelp: () => void;
}

/** The palette's dialog. */
export function Palette({ isOpen, onClose, onHelp }: PaletteProps) {
  const { t } = useLanguage();
  return (
    <ModalOverlay
      className="overlay top"
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className="dialog">
        <Dialog className="palette" aria-label={t("shell.searchHint")}>
          <PaletteBody onClose={onClose} onHelp={onHelp} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function useCommands(onHelp: () => void): Command[] {
  const { t, language, setLanguage } = useLanguage();
  const other = language === "ko" ? "en" : "ko";
  const { setTheme } = useTheme();
  const { setTime } = useTime();
  const navigate = useNavigate();
  return useMemo(() => {
    const both = (key: Key) => [translateMaybe("ko", key, ""), translateMaybe("en", key, "")];
    return [
      ...PAGES.map(
        ({ id, to, title, key }): Command => ({
          id: `page-${id}`,
          group: "palette.pages",
          text: t(title),
          also: [...both(title), to],
          note: `g ${key}`,
          run: () => void navigate({ to: to, search: {} }),
        }),
      ),
      ...THEMES.map(
        (name): Command => ({
          id: `theme-${name}`,
          group: "palette.actions",
          text: `${t("theme.title")}: ${t(`theme.${name}`)}`,
          also: [`theme ${name}`, ...both(`theme.${name}`)],
          run: () => setTheme(name),
        }),
      ),
      {
        id: "language",
        group: "palette.actions",
        text: t("language.other"),
        also: ["language", "언어", "English", "한국어"],
        run: () => setLanguage(other),
      },
      {
        id: "monitor",
        group: "palette.actions",
        text: t("uptime.add"),
        also: both("uptime.add"),
        run: () => void navigate({ to: "/uptime", search: { add: "1" } }),
      },
      { id: "help", group: "palette.actions", text: t("help.title"), also: both("help.title"), run: onHelp },
      ...QUICK.map(
        (text): Command => ({
          id: `time-${text}`,
          group: "palette.actions",
          text: t(`time.last.${text.slice(-1)}` as Key, { n: text.slice(0, -1) }),
          also: [text, `last ${text}`, `지난 ${text}`],
          run: () => setTime(`now-${text}`, "now"),
        }),
      ),
    ];
  }, [t, other, setLanguage, setTheme, setTime, navigate, onHelp]);
}

function PaletteBody({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const { t } = useLanguage();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const commands = useCommands(onHelp);
  const found = useFound(typed);
  const special = useSpecial(typed);
  const shown = useMemo(() => {
    const ranked = commands
      .map((command) => ({
        command,
        rank: Math.max(score(typed, command.text), ...command.also.map((word) => score(typed, word))),
      }))
      .filter(({ command, rank }) => (typed.trim() === "" ? command.group === "palette.pages" : rank > 0))
      .sort((a, b) => (typed.trim() === "" ? 0 : b.rank - a.rank))
      .map(({ command }) => command);
    return [...special, ...ranked.slice(0, 12), ...found];
  }, [commands, typed, found, special]);
  const current = Math.min(at, Math.max(0, shown.length - 1));
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const onKey = (event: React.KeyboardEvent) => {
    // Enter while a Korean syllable is being composed finishes the syllable, nothing else.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "ArrowDown") setAt((current + 1) % Math.max(1, shown.length));
    else if (event.key === "ArrowUp") setAt((current - 1 + shown.length) % Math.max(1, shown.length));
    else if (event.key === "Enter") run(shown[current]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        // biome-ignore lint/a11y/noAutofocus: the dialog exists to be typed into
        autoFocus
        type="text"
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={shown[current] ? `${id}-${current}` : undefined}
        aria-label={t("shell.searchHint")}
        placeholder={t("palette.placeholder")}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div className="palette-list" role="listbox" id={`${id}-list`} aria-label={t("palette.results")}>
        {shown.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above handles the keys for the list
          <div
            key={command.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            className="palette-item"
            ref={index === current ? (node) => node?.scrollIntoView({ block: "nearest" }) : undefined}
            onClick={() => run(command)}
            onMouseMove={() => setAt(index)}
          >
            <span className="clip">{command.text}</span>
            <small>{command.note ?? t(command.group)}</small>
          </div>
        ))}
        {shown.length === 0 ? <div className="message">{t("palette.none")}</div> : null}
      </div>
    </>
  );
}

/** What the text itself is: a trace id, an address to watch, a time range. */
function useSpecial(typed: string): Command[] {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const { setTime } = useTime();
  return useMemo(() => {
    const text = typed.trim();
    const special: Command[] = [];
    if (/^([0-9a-f]{16}|[0-9a-f]{32})$/i.test(text)) {
      special.push({
        id: "trace",
        group: "palette.things",
        text: t("palette.trace", { id: text }),
        also: [],
        run: () => void navigate({ to: "/explore/traces", search: { trace: text } }),
      });
    }
    if (/^https?:\/\/\S+$/i.test(text)) {
      special.push({
        id: "watch",
        group: "palette.actions",
        text: t("palette.watch", { url: text }),
        also: [],
        run: () => void navigate({ to: "/uptime", search: { add: "1", target: text } }),
      });
    }
    const from = parseQuick(text);
    if (from && !QUICK.some((quick) => from === `now-${quick}`)) {
      special.push({
        id: "range",
        group: "palette.actions",
        text: `${from} – now`,
        also: [],
        run: () => setTime(from, "now"),
      });
    }
    return special;
  }, [typed, t, navigate, setTime]);
}

/** Things found by the server. */
function useFound(typed: string): Command[] {
  const { language } = useLanguage();
  const navigate = useNavigate();
  const wanted = useDeferredValue(typed.trim());
  const { data } = useQuery({
    queryKey: ["search", wanted],
    queryFn: ({ signal }) => get<{ results: SearchHit[] }>(path("/api/gw/search", { q: wanted }), signal),
    enabled: wanted.length > 1,
    placeholderData: (before) => before,
  });
  return useMemo(
    () =>
      (wanted.length > 1 ? (data?.results ?? []) : [])
        .filter(({ kind }) => kind !== "page")
        .slice(0, 20)
        .map(
          ({ kind, title, href }, index): Command => ({
            id: `found-${index}`,
            group: "palette.things",
            text: title,
            also: [],
            note: translateMaybe(language, `kind.${kind}`, kind),
            run: () => {
              const [to = "/", query = ""] = href.split("?");
              void navigate({ to: to, search: parseParams(query) });
            },
          }),
        ),
    [data, wanted, language, navigate],
  );
}
