/** Imports point one way. The rules are data; a bad import made up here proves that each of them can fail. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { describe, expect, it } from "vitest";

const top = join(import.meta.dirname, "..", "..");

/** Source files by their path in the checkout. */
type Files = ReadonlyMap<string, string>;

/** Where code may run and what it may know. `electron:` stands for the folder, `electron` for the package. */
const layers = ["shared", "core", "ipc", "api", "host", "shell", "cli", "entry", "preload", "renderer"] as const;
type Layer = (typeof layers)[number];

/** `shared ← core ← ipc, api ← host ← main, headless, cli`, and `shared ← renderer`. */
const mayImport: Readonly<Record<Layer, readonly Layer[]>> = {
  shared: ["shared"],
  core: ["shared", "core"],
  ipc: ["shared", "core", "ipc"],
  api: ["shared", "core", "ipc", "api"],
  host: ["shared", "core", "ipc", "api", "host"],
  shell: ["shared", "core", "ipc", "api", "host", "shell"],
  cli: ["shared", "core", "ipc", "api", "host", "cli"],
  entry: ["shared", "core", "ipc", "api", "host", "shell", "cli"],
  preload: [],
  renderer: ["shared", "renderer"],
};

/** Folders of renderer/ that everything there may use; every other folder is a feature of its own. */
const commonFolders = new Set(["ipc", "ui", "view", "styles"]);

function layerOf(path: string): Layer {
  if (path === "electron/preload.ts") return "preload";
  if (["electron/main.ts", "electron/headless.ts", "electron/cli.ts"].includes(path)) return "entry";
  const [first, second = ""] = path.split("/");
  if (first === "shared" || first === "renderer") return first;
  return (["core", "ipc", "api", "shell", "cli"] as const).find((layer) => layer === second) ?? "host";
}

/** What a source imports: `import … from`, `export … from`, `import "…"`, `import("…")`, `typeof import("…")`. */
function importsOf(source: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)["']([^"']+)["']/gm;
  return Array.from(source.matchAll(pattern), (match) => match[1]!);
}

/** The imported file's path in the checkout, or null for a package. */
function fileOf(importer: string, specifier: string): string | null {
  if (specifier.startsWith("#shared/")) return `shared/${specifier.slice("#shared/".length)}`;
  if (specifier.startsWith(".")) return posix.normalize(posix.join(dirname(importer), specifier.split("?")[0]!));
  return null;
}

function violations(files: Files): string[] {
  const found: string[] = [];
  for (const [path, source] of files) {
    const layer = layerOf(path);
    for (const specifier of importsOf(source)) {
      const target = fileOf(path, specifier);
      const why = target === null ? packageTrouble(path, layer, specifier) : fileTrouble(path, layer, target);
      if (why !== null) found.push(`${path} imports ${specifier}: ${why}`);
    }
    found.push(...globalTrouble(path, source));
  }
  return found;
}

function packageTrouble(path: string, layer: Layer, specifier: string): string | null {
  const electron = specifier === "electron" || specifier.startsWith("electron/");
  if (electron && layer !== "shell" && path !== "electron/main.ts" && layer !== "preload") {
    return "only main.ts, preload.ts and shell/ know Electron";
  }
  if (layer === "shared" && specifier !== "zod") return "shared knows nothing but zod";
  if (layer === "renderer" && specifier.startsWith("node:")) return "the page has no Node";
  return null;
}

function fileTrouble(path: string, layer: Layer, target: string): string | null {
  const other = layerOf(target);
  if (!mayImport[layer].includes(other)) return `${layer} must not know ${other}`;
  if (layer !== "renderer" || other !== "renderer") return null;
  const from = folderOf(path);
  const to = folderOf(target);
  if (from === to || from === null || to === null || from === "shell" || commonFolders.has(to)) return null;
  return "features of the page do not know each other";
}

/** `chat` for renderer/chat/…, null for a file directly in renderer/. */
function folderOf(path: string): string | null {
  const parts = path.split("/");
  return parts.length > 2 ? parts[1]! : null;
}

/** Doors to the outside that exist once. */
const oneDoor = [
  { pattern: /\bshell\.(openExternal|openPath|showItemInFolder)\b/, only: "electron/shell/external-links.ts" },
  { pattern: /\bipcMain\b/, only: "electron/shell/connect.ts" },
  { pattern: /\bipcRenderer\b/, only: "electron/preload.ts" },
  { pattern: /\b(webSecurity: false|nodeIntegration: true|contextIsolation: false|sandbox: false)\b/, only: null },
];

function globalTrouble(path: string, source: string): string[] {
  return oneDoor
    .filter(({ pattern, only }) => path !== only && pattern.test(source))
    .map(
      ({ pattern, only }) => `${path} uses ${String(pattern)}: ${only === null ? "nobody may" : `only ${only} may`}`,
    );
}

function readSources(): Files {
  const files = new Map<string, string>();
  for (const folder of ["shared", "electron", "renderer"]) {
    for (const entry of readdirSync(join(top, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(relative(top, path), readFileSync(path, "utf8"));
    }
  }
  return files;
}

describe("the architecture", () => {
  it("has imports in the permitted directions only", () => {
    const files = readSources();
    expect(files.size).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });

  it.each([
    ["electron/core/log/ring.ts", 'import { app } from "electron";'],
    ["electron/ipc/serve.ts", 'import type { BrowserWindow } from "electron";'],
    ["electron/headless.ts", 'const { app } = await import("electron");'],
    ["electron/core/log/ring.ts", 'import { serve } from "../../ipc/serve.ts";'],
    ["electron/core/log/ring.ts", 'export { x } from "../../api/x.ts";'],
    ["electron/core/log/ring.ts", 'import type { Host } from "../../host.ts";'],
    ["electron/ipc/serve.ts", 'import { x } from "../host.ts";'],
    ["electron/api/routes.ts", 'import { x } from "../shell/tray.ts";'],
    ["electron/host.ts", 'import { x } from "./shell/tray.ts";'],
    ["electron/host.ts", 'import { x } from "./cli/run.ts";'],
    ["electron/preload.ts", 'import { contract } from "#shared/contract.ts";'],
    ["electron/core/log/ring.ts", 'import { x } from "../../../renderer/ui/button.tsx";'],
    ["shared/contract.ts", 'import { x } from "../electron/host.ts";'],
    ["shared/contract.ts", 'import { readFile } from "node:fs/promises";'],
    ["shared/contract.ts", 'import React from "react";'],
    ["renderer/chat/page.tsx", 'import { join } from "node:path";'],
    ["renderer/chat/page.tsx", 'import { x } from "../../electron/core/lib/error.ts";'],
    ["renderer/chat/page.tsx", 'import { x } from "../logs/logs-page.tsx";'],
    ["renderer/chat/page.tsx", 'const page = lazy(() => import("../logs/logs-page.tsx"));'],
    ["renderer/ui/button.tsx", 'import { x } from "../shell/sidebar.tsx";'],
    ["electron/shell/tray.ts", "void shell.openExternal(url);"],
    ["electron/shell/window.ts", "ipcMain.handle(name, run);"],
    ["electron/shell/window.ts", "const preferences = { sandbox: false };"],
  ])("refuses %s with %s", (path, source) => {
    expect(violations(new Map([[path, source]]))).toHaveLength(1);
  });

  it.each([
    ["electron/shell/tray.ts", 'import { Tray } from "electron";\nimport type { Host } from "../host.ts";'],
    ["electron/main.ts", 'import { app } from "electron";\nimport { run } from "./shell/desktop.ts";'],
    ["electron/core/log/ring.ts", 'import { x } from "#shared/schema/log.ts";\nimport { y } from "node:fs";'],
    ["renderer/shell/shell.tsx", 'import { x } from "../chat/page.tsx";'],
    ["renderer/main.tsx", 'import { x } from "./shell/shell.tsx";\nimport "./styles/main.css";'],
    ["shared/contract.ts", 'import { z } from "zod";\nimport { x } from "./rpc.ts";'],
  ])("permits %s", (path, source) => {
    expect(violations(new Map([[path, source]]))).toEqual([]);
  });
});
