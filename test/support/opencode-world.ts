/** A workspace with a server of its own in a world of its own: home, XDG folders, keeper and log, all gone at the end. */
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionEvent } from "#shared/schema/chat.ts";
import { serverSettingsSchema, type ServerSettings } from "#shared/schema/settings.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { systemClock, type Clock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { Scope } from "../../electron/core/lib/scope.ts";
import { BinaryFinder } from "../../electron/core/opencode/binary.ts";
import { Chat } from "../../electron/core/opencode/chat.ts";
import type { OpencodeServerOptions } from "../../electron/core/opencode/server-options.ts";
import { OpencodeServer } from "../../electron/core/opencode/server.ts";
import { createProcessKeeper, type Keeper } from "../../electron/core/process/keeper.ts";
import { MemoryBook } from "./memory-book.ts";

export interface World {
  readonly root: string;
  readonly directory: string;
  /** What stands for the login shell's: folders of its own for all that OpenCode keeps. */
  readonly environment: Readonly<Record<string, string>>;
  readonly keeper: Keeper;
  readonly book: MemoryBook;
  readonly server: OpencodeServer;
  readonly chat: Chat;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly guardianPath: string;
  readonly config?: object | null;
  /** Named by the settings; null: searched. */
  readonly binary?: string | null;
  readonly password?: string;
  /** What differs from the default settings. */
  readonly settings?: Partial<ServerSettings>;
  /** Other parts of the server than the usual ones. */
  readonly server?: Partial<OpencodeServerOptions>;
  /** The server's; everything else has the system's. */
  readonly clock?: Clock;
}

export function openWorld(options: WorldOptions): World {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-opencode-")));
  const directory = join(root, "workspace");
  for (const name of ["workspace", "home", "state"]) mkdirSync(join(root, name));
  const environment = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: join(root, "home"),
    XDG_DATA_HOME: join(root, "home/data"),
    XDG_CONFIG_HOME: join(root, "home/config"),
    XDG_STATE_HOME: join(root, "home/state"),
    XDG_CACHE_HOME: join(root, "home/cache"),
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  };
  const scope = new Scope("test", silentLogger);
  const keeper = createProcessKeeper({
    home: join(root, "state"),
    runId: "run1",
    clock: systemClock,
    logger: silentLogger,
    guardianPath: options.guardianPath,
    scope,
  });
  const book = new MemoryBook();
  const finder = new BinaryFinder({ clock: systemClock });
  const { password } = options;
  const settings = serverSettingsSchema.parse(options.settings ?? {});
  const server = new OpencodeServer({
    keeper,
    book,
    workspaceId: "wsp_0000000000000001",
    directory,
    findBinary: (signal) => finder.find({ setting: options.binary ?? null, environment, workspace: directory, signal }),
    environment: () => Promise.resolve(environment),
    config: () => options.config ?? null,
    settings: () => settings,
    isBusy: () => chat.busy(),
    clock: options.clock ?? systemClock,
    logger: silentLogger,
    ...(password === undefined ? {} : { randomPassword: () => password }),
    ...options.server,
  });
  const chat = new Chat({ server, directory, clock: systemClock, logger: silentLogger });
  return {
    root,
    directory,
    environment,
    keeper,
    book,
    server,
    chat,
    async close() {
      chat.close();
      await server.close();
      await scope.close();
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits until `look` finds something; fails with `what` and the newest state after `ms`. */
export async function until<Value>(
  what: string,
  look: () => Value | null | undefined | false,
  ms = 30_000,
): Promise<Value> {
  const end = performance.now() + ms;
  while (true) {
    const found = look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Collects what a session's viewer is told. */
export function viewSession(chat: Chat, id: SessionId) {
  const events: SessionEvent[] = [];
  const ends: string[] = [];
  const end = chat.events(
    id,
    (event) => events.push(event),
    (error) => ends.push(error.code),
  );
  /** Every text the newest snapshot and the changes after it add up to, by part id. */
  const texts = () => {
    const found = new Map<string, string>();
    for (const event of events) {
      if (event.kind === "snapshot") {
        found.clear();
        for (const part of event.messages.flatMap((message) => message.parts)) {
          if (part.type === "text") found.set(part.id, part.text);
        }
      }
      if (event.kind === "part" && event.part.type === "text") found.set(event.part.id, event.part.text);
      if (event.kind === "delta" && found.has(event.partId)) {
        found.set(event.partId, (found.get(event.partId) ?? "") + event.delta);
      }
      if (event.kind === "part_removed") found.delete(event.partId);
    }
    return Array.from(found.values());
  };
  const tools = () =>
    events.flatMap((event) => (event.kind === "part" && event.part.type === "tool" ? [event.part] : []));
  return { events, ends, texts, tools, end };
}

/** Processes of this machine whose environment or command line contains a text. */
export function processesWith(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return ["environ", "cmdline"].some((file) => readFileSync(`/proc/${pid}/${file}`, "utf8").includes(text));
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}
