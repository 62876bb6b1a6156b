import { expect, it } from "vitest";
import type { ContainerRow } from "../../data/types";
import { parentOf, pressure, stateOf, treeRows } from "./rows";

const row = (path: string, more: Partial<ContainerRow> = {}): ContainerRow => ({
  path,
  name: path.split("/").pop() || "/",
  runtime: "",
  image: "",
  health: null,
  started: null,
  cpu: null,
  cpu_limit: null,
  throttled: null,
  memory: 0,
  memory_limit: null,
  threads_max: null,
  oom: 0,
  net_rx: null,
  net_tx: null,
  disk_read: null,
  disk_write: null,
  layer: null,
  ...more,
});

it("parents are found up to the machine", () => expect(["/", "/a", "/a/b"].map(parentOf)).toEqual([null, "/", "/a"]));

it("children follow their parents, however names sort", () => {
  const rows = [row("/a-b"), row("/a/c"), row("/"), row("/a")];
  const shown = treeRows(rows, { groups: true, text: "" }).map(({ path, depth }) => `${depth} ${path}`);
  expect(shown).toEqual(["0 /", "1 /a", "2 /a/c", "1 /a-b"]);
});

it("what is below a folded row is not shown, but counted", () => {
  const rows = [row("/"), row("/a"), row("/a/b"), row("/a/b/c"), row("/d")];
  const shown = treeRows(rows, { groups: true, text: "", folded: new Set(["/a"]) });
  expect(shown.map(({ path, below }) => `${path} ${below}`)).toEqual(["/ 4", "/a 2", "/d 0"]);
});

it("containers alone stand flat, and text finds name, path and image", () => {
  const web = row("/docker/1", { name: "web", runtime: "docker", image: "nginx:1" });
  const rows = [row("/"), row("/docker"), web];
  expect(treeRows(rows, { groups: false, text: "" }).map(({ depth }) => depth)).toEqual([0]);
  expect(treeRows(rows, { groups: true, text: "NGINX" }).map(({ name }) => name)).toEqual(["web"]);
  expect(treeRows(rows, { groups: false, text: "x" }).length).toBe(1);
});

it("states come from health, limits, throttling and kills", () => {
  expect(pressure(row("/a"))).toBeNull();
  expect(pressure(row("/a", { cpu: 1, cpu_limit: 2, memory: 9, memory_limit: 10 }))).toBe(0.9);
  const states = [
    row("/a"),
    row("/a", { memory: 98, memory_limit: 100 }),
    row("/a", { throttled: 0.5 }),
    row("/a", { oom: 1 }),
    row("/a", { health: "unhealthy" }),
  ].map(stateOf);
  expect(states).toEqual(["ok", "crit", "warn", "warn", "crit"]);
});
