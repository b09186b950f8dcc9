import { homedir } from "node:os";
import { join } from "node:path";

/** What decides where the state of a host lives. */
export interface HomeSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home folder (`os.homedir()`). */
  readonly userFolder: string;
}

const here = (): HomeSources => ({ env: process.env, platform: process.platform, userFolder: homedir() });

/**
 * The folder of all state and logs of a host when nobody names another: `~/Library/Application Support/Deckhand` on macOS,
 * `$XDG_STATE_HOME/deckhand` or `~/.local/state/deckhand` elsewhere. XDG_STATE_HOME counts only when it is absolute, as the
 * XDG Base Directory Specification demands.
 */
export function defaultHome({ env, platform, userFolder }: HomeSources = here()): string {
  if (platform === "darwin") return join(userFolder, "Library", "Application Support", "Deckhand");
  const state = env["XDG_STATE_HOME"];
  return join(state?.startsWith("/") === true ? state : join(userFolder, ".local", "state"), "deckhand");
}
