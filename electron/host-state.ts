import type { HostInfo, HostKind, Notice } from "#shared/schema/host.ts";
import { Emitter } from "./core/lib/emitter.ts";
import { errorText } from "./core/lib/error.ts";
import type { Logger } from "./core/lib/logger.ts";

/** Notices kept at once; one that comes beyond it replaces the oldest. */
const MAX_NOTICES = 50;

/** What the host says of itself: who it is, and what the person should know until they dismiss it. */
export class HostState {
  readonly #fixed: Omit<HostInfo, "notices">;
  readonly #changes: Emitter<HostInfo>;
  #notices: readonly Notice[] = [];

  constructor(options: {
    kind: HostKind;
    version: string;
    home: string;
    demo: string | null;
    desktop: boolean;
    now: () => number;
    logger: Logger;
  }) {
    this.#fixed = {
      version: options.version,
      kind: options.kind,
      pid: process.pid,
      startedAt: new Date(options.now()).toISOString(),
      home: options.home,
      platform: process.platform,
      demo: options.demo,
      folderDialog: options.desktop,
    };
    this.#changes = new Emitter((error) =>
      options.logger.error("A listener of the host's state failed", { error: errorText(error) }),
    );
  }

  info(): HostInfo {
    return { ...this.#fixed, notices: [...this.#notices] };
  }

  identity(): { pid: number; kind: HostKind; version: string; startedAt: string } {
    const { pid, kind, version, startedAt } = this.#fixed;
    return { pid, kind, version, startedAt };
  }

  /** A notice with the id of an earlier one replaces it. */
  notify(notice: Notice): void {
    this.#set([...this.#notices.filter((each) => each.id !== notice.id), notice].slice(-MAX_NOTICES));
  }

  dismiss(id: string): void {
    this.#set(this.#notices.filter((notice) => notice.id !== id));
  }

  /** Calls at once, then at each change. */
  watch(listener: (info: HostInfo) => void): () => void {
    const stop = this.#changes.on(listener);
    listener(this.info());
    return stop;
  }

  #set(notices: readonly Notice[]): void {
    this.#notices = notices;
    this.#changes.emit(this.info());
  }
}
