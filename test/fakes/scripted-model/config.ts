/** The one provider and model the scripted model is known by in OpenCode. */
export const SCRIPTED_PROVIDER = "scripted";
export const SCRIPTED_MODEL = "m1";

/**
 * OpenCode's configuration for the scripted model, to be given in OPENCODE_CONFIG_CONTENT or written as opencode.json.
 * `@ai-sdk/openai-compatible` is inside the OpenCode binary, so nothing is installed and no network is used. bash is asked
 * for, edits are not: a demonstration shows a permission card at its first command and then gets on with it.
 *
 * @param url What `startScriptedModel` returned: `http://127.0.0.1:PORT`.
 */
export function scriptedModelConfig(url: string): Record<string, unknown> {
  return {
    $schema: "https://opencode.ai/config.json",
    model: `${SCRIPTED_PROVIDER}/${SCRIPTED_MODEL}`,
    small_model: `${SCRIPTED_PROVIDER}/${SCRIPTED_MODEL}`,
    autoupdate: false,
    share: "disabled",
    enabled_providers: [SCRIPTED_PROVIDER],
    provider: {
      [SCRIPTED_PROVIDER]: {
        npm: "@ai-sdk/openai-compatible",
        name: "Scripted model (demo)",
        options: { baseURL: `${url}/v1`, apiKey: "no-key-needed" },
        models: {
          [SCRIPTED_MODEL]: {
            name: "Scripted model",
            tool_call: true,
            reasoning: true,
            limit: { context: 200_000, output: 32_000 },
          },
        },
      },
    },
    permission: { bash: "ask", edit: "allow" },
  };
}
