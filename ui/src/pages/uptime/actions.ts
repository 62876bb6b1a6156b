// Writing monitors.

import { useClock } from "../../app/url";
import { write } from "../../data/http";
import type { Beat, Monitor, MonitorBody } from "../../data/types";

const BASE = "/rooms/uptime/api/monitors";

/** The writable part of a monitor. */
export function bodyOf({ name, kind, target, interval, timeout, retries, expect, paused }: MonitorBody): MonitorBody {
  return { name, kind, target, interval, timeout, retries, expect, paused };
}

/** Saves, deletes and tests monitors; the lists renew themselves. */
export function useMonitorActions() {
  const { refresh } = useClock();
  const renew = <T>(value: T): T => {
    refresh();
    return value;
  };
  return {
    add: (body: MonitorBody) => write<Monitor>("POST", BASE, body).then(renew),
    save: (id: string, body: MonitorBody) =>
      write<Monitor>("PUT", `${BASE}/${encodeURIComponent(id)}`, body).then(renew),
    remove: (id: string) => write<void>("DELETE", `${BASE}/${encodeURIComponent(id)}`).then(renew),
    test: (id: string) => write<Beat>("POST", `${BASE}/${encodeURIComponent(id)}/test`),
  };
}
