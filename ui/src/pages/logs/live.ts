// Live tail: a websocket to the Loki room. Lines are gathered and shown twice a second; the newest thousand are kept.

import { useEffect, useRef, useState } from "react";
import { type LogLine, readTail, tailAddress } from "../../data/rooms";

const MOST_LINES = 1000;
const SHOW_MS = 500;

export type LiveState = "connecting" | "open" | "closed";

/** Lines as they come while `on`. */
export function useLive(query: string, on: boolean): { lines: LogLine[]; state: LiveState } {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [state, setState] = useState<LiveState>("closed");
  const waiting = useRef<LogLine[]>([]);
  useEffect(() => {
    if (!on || query === "") return;
    setLines([]);
    setState("connecting");
    waiting.current = [];
    const socket = new WebSocket(tailAddress(query, Date.now() - 60e3));
    socket.onopen = () => setState("open");
    socket.onclose = () => setState("closed");
    socket.onmessage = ({ data }) => {
      waiting.current = [...readTail(String(data)), ...waiting.current].slice(0, MOST_LINES);
    };
    const timer = setInterval(() => {
      if (waiting.current.length === 0) return;
      const fresh = waiting.current;
      waiting.current = [];
      setLines((old) => [...fresh, ...old].slice(0, MOST_LINES));
    }, SHOW_MS);
    return () => {
      clearInterval(timer);
      socket.close();
    };
  }, [query, on]);
  return { lines, state };
}
