// The time range of every page: quick ranges, an absolute one, moving and zooming out, and the refresh interval.

import { ChevronDown, ChevronLeft, ChevronRight, Clock, RotateCw, ZoomOut } from "lucide-react";
import { useState } from "react";
import { Button, Dialog, DialogTrigger, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { type Key, type Translate, useLanguage } from "../../i18n";
import { formatClock, formatDate, formatInput } from "../../lib/format";
import { first } from "../../lib/params";
import { pan, parseQuick, parseRange, zoomOut } from "../../lib/time";
import { Chosen, Text } from "../../ui/controls";
import { DEFAULT_REFRESH, useClock, useParams, useSetParams, useTime } from "../url";

export const QUICK = ["5m", "15m", "30m", "1h", "3h", "6h", "12h", "1d", "2d", "7d", "30d"] as const;
const REFRESH = ["off", "5s", "15s", "30s", "1m", "5m"] as const;

/** `last 3 hours` for a relative range, dates for an absolute one. */
export function rangeText(from: string, to: string, range: { start: number; end: number }, t: Translate): string {
  const quick = /^now-(\d+)([smhdw])$/.exec(from);
  if (quick && to === "now") return t(`time.last.${quick[2]}` as Key, { n: quick[1] ?? "" });
  const [start, end] = [new Date(range.start), new Date(range.end)];
  const sameDay = formatDate(start) === formatDate(end);
  return `${formatDate(start)} ${formatClock(start)} – ${sameDay ? "" : `${formatDate(end)} `}${formatClock(end)}`;
}

/** The buttons of the top bar. */
export function TimePicker() {
  const { t } = useLanguage();
  const { from, to, range, setRange } = useTime();
  const { refresh } = useClock();
  return (
    <div className="row nogap timepicker" role="group" aria-label={t("time.title")}>
      <Button
        className="btn icon ghost small hide-mobile"
        aria-label={t("time.back")}
        onPress={() => setRange(pan(range, -1))}
      >
        <ChevronLeft size={16} aria-hidden />
      </Button>
      <DialogTrigger>
        <Button className="btn" aria-label={`${t("time.title")}: ${rangeText(from, to, range, t)}`}>
          <Clock size={14} strokeWidth={1.5} aria-hidden />
          {rangeText(from, to, range, t)}
          <ChevronDown size={14} aria-hidden />
        </Button>
        <Popover className="popover" placement="bottom end">
          <Dialog className="time-dialog" aria-label={t("time.title")}>
            {({ close }) => <RangeForm close={close} />}
          </Dialog>
        </Popover>
      </DialogTrigger>
      <Button
        className="btn icon ghost small hide-mobile"
        aria-label={t("time.forward")}
        onPress={() => setRange(pan(range, 1))}
      >
        <ChevronRight size={16} aria-hidden />
      </Button>
      <Button
        className="btn icon ghost small hide-mobile"
        aria-label={t("time.zoomOut")}
        onPress={() => setRange(zoomOut(range, Date.now()))}
      >
        <ZoomOut size={16} strokeWidth={1.5} aria-hidden />
      </Button>
      <Button className="btn icon ghost small" aria-label={t("time.refreshNow")} onPress={refresh}>
        <RotateCw size={15} strokeWidth={1.5} aria-hidden />
      </Button>
      <RefreshMenu />
    </div>
  );
}

function RangeForm({ close }: { close: () => void }) {
  const { t } = useLanguage();
  const { from, to, range, setTime } = useTime();
  const [start, setStart] = useState(from.startsWith("now") ? from : formatInput(range.start));
  const [end, setEnd] = useState(to.startsWith("now") ? to : formatInput(range.end));
  const [error, setError] = useState<string>();
  const apply = () => {
    const quick = parseQuick(start);
    const [a, b] = [quick ?? start.trim(), quick ? "now" : end.trim()];
    const parsed = parseRange(a, b, Date.now());
    if (!parsed) {
      setError(t("time.wrong"));
      return;
    }
    setTime(a.startsWith("now") ? a : String(parsed.start), b.startsWith("now") ? b : String(parsed.end));
    close();
  };
  return (
    <div className="time-form">
      <div className="quick" role="group" aria-label={t("time.quick")}>
        {QUICK.map((text) => (
          <Button
            key={text}
            className="btn small ghost"
            aria-pressed={from === `now-${text}` && to === "now"}
            onPress={() => {
              setTime(`now-${text}`, "now");
              close();
            }}
          >
            {t(`time.last.${text.slice(-1)}` as Key, { n: text.slice(0, -1) })}
          </Button>
        ))}
      </div>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <Text label={t("time.from")} value={start} onChange={setStart} hint={t("time.hint")} error={error} />
        <Text label={t("time.to")} value={end} onChange={setEnd} />
        <Button className="btn primary" type="submit">
          {t("action.apply")}
        </Button>
      </form>
    </div>
  );
}

function RefreshMenu() {
  const { t } = useLanguage();
  const params = useParams();
  const set = useSetParams();
  const refresh = first(params.refresh, DEFAULT_REFRESH);
  const name = (text: string) => (text === "off" ? t("time.off") : text);
  return (
    <MenuTrigger>
      <Button className="btn ghost small hide-mobile" aria-label={`${t("time.refresh")}: ${name(refresh)}`}>
        {name(refresh)} <ChevronDown size={12} aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          onAction={(key) => set({ refresh: key === DEFAULT_REFRESH ? undefined : String(key) }, true)}
        >
          {REFRESH.map((text) => (
            <MenuItem key={text} id={text} className="menu-item" textValue={name(text)}>
              <Chosen on={refresh === text} /> {name(text)}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
