// This machine each second, over the server's event stream, while the page is seen and not paused. What comes is kept outside
// of React: a reading draws anew those parts of a page that show readings, and nothing else.

import { useEffect, useState, useSyncExternalStore } from "react";
import { type LiveReading, type LiveSeries, LiveWindow } from "../lib/live";

/** `ended`: the stream was refused or broke off; the browser tries again by itself, and stored history stands meanwhile. */
export type LiveState = "opening" | "live" | "paused" | "ended";

const ROUTE = "/api/gw/hosts/live";
/** How long to wait after a refusal, which a browser takes as final. */
const AGAIN_MS = 10e3;

/** The stream and what it told. */
export class LiveFeed {
  readonly window = new LiveWindow();
  state: LiveState = "opening";
  /** Counts readings. */
  turn = 0;
  private readonly followers = new Set<() => void>();

  readonly subscribe = (follower: () => void): (() => void) => {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  };

  /** Opens the stream; what is returned closes it. */
  open(): () => void {
    let source: EventSource;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      source = new EventSource(ROUTE);
      source.addEventListener("series", ({ data }) => this.window.tell(JSON.parse(data) as LiveSeries[]));
      source.addEventListener("reading", ({ data }) => {
        const { at, values } = JSON.parse(data) as { at: string; values: LiveReading["values"] };
        this.window.add({ at: Date.parse(at) / 1000, values });
        this.turn += 1;
        this.become("live");
      });
      source.addEventListener("error", () => {
        this.become("ended");
        if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS);
      });
    };
    this.become("opening");
    open();
    return () => {
      clearTimeout(timer);
      source.close();
      this.become("paused");
    };
  }

  private become(state: LiveState): void {
    this.state = state;
    for (const follower of this.followers) follower();
  }
}

/** A feed that is open while it is wanted, not paused, and the page is seen. */
export function useLive(wanted: boolean, paused: boolean): LiveFeed {
  const [feed] = useState(() => new LiveFeed());
  const [hidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const look = () => setHidden(document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  useEffect(() => {
    if (wanted && !paused && !hidden) return feed.open();
  }, [feed, wanted, paused, hidden]);
  return feed;
}

/** What the stream does. */
export const useLiveState = (feed: LiveFeed): LiveState => useSyncExternalStore(feed.subscribe, () => feed.state);

/** Renders anew with each reading. */
export const useReadings = (feed: LiveFeed): number => useSyncExternalStore(feed.subscribe, () => feed.turn);
