/**
 * `npm run wasm [-- --check]`: electron/core/log/plain-scan-binary.ts from plain-scan.wat; with `--check` it only says whether the
 * two belong together.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import openWabt from "wabt";

const folder = join(import.meta.dirname, "..", "electron", "core", "log");
const source = join(folder, "plain-scan.wat");
const target = join(folder, "plain-scan-binary.ts");

const wabt = await openWabt();
const module = wabt.parseWat("plain-scan.wat", readFileSync(source, "utf8"), { simd: true });
const base64 = Buffer.from(module.toBinary({}).buffer).toString("base64");
module.destroy();

const lines = base64.match(/.{1,100}/g).map((line) => `  "${line}"`);
const text = [
  "/** plain-scan.wat as WebAssembly, base64. Made by `npm run wasm`. */",
  "export const plainScanBinary: string =",
  `${lines.join(" +\n")};`,
  "",
].join("\n");

if (!process.argv.includes("--check")) writeFileSync(target, text);
else if (readFileSync(target, "utf8") !== text) {
  console.error("plain-scan-binary.ts is not made of plain-scan.wat: run `npm run wasm`.");
  process.exitCode = 1;
}
