/** settings get and set: the same fields as the dialog of the window, by their names in the schema. */
import { settingsChangeSchema, type Settings } from "#shared/schema/settings.ts";
import { AppError } from "../../core/lib/error.ts";
import { exitCode, type Command } from "../command.ts";
import { firstItem } from "../first-item.ts";
import { align } from "../status-table.ts";

export const settingsCommands: readonly Command[] = [
  {
    name: "settings get",
    usage: "settings get [KEY]",
    summary: "all settings, or one such as server.idleStopMinutes",
    options: {},
    maxPositionals: 1,
    async run(context) {
      const settings = await firstItem(await context.connect(), "settings.watch", {});
      const key = context.positionals[0];
      if (key === undefined) {
        context.output.document(settings);
        if (!context.json) align(flat(settings)).forEach(context.output.line);
        return exitCode.done;
      }
      const value = valueOf(settings, key);
      context.output.document({ [key]: value });
      if (!context.json) context.output.line(show(value));
      return exitCode.done;
    },
  },
  {
    name: "settings set",
    usage: "settings set KEY VALUE",
    summary: "change one; VALUE is text, a number, true, false, null, or JSON",
    options: {},
    maxPositionals: 2,
    async run(context) {
      const [key, text] = context.positionals;
      if (key === undefined || text === undefined) throw new AppError("bad_input", "settings set wants KEY and VALUE.");
      const client = await context.connect();
      const whole = key.split(".").length === (key.startsWith("server.") ? 2 : 1) && key !== "server";
      if (!whole) throw noSetting(key);
      valueOf(await firstItem(client, "settings.watch", {}), key);
      const change = changeOf(key, text);
      const settings = await client.call("settings.change", change);
      context.output.document(settings);
      if (!context.json) context.output.line(`${key} ${show(valueOf(settings, key))}`);
      return exitCode.done;
    },
  },
];

/** Checked here by the schema of the host, so that the words of the error are about this one field. */
function changeOf(key: string, text: string) {
  const parts = key.split(".");
  // The type of a field decides how its text is read: a number for a port, a path as it stands.
  const readings = [parsed(text), text];
  for (const value of readings) {
    const checked = settingsChangeSchema.safeParse(
      parts.toReversed().reduce<unknown>((inner, part) => ({ [part]: inner }), value),
    );
    if (checked.success) return checked.data;
  }
  const failed = settingsChangeSchema.safeParse(
    parts.toReversed().reduce<unknown>((inner, part) => ({ [part]: inner }), readings[0]),
  );
  throw new AppError(
    "bad_input",
    `${key} cannot be ${text}: ${failed.error?.issues[0]?.message ?? "it does not fit"}.`,
    {
      next: "See `deckhand settings get` for the values there are.",
    },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON is the usual case: then it is the text itself.
    return text;
  }
}

function valueOf(settings: Settings, key: string): unknown {
  let value: unknown = settings;
  for (const part of key.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      throw noSetting(key);
    }
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

const noSetting = (key: string) =>
  new AppError("bad_input", `There is no setting "${key}" that takes one value.`, {
    next: "See `deckhand settings get`.",
  });

function flat(settings: Settings): string[][] {
  return Object.entries(settings).flatMap(([name, value]) =>
    name === "server"
      ? Object.entries(settings.server).map(([inner, of]) => [
          `server.${inner}`,
          inner === "environment" ? names(of) : show(of),
        ])
      : [[name, show(value)]],
  );
}

/** Values of variables may be secrets: they are shown only to who asks for this one setting. */
function names(variables: unknown): string {
  const list = Object.keys(variables as object);
  return list.length === 0 ? "none" : list.map((name) => `${name}=…`).join(" ");
}

const show = (value: unknown): string =>
  value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
