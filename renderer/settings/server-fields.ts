/** The settings of servers as the dialog shows them: words, units, and what is said of a value that does not fit. */
import { serverSettingsSchema, type ServerSettings } from "#shared/schema/settings.ts";

const { shape } = serverSettingsSchema;

/** The settings that are one number, perhaps none. */
export type NumberName =
  | "port"
  | "startupTimeoutSeconds"
  | "reconnectBaseMs"
  | "failuresBeforeRestart"
  | "stopGraceSeconds"
  | "idleStopMinutes"
  | "memoryLimitMb";
export type SwitchName = "debug" | "eventLog" | "checkForUpdates";

/** When a change is felt. */
type Takes = "now" | "next start";

export interface NumberField {
  readonly name: NumberName;
  readonly label: string;
  readonly hint: string;
  readonly unit: string;
  /** What no number, or the number 0, means; null where there must be one. */
  readonly empty: { readonly word: string; readonly value: 0 | null } | null;
  readonly takes: Takes;
}

export interface SwitchField {
  readonly name: SwitchName;
  readonly label: string;
  readonly hint: string;
  readonly takes: Takes;
}

export const basicNumbers: readonly NumberField[] = [
  {
    name: "idleStopMinutes",
    label: "Stop when unused for",
    hint: "The next message starts it again.",
    unit: "minutes",
    empty: { word: "Never", value: null },
    takes: "now",
  },
  {
    name: "memoryLimitMb",
    label: "Memory limit",
    hint: "Beyond it the server is restarted as soon as no turn runs.",
    unit: "MB",
    empty: { word: "None", value: null },
    takes: "now",
  },
];

export const debugField: SwitchField = {
  name: "debug",
  label: "Debug mode",
  hint: "OpenCode logs at debug level.",
  takes: "next start",
};

export const advancedNumbers: readonly NumberField[] = [
  {
    name: "port",
    label: "Port",
    hint: "Of every server; two at once need free ones.",
    unit: "",
    empty: { word: "Any free", value: 0 },
    takes: "next start",
  },
  {
    name: "startupTimeoutSeconds",
    label: "Startup timeout",
    hint: "How long a server may take until it is ready.",
    unit: "seconds",
    empty: null,
    takes: "next start",
  },
  {
    name: "stopGraceSeconds",
    label: "Grace at a stop",
    hint: "From the first signal until it is killed.",
    unit: "seconds",
    empty: null,
    takes: "next start",
  },
  {
    name: "failuresBeforeRestart",
    label: "Failures before a restart",
    hint: "Health checks in a row that must fail, on two signals each.",
    unit: "checks",
    empty: null,
    takes: "next start",
  },
  {
    name: "reconnectBaseMs",
    label: "First wait before reconnecting",
    hint: "Of the event stream; doubled with each failure.",
    unit: "ms",
    empty: null,
    takes: "next start",
  },
];

export const advancedSwitches: readonly SwitchField[] = [
  {
    name: "eventLog",
    label: "Log every event",
    hint: "Under the source “opencode-events”.",
    takes: "now",
  },
  {
    name: "checkForUpdates",
    label: "Look for updates",
    hint: "Asks the npm registry now and then, never before a server is ready.",
    takes: "next start",
  },
];

/** Said only where it is not the rule, which stands above the fields. */
export const takesHint = (takes: Takes): string => (takes === "now" ? "At once." : "");

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly wants: string };

/** What was typed as a value of the setting, judged by the schema that the host judges by. */
export function checkNumber(field: NumberField, typed: string): Checked<number | null> {
  const text = typed.trim();
  if (text === "" && field.empty !== null) return { ok: true, value: field.empty.value };
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (shape[field.name].safeParse(value).success) return { ok: true, value };
  const { least, most } = rangeOf(field.name);
  const otherwise = field.empty === null ? "" : ` Empty: ${field.empty.word.toLowerCase()}.`;
  return {
    ok: false,
    wants: `A whole number from ${least.toLocaleString("en-US")} to ${most.toLocaleString("en-US")}.${otherwise}`,
  };
}

/** How the field shows a value: what no number means is an empty field with its word in it. */
export function showNumber(field: NumberField, value: number | null): string {
  return field.empty !== null && value === field.empty.value ? "" : String(value);
}

export function checkSetting<Name extends keyof ServerSettings>(
  name: Name,
  value: unknown,
): Checked<ServerSettings[Name]> {
  const parsed = shape[name].safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data as ServerSettings[Name] };
  const issue = parsed.error.issues[0];
  // What is wrong with a key is one level deeper than what is wrong with a value.
  const inner = issue?.code === "invalid_key" ? issue.issues[0] : issue;
  return { ok: false, wants: inner?.message ?? "This value cannot be used." };
}

/** The bounds of a number as the schema has them, so that they stand in one place. */
function rangeOf(name: NumberName): { least: number; most: number } {
  const inner = shape[name].unwrap();
  const number = "options" in inner ? inner.options[1] : "unwrap" in inner ? inner.unwrap() : inner;
  return { least: number.minValue ?? 0, most: number.maxValue ?? Number.MAX_SAFE_INTEGER };
}
