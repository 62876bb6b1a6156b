// The plan of an explained query as lines, operators before their operands, and what made an empty answer empty.

import type { Explained, PlanNode, SelectorCost } from "../../data/types";

/** One operator. */
export interface PlanLine {
  key: string;
  node: PlanNode;
  depth: number;
}

const MOST_LINES = 500;

/** The lines. Walks with its own stack, so that a deep query cannot exhaust the one of the browser. */
export function planLines(root: PlanNode | null): PlanLine[] {
  const lines: PlanLine[] = [];
  const waiting = root ? [{ node: root, depth: 0, key: "0" }] : [];
  while (waiting.length > 0 && lines.length < MOST_LINES) {
    const next = waiting.pop();
    if (!next) break;
    const { node, depth, key } = next;
    lines.push({ key, node, depth });
    for (let at = node.children.length - 1; at >= 0; at -= 1) {
      const child = node.children[at];
      if (child) waiting.push({ node: child, depth: depth + 1, key: `${key}.${at}` });
    }
  }
  return lines;
}

/** What emptied an answer. */
export type Culprit =
  | { kind: "condition"; selector: SelectorCost; condition: SelectorCost["conditions"][number]; before: number | null }
  | { kind: "samples"; selector: SelectorCost }
  | { kind: "operator"; node: PlanNode };

/** Why an answer has no series: a condition, a selector whose series have no samples then, or an operator. */
export function whyEmpty({ series, selectors, plan }: Explained): Culprit[] {
  if (series > 0) return [];
  const found: Culprit[] = [];
  for (const selector of selectors) {
    const at = selector.conditions.findIndex(({ left }) => left === 0);
    const condition = selector.conditions[at];
    if (condition)
      found.push({ kind: "condition", selector, condition, before: selector.conditions[at - 1]?.left ?? null });
  }
  if (found.length > 0) return found;
  // The deepest operator without series whose operands all have some; a leaf without series reads nothing in its window.
  const guilty = planLines(plan)
    .filter(({ node }) => node.series === 0 && node.children.every((child) => child.series > 0))
    .sort((a, b) => b.depth - a.depth)[0];
  if (!guilty) return [];
  const [only] = selectors;
  if (guilty.node.children.length === 0 && selectors.length === 1 && only) return [{ kind: "samples", selector: only }];
  return [{ kind: "operator", node: guilty.node }];
}
