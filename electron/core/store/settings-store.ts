import {
  serverSettingsSchema,
  settingsSchema,
  type ServerSettings,
  type Settings,
  type SettingsChange,
} from "#shared/schema/settings.ts";
import type { z } from "zod";
import { Emitter } from "../lib/emitter.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Database } from "./database.ts";

/** The user's settings: one row a field. A stored value that no longer fits its schema counts as not set. */
export class SettingsStore {
  readonly #database: Database;
  readonly #changes: Emitter<Settings>;
  #settings: Settings;

  constructor(dependencies: { database: Database; logger: Logger }) {
    this.#database = dependencies.database;
    this.#changes = new Emitter((error) =>
      dependencies.logger.error("A listener of the settings failed", { error: errorText(error) }),
    );
    this.#settings = this.#load();
  }

  get(): Settings {
    return this.#settings;
  }

  change({ server, ...rest }: SettingsChange): Settings {
    const next = settingsSchema.parse({
      ...this.#settings,
      ...withoutUndefined(rest),
      server: { ...this.#settings.server, ...withoutUndefined(server ?? {}) },
    });
    const write = this.#database.prepare("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)");
    for (const [key, value] of Object.entries(next)) write.run(key, JSON.stringify(value));
    this.#settings = next;
    this.#changes.emit(next);
    return next;
  }

  /** Calls at once with the current settings, then at each change. */
  watch(listener: (settings: Settings) => void): () => void {
    const stop = this.#changes.on(listener);
    listener(this.#settings);
    return stop;
  }

  #load(): Settings {
    const rows = this.#database.prepare("SELECT key, value FROM settings").all() as { key: string; value: string }[];
    const stored = Object.fromEntries(rows.map((row) => [row.key, parseJson(row.value)]));
    return settingsSchema.parse({ ...fitting(settingsSchema.shape, stored), server: serverSettings(stored["server"]) });
  }
}

/** One row holds all of them; a single one that no longer fits must not take the others along. */
function serverSettings(stored: unknown): ServerSettings {
  const fields = typeof stored === "object" && stored !== null ? stored : {};
  return serverSettingsSchema.parse(fitting(serverSettingsSchema.shape, fields));
}

/** The stored fields that fit their schema. */
function fitting(shape: Readonly<Record<string, z.ZodType>>, stored: object): Record<string, unknown> {
  const values = new Map<string, unknown>(Object.entries(stored));
  const fields = Object.entries(shape).map(([key, schema]) => {
    const parsed = schema.safeParse(values.get(key));
    return [key, parsed.success ? parsed.data : undefined];
  });
  return withoutUndefined(Object.fromEntries(fields));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A damaged row is the same as none: the default applies and the next change overwrites it.
    return undefined;
  }
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
