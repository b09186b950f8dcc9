/** Whether a newer OpenCode exists. Asked only where the settings say so, only after a server is ready, and never in its way. */
import { z } from "zod";
import type { Failure } from "#shared/failure.ts";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { isRecentEnough } from "./version.ts";

/** The package OpenCode is published as. */
const PACKAGE = "opencode-ai";
const ASK_MS = 10_000;
/** New versions come every few days; every server of the host shares one answer for this long. */
const REMEMBERED_MS = 6 * 60 * 60_000;

const answerSchema = z.object({ version: z.string().regex(/^\d+\.\d+\.\d+/) });

export interface UpdateCheckOptions {
  /** `https://registry.npmjs.org`, or another with the same interface. */
  readonly registry: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class UpdateCheck {
  readonly #options: UpdateCheckOptions;
  #latest: { readonly at: number; readonly version: Promise<string | null> } | null = null;

  constructor(options: UpdateCheckOptions) {
    this.#options = options;
  }

  /** What to tell about a version; null where it is the newest, or nobody knows. Never rejects. */
  async noticeFor(version: string): Promise<Failure | null> {
    const latest = await this.#ask();
    if (latest === null || isRecentEnough(version, latest)) return null;
    return {
      code: "opencode_update",
      message: `OpenCode ${latest} exists; this server runs ${version}.`,
      next: "Update it (opencode upgrade), then restart the server.",
      details: { version, latest },
    };
  }

  #ask(): Promise<string | null> {
    const now = this.#options.clock.monotonic();
    if (this.#latest === null || now - this.#latest.at > REMEMBERED_MS) {
      this.#latest = { at: now, version: this.#fetch() };
    }
    return this.#latest.version;
  }

  async #fetch(): Promise<string | null> {
    const { registry, clock, logger } = this.#options;
    try {
      return await withDeadline(clock, ASK_MS, registry, undefined, async (signal) => {
        const response = await fetch(`${registry}/${PACKAGE}/latest`, { signal, redirect: "error" });
        return answerSchema.parse(await response.json()).version;
      });
    } catch (error) {
      // Without a network, for one. It is asked again with the next start.
      logger.debug("looking for a newer OpenCode failed", { error: errorText(error) });
      this.#latest = null;
      return null;
    }
  }
}
