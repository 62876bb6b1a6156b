// One host: how it is now, and part by part over the range; the machine that this product runs on each second.

import { Link } from "@tanstack/react-router";
import { ArrowLeft, Pause, Play } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useClock } from "../../app/url";
import { type LiveFeed, useLive, useLiveState, useReadings } from "../../data/live";
import { type Key, useLanguage } from "../../i18n";
import { formatAgo, formatSpan, formatValue } from "../../lib/format";
import { Processes } from "../../ui/Processes";
import { ScopeButton } from "../../ui/ScopeButton";
import { State } from "../../ui/State";
import { lastOf } from "../../viz/series";
import { Stat } from "../services/Services";
import { Hardware } from "./Hardware";
import { HostChart } from "./HostChart";
import { HostSection } from "./HostSection";
import { HostServices } from "./HostServices";
import { LivePanel } from "./LivePanel";
import { cpuUsed, type HostPart, hostParts, memoryUsed } from "./parts";
import type { WatchedHost } from "./useHosts";

interface DetailProps {
  name: string;
  host: WatchedHost | undefined;
  /** Whether this product runs on it. */
  own: boolean;
}

/** The page of a host. */
export function HostDetail({ name, host, own }: DetailProps) {
  const { t } = useLanguage();
  const [paused, setPaused] = useState(false);
  const live = useLive(own, paused);
  const parts = hostParts(name);
  return (
    <>
      <Head name={name} host={host}>
        {own ? <LiveButton live={live} paused={paused} onPause={setPaused} /> : null}
      </Head>
      {host ? <Stats host={host} live={own ? live : null} /> : null}
      <Jumps ids={[...parts.map(({ id, title }): [string, Key] => [id, title]), ...MORE]} />
      {parts.map((part) => (
        <HostSection key={part.id} id={part.id} title={t(part.title)} health={part.health}>
          <Charts part={part} live={own ? live : null} />
        </HostSection>
      ))}
      {MORE.map(([id, title]) => (
        <HostSection key={id} id={id} title={t(title)}>
          {id === "processes" ? <OwnProcesses own={own} /> : null}
          {id === "services" ? <HostServices name={name} own={own} /> : null}
          {id === "hardware" ? <Hardware name={name} /> : null}
        </HostSection>
      ))}
    </>
  );
}

/** Parts that are lists and not charts. */
const MORE: [string, Key][] = [
  ["processes", "processes.title"],
  ["services", "hosts.services"],
  ["hardware", "hosts.hardware"],
];

function Head({ name, host, children }: { name: string; host: WatchedHost | undefined; children: React.ReactNode }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  return (
    <div className="page-head">
      <Link to="/hosts" search={{}} className="btn ghost icon" aria-label={t("hosts.back")}>
        <ArrowLeft size={16} aria-hidden />
      </Link>
      <h1 translate="no">{name}</h1>
      {host ? <State state={host.state} /> : null}
      {host?.since ? <span className="muted">{formatAgo(host.since, now, language)}</span> : null}
      {host && host.alerts > 0 ? (
        <Link to="/alerts" search={{}}>
          {t("hosts.alerts", { n: host.alerts })}
        </Link>
      ) : null}
      <p>{[host?.os, host?.kernel].filter(Boolean).join(" · ")}</p>
      <div className="row end">
        {children}
        <Link className="btn" to="/explore/logs" search={{ q: `{host="${name}"}` }}>
          {t("nav.logs")}
        </Link>
        <ScopeButton chip={{ key: "host", value: name }} />
      </div>
    </div>
  );
}

/** What the stream does, and the way to stop what moves. */
function LiveButton({
  live,
  paused,
  onPause,
}: {
  live: LiveFeed;
  paused: boolean;
  onPause: (paused: boolean) => void;
}) {
  const { t } = useLanguage();
  const state = useLiveState(live);
  return (
    <>
      <span className={`state c-${state === "live" ? "ok" : state === "ended" ? "warn" : "unknown"}`}>
        {t(`hosts.live.${state}` as Key)}
      </span>
      <Button className="btn" onPress={() => onPause(!paused)}>
        {paused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
        {t(paused ? "hosts.resume" : "hosts.pause")}
      </Button>
    </>
  );
}

function Stats({ host, live }: { host: WatchedHost; live: LiveFeed | null }) {
  const { t, language } = useLanguage();
  const { now } = useClock();
  return (
    <dl className="stats">
      {live ? <LiveStats host={host} live={live} /> : <Now cpu={host.cpu} memory={host.memory} load={host.load1} />}
      <Stat name={t("hosts.disk")} value={formatValue(host.disk, "ratio")} />
      <Stat name={t("hosts.cpus")} value={formatValue(host.cpus, "count")} />
      <Stat name={t("hosts.memoryTotal")} value={formatValue(host.memory_total, "bytes")} />
      <Stat
        name={t("hosts.upFor")}
        value={host.boot_time ? formatSpan(now - Date.parse(host.boot_time), language) : "–"}
      />
    </dl>
  );
}

function LiveStats({ host, live }: { host: WatchedHost; live: LiveFeed }) {
  useReadings(live);
  const window = live.state === "ended" ? null : live.window;
  const cpu = (window && lastOf(cpuUsed(window))) ?? host.cpu;
  const memory = (window && lastOf(memoryUsed(window))) ?? host.memory;
  const load = (window && lastOf(window.gauges("node_load1")[0]?.values ?? [])) ?? host.load1;
  return <Now cpu={cpu} memory={memory} load={load} />;
}

interface NowProps {
  cpu: number | null;
  memory: number | null;
  load: number | null;
}

function Now({ cpu, memory, load }: NowProps) {
  const { t } = useLanguage();
  return (
    <>
      <Stat name={t("hosts.cpu")} value={formatValue(cpu, "ratio")} />
      <Stat name={t("hosts.memory")} value={formatValue(memory, "ratio")} />
      <Stat name={t("hosts.load")} value={formatValue(load)} />
    </>
  );
}

/** Links to the parts. */
function Jumps({ ids }: { ids: [string, Key][] }) {
  const { t } = useLanguage();
  const go = (id: string) => {
    const heading = document.getElementById(`part-${id}`);
    heading?.scrollIntoView({ block: "start" });
    heading?.focus({ preventScroll: true });
  };
  return (
    <nav className="row jumps" aria-label={t("hosts.parts")}>
      {ids.map(([id, title]) => (
        <Button key={id} className="btn ghost small" onPress={() => go(id)}>
          {t(title)}
        </Button>
      ))}
    </nav>
  );
}

function Charts({ part, live }: { part: HostPart; live: LiveFeed | null }) {
  const [first, ...rest] = part.charts;
  return (
    <div className="grid">
      {first && live ? (
        <div className="col-5">
          <LivePanel chart={first} live={live} />
        </div>
      ) : null}
      {first ? (
        <div className={live ? "col-7" : "col-12"}>
          <HostChart chart={first} />
        </div>
      ) : null}
      {rest.map((chart, at) => (
        <div className={rest.length === 2 ? "col-6" : rest.length === 3 ? "col-4" : "col-12"} key={chart.title + at}>
          <HostChart chart={chart} />
        </div>
      ))}
    </div>
  );
}

function OwnProcesses({ own }: { own: boolean }) {
  const { t } = useLanguage();
  return own ? <Processes /> : <p className="muted">{t("hosts.processesElsewhere")}</p>;
}
