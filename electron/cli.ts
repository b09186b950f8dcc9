#!/usr/bin/env node
/** Entry of the command line: `deckhand …`. */
import { join, resolve } from "node:path";
import { version } from "../package.json";
import { defaultHome } from "./core/lib/home.ts";
import type { Output } from "./cli/command.ts";
import { runCommandLine } from "./cli/run.ts";

const interrupt = new AbortController();
// The first signal ends the command in order; `serve` listens for itself and bounds its own end.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt.abort());
// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const output = (json: boolean): Output => ({
  document(value) {
    if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
  },
  line: (text) => void (json ? process.stderr : process.stdout).write(`${text}\n`),
  write: (text) => void (json ? process.stderr : process.stdout).write(text),
  note: (text) => void process.stderr.write(`${text}\n`),
  colour: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  live: process.stdout.isTTY,
});

process.exitCode = await runCommandLine({
  words: process.argv.slice(2),
  version,
  defaultHome: resolve(process.env["DECKHAND_HOME"] ?? defaultHome()),
  headless: join(import.meta.dirname, "headless.js"),
  output,
  signal: interrupt.signal,
});
