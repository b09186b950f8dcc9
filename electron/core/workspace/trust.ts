import { createHash } from "node:crypto";
import type { TrustItem, TrustReview } from "#shared/schema/workspace.ts";
import { serviceFingerprint } from "../environment/detect/detect.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import { AppError } from "../lib/error.ts";
import type { Database } from "../store/database.ts";

/** Everything of a folder that would run, gathered without running any of it. */
export interface RunnableContent {
  readonly items: readonly TrustItem[];
  /** Stands for the items and for the files behind them: a change of either is a change of what would run. */
  readonly fingerprint: string;
}

/** What services would run: each once, however often and in whichever order they were read. */
export function contentOf(services: Iterable<DetectedService>): RunnableContent {
  const items = new Map<string, TrustItem>();
  const fingerprints = new Set<string>();
  for (const service of services) {
    items.set(JSON.stringify(service.trust), service.trust);
    fingerprints.add(serviceFingerprint(service));
  }
  return { items: [...items.values()], fingerprint: sha256(JSON.stringify([...fingerprints].sort())) };
}

/** Joins what several sources of a folder would run. */
export function joinContent(parts: readonly RunnableContent[]): RunnableContent {
  return {
    items: parts.flatMap((part) => part.items),
    fingerprint: sha256(JSON.stringify(parts.map((part) => part.fingerprint))),
  };
}

/**
 * Who trusts what: a folder by its real path, and by a hash of what it would run. A folder whose commands have changed since
 * is not trusted any more, and nothing of it runs until a person has looked again.
 */
export class TrustRegister {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(dependencies: { database: Database; now: () => number }) {
    this.#database = dependencies.database;
    this.#now = dependencies.now;
  }

  review(directory: string, content: RunnableContent): TrustReview {
    const contentHash = hashContent(content);
    const stored = this.#stored(directory);
    const state = stored === undefined ? "never" : stored === contentHash ? "trusted" : "changed";
    return { directory, state, contentHash, items: [...content.items] };
  }

  /**
   * Remembers the approval of exactly what was on screen.
   *
   * @throws AppError `trust_changed` where the content is no longer what `contentHash` stood for.
   */
  grant(directory: string, content: RunnableContent, contentHash: string): void {
    if (hashContent(content) !== contentHash) {
      throw new AppError("trust_changed", "What would run has changed since it was shown.", {
        next: "Look at the new list and decide again.",
      });
    }
    this.#database
      .prepare("INSERT OR REPLACE INTO trust (directory, content_hash, granted_at) VALUES (?, ?, ?)")
      .run(directory, contentHash, new Date(this.#now()).toISOString());
  }

  revoke(directory: string): void {
    this.#database.prepare("DELETE FROM trust WHERE directory = ?").run(directory);
  }

  /** @throws AppError `not_trusted` unless exactly this content was approved. */
  require(directory: string, content: RunnableContent): void {
    const review = this.review(directory, content);
    if (review.state === "trusted") return;
    const changed = review.state === "changed";
    throw new AppError(
      "not_trusted",
      changed
        ? `What ${directory} would run has changed since you approved it.`
        : `${directory} is not trusted yet, so nothing of it is run.`,
      {
        next: "Review what would run and approve it: in the window, or with `deckhand trust`.",
        details: { state: review.state, contentHash: review.contentHash, items: review.items },
      },
    );
  }

  #stored(directory: string): string | undefined {
    const row = this.#database.prepare("SELECT content_hash FROM trust WHERE directory = ?").get(directory) as
      | { content_hash: string }
      | undefined;
    return row?.content_hash;
  }
}

function hashContent(content: RunnableContent): string {
  return sha256(JSON.stringify([content.items, content.fingerprint]));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
