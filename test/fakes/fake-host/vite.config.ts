/** Serves the window over a made-up host, to look at every state of it: `npx vite -c test/fakes/fake-host/vite.config.ts`. Never shipped. */
import { resolve } from "node:path";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  cacheDir: resolve(import.meta.dirname, "../../../node_modules/.cache/vite-fake-host"),
  html: { cspNonce: "__CSP_NONCE__" },
  plugins: [react(), tailwindcss()],
  server: { host: "127.0.0.1", port: 5199, fs: { allow: [resolve(import.meta.dirname, "../../..")] } },
  build: { outDir: resolve(import.meta.dirname, "../../../out/fake-host"), emptyOutDir: true, target: "chrome130" },
});
