// A trace in 48 px: every span as a stroke at its place in time. Canvas, because a trace may have 100,000 spans.

import { useEffect, useRef } from "react";
import { useTheme } from "../../app/theme";
import type { SpanLike, Tree } from "../../lib/trace";
import { token } from "../../viz/chartOptions";

interface MinimapProps {
  tree: Tree<SpanLike>;
  colour: (service: string) => string;
}

const HEIGHT = 48;

/** The strip; the timeline below holds the same for screen readers. */
export function Minimap({ tree, colour }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { shown: theme } = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme repaints; `colour` follows the tree
  useEffect(() => {
    const target = canvas.current;
    if (!target) return;
    const paint = () => {
      const width = target.clientWidth;
      target.width = width * devicePixelRatio;
      target.height = HEIGHT * devicePixelRatio;
      const ctx = target.getContext("2d");
      if (!ctx) return;
      ctx.scale(devicePixelRatio, devicePixelRatio);
      const high = Math.max(1, Math.min(4, HEIGHT / tree.spans.length));
      const colours = new Map(tree.services.map((service) => [service, token(colour(service))]));
      for (const [at, { span, service }] of tree.spans.entries()) {
        ctx.fillStyle = colours.get(service) ?? "#888";
        const x = ((span.startTime - tree.start) / tree.duration) * width;
        const y = (at / tree.spans.length) * HEIGHT;
        ctx.fillRect(x, y, Math.max(1, (span.duration / tree.duration) * width), Math.max(1, high - 0.5));
      }
    };
    paint();
    const observer = new ResizeObserver(paint);
    observer.observe(target);
    return () => observer.disconnect();
  }, [tree, theme]);
  return <canvas className="minimap" ref={canvas} style={{ width: "100%", height: HEIGHT }} aria-hidden />;
}
