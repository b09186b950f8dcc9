import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "electron-vite";

const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, "../package.json"), "utf8")) as {
  version: string;
};
const top = resolve(import.meta.dirname, "..");
/** build.mjs builds beside the old result and puts the new one in its place when it is complete. */
const out = resolve(top, process.env["DECKHAND_OUT"] ?? "out");

/**
 * Everything is bundled but `dependencies` (a native addon and the OpenCode binary). The targets are those of the oldest
 * Electron it is tested in (33: Node 20.18, Chromium 130).
 */
export default defineConfig({
  main: {
    define: { __DECKHAND_VERSION__: JSON.stringify(version) },
    build: {
      target: "node20",
      outDir: resolve(out, "main"),
      externalizeDeps: true,
      rollupOptions: {
        input: {
          main: resolve(top, "electron/main.ts"),
          headless: resolve(top, "electron/headless.ts"),
          cli: resolve(top, "electron/cli.ts"),
          guardian: resolve(top, "electron/core/process/guardian.ts"),
        },
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
      },
    },
  },
  preload: {
    build: {
      target: "node20",
      outDir: resolve(out, "preload"),
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: resolve(top, "electron/preload.ts") },
        // A sandboxed preload script must be one CommonJS file.
        output: { format: "cjs", entryFileNames: "[name].cjs" },
      },
    },
  },
  renderer: {
    root: resolve(top, "renderer"),
    base: "./",
    // The page's origin is app://deckhand in development too, so Vite's client must be told where its socket is.
    server: { port: 5173, strictPort: true, hmr: { protocol: "ws", host: "localhost", clientPort: 5173 } },
    html: { cspNonce: "__CSP_NONCE__" },
    build: {
      target: "chrome130",
      minify: true,
      outDir: resolve(out, "renderer"),
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: resolve(top, "renderer/index.html") },
    },
    worker: { format: "es" },
    plugins: [react(), tailwindcss()],
  },
});
