import { settingsSchema, type Settings, type SettingsChange } from "#shared/schema/settings.ts";
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

  change(change: SettingsChange): Settings {
    const next = settingsSchema.parse({ ...this.#settings, ...withoutUndefined(change) });
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
    const stored = new Map(rows.map((row) => [row.key, row.value]));
    const fields = Object.entries(settingsSchema.shape).map(([key, schema]) => {
      const parsed = schema.safeParse(parseJson(stored.get(key)));
      return [key, parsed.success ? parsed.data : undefined];
    });
    return settingsSchema.parse(withoutUndefined(Object.fromEntries(fields)));
  }
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
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
