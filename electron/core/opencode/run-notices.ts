import type { ServerSettings } from "#shared/schema/settings.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import { configProblem } from "./config-problem.ts";
import type { WireEvent } from "./event-stream.ts";
import type { Run } from "./run.ts";
import type { ServerRecord } from "./server-record.ts";
import type { UpdateCheck } from "./update-check.ts";

/** The source of the events in the log of the workspace, where the settings want them logged. */
const EVENT_SOURCE = "opencode-events";
/** Of one event in the log; a streamed text is in the chat anyway. */
const EVENT_LENGTH = 4_096;

export interface RunNoticesOptions {
  readonly book: LogBook;
  readonly settings: () => ServerSettings;
  readonly updates: Pick<UpdateCheck, "noticeFor"> | null;
  readonly logger: Logger;
}

/** What is worth knowing of a server that runs, found out beside its start and never in its way. */
export class RunNotices {
  readonly #options: RunNoticesOptions;
  readonly #record: ServerRecord;
  #run: Run | null = null;

  constructor(options: RunNoticesOptions, record: ServerRecord) {
    this.#options = options;
    this.#record = record;
  }

  /** Once, after it became ready. */
  lookInto(run: Run): void {
    this.#run = run;
    void this.#checkConfig(run);
    if (this.#options.settings().checkForUpdates) void this.#checkUpdate(run);
  }

  leave(): void {
    this.#run = null;
  }

  heard(event: WireEvent): void {
    if (!this.#options.settings().eventLog) return;
    const text = JSON.stringify(event) ?? "";
    const cut = text.length > EVENT_LENGTH;
    this.#options.book.append(EVENT_SOURCE, {
      stream: "stdout",
      text: cut ? `${text.slice(0, EVENT_LENGTH)}… (${text.length} characters)` : text,
      generation: this.#record.generation,
      cut: false,
    });
  }

  /** A server whose folder has a broken configuration starts and answers, and refuses everything that matters. */
  async #checkConfig(run: Run): Promise<void> {
    try {
      await run.protocol.sessions.readChat(run.client);
    } catch (error) {
      const problem = configProblem(error);
      if (problem !== null && this.#run === run) this.#record.addNotice(problem);
      else this.#options.logger.debug("reading the sessions failed", { error: errorText(error) });
    }
  }

  async #checkUpdate(run: Run): Promise<void> {
    const notice = (await this.#options.updates?.noticeFor(run.version)) ?? null;
    if (notice !== null && this.#run === run) this.#record.addNotice(notice);
  }
}
