/** What a server is started with: pure. */
import type { ServerSettings } from "#shared/schema/settings.ts";
import { AppError } from "../lib/error.ts";
import { childEnvironment } from "../process/environment.ts";
import { SERVER_USERNAME } from "./client.ts";

export interface LaunchAddress {
  readonly host: ServerSettings["host"];
  /** Chosen before the spawn, so that the server's children can be told. */
  readonly port: number;
}

export function launchArguments(
  binary: string,
  { host, port }: LaunchAddress,
  debug: boolean,
): readonly [string, ...string[]] {
  const logging = debug ? ["--print-logs", "--log-level", "DEBUG"] : [];
  return [binary, "serve", "--port", String(port), "--hostname", host, ...logging];
}

/** Where the server will be asked. `localhost` may resolve to either family; OpenCode binds its IPv4 address then. */
export function launchUrl({ host, port }: LaunchAddress): string {
  return `http://${host === "::1" ? "[::1]" : "127.0.0.1"}:${port}`;
}

export interface LaunchEnvironment {
  /** The person's login shell's. Only what a child may have, and the keys of models, go on from it. */
  readonly base: Readonly<Record<string, string>>;
  /** `<SERVICE>_PORT` and `<SERVICE>_URL` of the workspace's environment. */
  readonly services: Readonly<Record<string, string>>;
  /** Of the settings; they win over everything but what we need ourselves. */
  readonly extra: Readonly<Record<string, string>>;
  readonly url: string;
  readonly password: string;
  /** OpenCode configuration of ours; null: none. */
  readonly config: object | null;
}

/**
 * The environment of `opencode serve`. The password goes this way because argv can be read by everyone. Our configuration
 * goes in OPENCODE_CONFIG_CONTENT, which writes nothing into the person's folders; what they have there themselves is kept,
 * ours on top of it. Automatic updates are off unless they were switched on: a running binary must not change under us.
 *
 * @throws AppError `opencode_settings` where the settings name a variable that may not be set.
 */
export function launchEnvironment(launch: LaunchEnvironment): Record<string, string> {
  const { base, services, extra, url, password, config } = launch;
  refuseVariables(extra);
  const theirs = extra["OPENCODE_CONFIG_CONTENT"] ?? base["OPENCODE_CONFIG_CONTENT"];
  const ours = {
    OPENCODE_DISABLE_AUTOUPDATE: base["OPENCODE_DISABLE_AUTOUPDATE"] ?? "1",
    ...services,
    ...extra,
    OPENCODE_SERVER: url,
    OPENCODE_SERVER_USERNAME: SERVER_USERNAME,
    OPENCODE_SERVER_PASSWORD: password,
    // Never left out: without it OpenCode writes a configuration file into the person's home.
    OPENCODE_CONFIG_CONTENT:
      config === null ? (theirs ?? "{}") : JSON.stringify(mergeConfig(parseConfig(theirs), config)),
  };
  const environment = childEnvironment(base, ours, [...modelVariables, ...Object.keys(base).filter(isModelKey)]);
  // Set by OpenCode for what it starts; it would mislead a server that is started from inside one.
  delete environment["OPENCODE_PID"];
  delete environment["OPENCODE"];
  return environment;
}

/**
 * What the settings may not set: variables that make a program load foreign code or run as something else, the password we
 * give, and what Deckhand tells its own children by.
 */
const refused =
  /^(?:LD_|DYLD_|ELECTRON_|NODE_CHANNEL_|DECKHAND_|OPENCODE_SERVER|BASH_FUNC_)|^(?:NODE_OPTIONS|NODE_PATH|BASH_ENV|ENV|PROMPT_COMMAND|OPENCODE|OPENCODE_PID)$/;

function refuseVariables(extra: Readonly<Record<string, string>>): void {
  const names = Object.keys(extra).filter((name) => refused.test(name));
  if (names.length === 0) return;
  throw new AppError(
    "opencode_settings",
    `The settings add ${names.join(", ")} to the server's environment, which is not allowed.`,
    {
      next: "Take it out of the settings.",
      details: { names },
    },
  );
}

/** For debugging: what a server is started with. Whatever may be a secret is left out. */
export function describeEnvironment(environment: Readonly<Record<string, string>>): string[] {
  return Object.keys(environment)
    .sort()
    .map((name) => `${name}=${mayBeSecret(name) ? "•••" : (environment[name] ?? "")}`);
}

/** A list of what is harmless would hide what people debug; one of what names a secret has to be generous. */
function mayBeSecret(name: string): boolean {
  return /KEY|TOKEN|SECRET|PASS|PAT$|CRED|AUTH|COOKIE|CONFIG_CONTENT|_PERMISSION|PROXY|DSN|DATABASE_URL/i.test(name);
}

/**
 * What OpenCode's providers are configured by: of the 221 names its catalogue has (1.18.33), 186 end in `_API_KEY`; these are
 * the others. Without them somebody whose key is in their shell would find no model.
 */
const modelVariables = [
  "OPENCODE_* ANTHROPIC_* OPENAI_* AWS_* AZURE_* GOOGLE_* GEMINI_* VERTEX_* CLOUDFLARE_* DATABRICKS_* SNOWFLAKE_* WATSONX_*",
  "AICORE_* GITHUB_TOKEN GITLAB_TOKEN HF_TOKEN CLARIFAI_PAT DIGITALOCEAN_ACCESS_TOKEN FRIENDLI_TOKEN BAILING_API_TOKEN",
  "NEON_AI_* MODAL_PROXY_TOKEN PRIVATEMODE_ENDPOINT INFOMANIAK_PRODUCT_ID RUNINFRA_GATEWAY_KEY ABLIT_KEY ZENIFRA_AI_KEY",
  "SUBMODEL_* OLLAMA_* LMSTUDIO_*",
].flatMap((line) => line.split(" "));

function isModelKey(name: string): boolean {
  return name.endsWith("_API_KEY");
}

/** Objects are merged key by key; anything else is replaced by what is in `above`. */
export function mergeConfig(below: object, above: object): Record<string, unknown> {
  const merged = new Map<string, unknown>(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    const under = merged.get(key);
    merged.set(key, isObject(under) && isObject(value) ? mergeConfig(under, value) : value);
  }
  // `__proto__` as a key must stay a key of nobody.
  merged.delete("__proto__");
  return Object.fromEntries(merged);
}

function parseConfig(text: string | undefined): object {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    // JSON with comments, perhaps: it cannot be merged, and a server without our part would lack what it was started for.
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
