#!/usr/bin/env node
/** Entry of the command line: `deckhand …`. */
import { resolve } from "node:path";
import { defaultHome } from "./core/lib/home.ts";
import type { Output } from "./cli/command.ts";
import { runCommandLine } from "./cli/run.ts";
import { endSignal } from "./end-signal.ts";

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
  version: __DECKHAND_VERSION__,
  defaultHome: resolve(process.env["DECKHAND_HOME"] ?? defaultHome()),
  built: import.meta.dirname,
  output,
  signal: endSignal(),
});
