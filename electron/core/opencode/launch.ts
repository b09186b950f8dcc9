/** What a server is started with: pure. */
import { childEnvironment } from "../process/environment.ts";
import { SERVER_USERNAME } from "./client.ts";

/** Port 0: OpenCode takes 4096 if it is free, else one from the kernel; either way its first line says which. */
export function launchArguments(binary: string): [string, ...string[]] {
  return [binary, "serve", "--port", "0", "--hostname", "127.0.0.1"];
}

export interface LaunchEnvironment {
  /** The person's login shell's. Only what a child may have, and the keys of models, go on from it. */
  readonly base: Readonly<Record<string, string>>;
  readonly password: string;
  /** OpenCode configuration of ours; null: none. */
  readonly config: object | null;
}

/**
 * The environment of `opencode serve`. The password goes this way because argv can be read by everyone. Our configuration
 * goes in OPENCODE_CONFIG_CONTENT, which writes nothing into the person's folders; what they have there themselves is kept,
 * ours on top of it. Automatic updates are off unless they were switched on: a running binary must not change under us.
 */
export function launchEnvironment({ base, password, config }: LaunchEnvironment): Record<string, string> {
  const theirs = base["OPENCODE_CONFIG_CONTENT"];
  const ours = {
    OPENCODE_DISABLE_AUTOUPDATE: base["OPENCODE_DISABLE_AUTOUPDATE"] ?? "1",
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
