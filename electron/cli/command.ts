import type { Client } from "#shared/client.ts";

/** What a command gets: its words, and the ways to speak. */
export interface CommandContext {
  /** Positional arguments after the command's own words. */
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly home: string;
  /** Folder of the built entries. */
  readonly built: string;
  readonly version: string;
  readonly json: boolean;
  readonly output: Output;
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** The running host of the home. Rejects with `host_missing`. The command's end closes the connection. */
  connect(): Promise<Client>;
  /** The same, starting a headless host first where there is none. */
  connectOrStart(): Promise<{ client: Client; started: boolean }>;
}

export interface Output {
  /** One document on stdout; the only thing there with `--json`. */
  document(value: unknown): void;
  /** A line of result on stdout (text mode). */
  line(text: string): void;
  /** Raw text on stdout (text mode), for streaming. */
  write(text: string): void;
  /** Progress and explanations, on stderr. */
  note(text: string): void;
  readonly colour: boolean;
  /** stdout is a terminal, so that lines may be redrawn. */
  readonly live: boolean;
}

export interface Command {
  /** The words after `deckhand`, for example `server start`. */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Options beyond `--json`, `--home` and `--help`, in the form of node:util's parseArgs. */
  readonly options: Readonly<Record<string, { type: "string" | "boolean"; multiple?: boolean }>>;
  readonly maxPositionals: number;
  /** Returns the exit code. */
  run(context: CommandContext): Promise<number>;
}

/** Exit codes of the command line; they are a promise to scripts. */
export const exitCode = { done: 0, failed: 1, usage: 2, notTrusted: 3, noHost: 4, interrupted: 130 } as const;
