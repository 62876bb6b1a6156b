// The build: TypeScript to hashed assets in dist/, each text asset with a .gz beside it so that the server never
// compresses at run time. Nothing is inlined as a data: URI, because the page is served under `default-src 'self'`.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import optimizeLocales from "@react-aria/optimize-locales-plugin";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vite";

const COMPRESSIBLE = /\.(js|css|html|svg|txt)$/;

/** Writes NAME.gz beside each compressible file of the finished build. */
function precompress(): Plugin {
  let out = "dist";
  const walk = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      out = config.build.outDir;
    },
    closeBundle() {
      for (const path of walk(out).filter((name) => COMPRESSIBLE.test(name))) {
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

/** The folder of the package a module belongs to: the nearest one above it whose package.json has a name. */
function packageOf(id: string): string | null {
  if (!id.includes("node_modules")) return null;
  let folder = dirname(id.replace(/^\0/, "").replace(/\?.*$/, ""));
  while (folder.includes("node_modules")) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name) return folder;
    folder = dirname(folder);
  }
  return null;
}

/** Writes licenses.txt: name, version and licence text of every package whose code is in the bundle. */
function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === "chunk" ? Object.keys(part.modules) : []));
      const folders = [...new Set(modules.map(packageOf))].filter((folder) => folder !== null).sort();
      const texts = folders.map((folder) => {
        const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
        const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licence: ${license}`;
        return `${name} ${version} (${license})\n\n${text}`;
      });
      this.emitFile({
        type: "asset",
        fileName: "licenses.txt",
        source: `${texts.join(`\n\n${"=".repeat(80)}\n\n`)}\n`,
      });
    },
  };
}

export default defineConfig({
  plugins: [
    { ...optimizeLocales.vite({ locales: ["en-US", "ko-KR"] }), enforce: "pre" },
    react(),
    licences(),
    precompress(),
  ],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 800 },
});
