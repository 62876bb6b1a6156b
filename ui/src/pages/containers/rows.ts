// Control groups as a tree: which rows are shown, in which order and how deep, and how near a limit they are.

import type { ContainerRow } from "../../data/types";

/** A row of the tree. */
export interface TreeRow extends ContainerRow {
  depth: number;
  /** How many shown rows are below it, at any depth. */
  below: number;
}

/** What is asked of the list. */
export interface Wanted {
  /** Every group, or containers alone. */
  groups: boolean;
  /** Part of a name, a path or an image. */
  text: string;
  /** Paths whose rows below are not shown. */
  folded?: ReadonlySet<string>;
}

/** The parent of a path; the machine has none. */
export function parentOf(path: string): string | null {
  if (path === "/") return null;
  const at = path.lastIndexOf("/");
  return at <= 0 ? "/" : path.slice(0, at);
}

/** Rows in the order of a tree, each as deep as its shown ancestors are many. */
export function treeRows(rows: readonly ContainerRow[], { groups, text, folded }: Wanted): TreeRow[] {
  const needle = text.trim().toLowerCase();
  const matches = ({ name, path, image }: ContainerRow) =>
    needle === "" || [name, path, image].some((part) => part.toLowerCase().includes(needle));
  const shown = rows.filter((row) => (groups || row.runtime !== "") && matches(row));
  const paths = new Set(shown.map(({ path }) => path));
  const above = (path: string): string[] => {
    const found: string[] = [];
    for (let at = parentOf(path); at !== null; at = parentOf(at)) if (paths.has(at)) found.push(at);
    return found;
  };
  const below = new Map<string, number>();
  for (const path of paths) for (const at of above(path)) below.set(at, (below.get(at) ?? 0) + 1);
  const key = (path: string) => (path === "/" ? [] : path.slice(1).split("/"));
  const compare = (a: string[], b: string[]): number => {
    for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
      const [x = "", y = ""] = [a[at], b[at]];
      if (x !== y) return x < y ? -1 : 1;
    }
    return a.length - b.length;
  };
  return shown
    .map((row) => ({ row, key: key(row.path) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ row }) => ({ row, above: above(row.path) }))
    .filter(({ above }) => !above.some((path) => folded?.has(path)))
    .map(({ row, above }) => ({ ...row, depth: above.length, below: below.get(row.path) ?? 0 }));
}

/** CPUs in use of those that may be used; null where there is no limit. */
export const cpuShare = ({ cpu, cpu_limit }: ContainerRow): number | null =>
  cpu !== null && cpu_limit ? cpu / cpu_limit : null;

/** Memory in use of what may be used; null where there is no limit. */
export const memoryShare = ({ memory, memory_limit }: ContainerRow): number | null =>
  memory_limit ? memory / memory_limit : null;

/** How near a row is to its limits: the largest share; null where it has none. */
export function pressure(row: ContainerRow): number | null {
  const shares = [cpuShare(row), memoryShare(row)].filter((share) => share !== null);
  return shares.length > 0 ? Math.max(...shares) : null;
}

/** The state of a row: what its health check says, a kill for lack of memory, or the nearness of a limit. */
export function stateOf(row: ContainerRow): string {
  if (row.health === "unhealthy") return "crit";
  const near = pressure(row) ?? 0;
  if (near >= 0.97) return "crit";
  return row.oom > 0 || near >= 0.9 || (row.throttled ?? 0) >= 0.25 ? "warn" : "ok";
}
