import { resolve } from "node:path";
import { defaultHome, type HomeSources } from "../core/lib/home.ts";

/** What a start of the app was asked for. */
export interface Launch {
  /** Absolute. */
  readonly home: string;
  /** A folder to open, absolute; null where none was named. */
  readonly directory: string | null;
}

/** A second start hands this to the app that runs already. */
export interface SecondLaunch {
  readonly directory: string | null;
}

export interface LaunchInput extends HomeSources {
  /** `process.argv`. */
  readonly argv: readonly string[];
  /** Whether the app is packaged. From a checkout, the first plain argument is the app's own folder. */
  readonly packaged: boolean;
  readonly workingDirectory: string;
}

/**
 * Reads `[--home DIR] [DIR]`. Switches that are not ours belong to Chromium and are passed over.
 * The home is `--home`, else DECKHAND_HOME, else the platform's own.
 */
export function readLaunch(input: LaunchInput): Launch {
  const plain: string[] = [];
  let home: string | null = null;
  const rest = input.argv.slice(1);
  for (let index = 0; index < rest.length; index += 1) {
    const argument = rest[index] ?? "";
    if (argument === "--home") {
      index += 1;
      home = rest[index] ?? null;
    } else if (argument.startsWith("--home=")) home = argument.slice("--home=".length);
    else if (!argument.startsWith("-") && argument !== "") plain.push(argument);
  }
  const directory = plain[input.packaged ? 0 : 1];
  const chosen = [home, input.env["DECKHAND_HOME"]].find(
    (value) => value !== null && value !== undefined && value !== "",
  );
  return {
    home: resolve(input.workingDirectory, chosen ?? defaultHome(input)),
    directory: directory === undefined ? null : resolve(input.workingDirectory, directory),
  };
}

/** Data of a second start, which another process wrote: anything that is not a launch counts as one without a folder. */
export function readSecondLaunch(data: unknown): SecondLaunch {
  const directory =
    typeof data === "object" && data !== null && "directory" in data && typeof data.directory === "string"
      ? data.directory
      : null;
  return { directory };
}
