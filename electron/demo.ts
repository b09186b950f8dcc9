/**
 * The demo runs the real app with a scripted model in place of an AI. Its starter says so in the environment of the host:
 * `DECKHAND_DEMO` is the line that must stay on screen, `DECKHAND_DEMO_CONFIG` the OpenCode configuration (JSON) that names
 * the scripted provider. Without the line the configuration is ignored: nobody gets a scripted answer unlabelled.
 */
export function readDemo(environment: Readonly<Record<string, string | undefined>>): {
  demo: string | null;
  opencodeConfig: Record<string, unknown> | null;
} {
  const demo = environment["DECKHAND_DEMO"] ?? null;
  const config = environment["DECKHAND_DEMO_CONFIG"];
  if (demo === null || demo === "" || config === undefined)
    return { demo: demo === "" ? null : demo, opencodeConfig: null };
  return { demo, opencodeConfig: JSON.parse(config) as Record<string, unknown> };
}
