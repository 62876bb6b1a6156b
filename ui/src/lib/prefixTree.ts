// Names grouped by what they begin with: ten thousand metrics become a few dozen groups to open.

/** A line of the opened tree. */
export type Line =
  | { kind: "group"; prefix: string; count: number; depth: number; open: boolean }
  | {
      kind: "name";
      name: string;
      depth: number /** The part that the groups around it already say. */;
      prefix: string;
    };

interface Group {
  prefix: string;
  count: number;
  /** Groups and names in order. */
  inner: (Group | string)[];
}

/** A smaller group is not worth a click. */
const LEAST = 3;
const MOST_DEPTH = 4;

/** Where the next word of a name ends, past `from`. */
function wordEnd(name: string, from: number): number {
  for (let at = from + 1; at < name.length; at += 1) {
    const char = name.charAt(at);
    if (char === "_" || char === ":" || char === ".") return at + 1;
  }
  return -1;
}

function sharedPrefix(first: string, last: string): number {
  let at = 0;
  while (at < first.length && first.charAt(at) === last.charAt(at)) at += 1;
  // Back to the end of a word.
  while (at > 0 && !/[_:.]/.test(first.charAt(at - 1))) at -= 1;
  return at;
}

function build(names: readonly string[], from: number, depth: number): (Group | string)[] {
  const out: (Group | string)[] = [];
  let start = 0;
  while (start < names.length) {
    const name = names[start] ?? "";
    const end = wordEnd(name, from);
    const prefix = end < 0 ? null : name.slice(0, end);
    let stop = start + 1;
    while (prefix !== null && stop < names.length && names[stop]?.startsWith(prefix)) stop += 1;
    const group = names.slice(start, stop);
    if (prefix !== null && group.length >= LEAST && depth < MOST_DEPTH && group.length < names.length) {
      // Sorted names share what the first and the last of them share.
      const shared = Math.max(prefix.length, sharedPrefix(name, group.at(-1) ?? name));
      out.push({ prefix: name.slice(0, shared), count: group.length, inner: build(group, shared, depth + 1) });
    } else if (prefix !== null && group.length >= LEAST && depth < MOST_DEPTH) {
      const shared = Math.max(prefix.length, sharedPrefix(name, group.at(-1) ?? name));
      return build(names, shared, depth);
    } else {
      out.push(...group);
    }
    start = stop;
  }
  return out;
}

/** The tree of sorted names. */
export function prefixTree(names: readonly string[]): (Group | string)[] {
  return build(names, 0, 0);
}

/** The lines to show: groups in `open` with what is in them. */
export function treeLines(
  tree: readonly (Group | string)[],
  open: ReadonlySet<string>,
  depth = 0,
  around = "",
): Line[] {
  return tree.flatMap((node): Line[] => {
    if (typeof node === "string") return [{ kind: "name", name: node, depth, prefix: around }];
    const { prefix, count, inner } = node;
    const isOpen = open.has(prefix);
    const head: Line = { kind: "group", prefix, count, depth, open: isOpen };
    return isOpen ? [head, ...treeLines(inner, open, depth + 1, prefix)] : [head];
  });
}
