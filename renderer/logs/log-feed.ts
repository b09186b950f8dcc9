/** Fills the log buffer of one workspace: follows the end, loads gaps and what came before. */
import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { nextFrame, onNextFrame } from "../ui/frame.ts";
import { missing, LogBuffer, type Gap } from "./log-buffer.ts";

/** Lines asked for at once: as many as the contract allows, some 100 screens. */
const PAGE = 5_000;
/** Buffers kept of workspaces that are not on screen. The oldest goes first. */
const KEPT_FEEDS = 3;

/** Between two paints of new lines, in ms: twenty a second read as at once, and leave a busy machine its cores. */
const PAINT_EVERY_MS = 50;

function paintedCalmly(): (run: () => void) => void {
  let last = 0;
  return (run) => {
    const paint = (): void => {
      last = performance.now();
      run();
    };
    const wait = last + PAINT_EVERY_MS - performance.now();
    if (wait <= 0) onNextFrame(paint);
    else setTimeout(() => onNextFrame(paint), wait);
  };
}

export interface LogFeed {
  readonly buffer: LogBuffer;
  /** Follows the log until the returned function is called; what was read before stays. */
  follow(onEnd: (message: string | null) => void): () => void;
  loadGap(gap: Gap): Promise<void>;
  /** Answers with the number of rows added in front of what is shown. */
  loadEarlier(): Promise<number>;
}

export function createLogFeed(client: Client, workspace: WorkspaceId): LogFeed {
  const buffer = new LogBuffer({ schedule: paintedCalmly() });
  return {
    buffer,
    follow: (onEnd) => {
      // A host that was set up anew counts from the start again; then what is held here belongs to another log.
      const check = async (): Promise<void> => {
        const held = buffer.lastSeq;
        if (held === 0) return;
        const { lastSeq } = await client.call("log.read", { workspace, limit: 1 });
        if (lastSeq !== null && lastSeq < held) buffer.clear();
      };
      let stop: () => void = () => {};
      let stopped = false;
      const open = (): void => {
        if (stopped) return;
        stop = client.subscribe("log.follow", () => ({ workspace, after: buffer.lastSeq, limit: PAGE }), {
          onBatch: (items) => {
            buffer.append(items);
            // Acknowledged once a frame: at most four batches of a thousand lines come between two frames.
            return nextFrame();
          },
          onEnd: (failure) => onEnd(failure?.message ?? null),
        });
      };
      void check().then(open, open);
      return () => {
        stopped = true;
        stop();
      };
    },
    loadGap: async (gap) => {
      const { lines } = await client.call("log.read", {
        workspace,
        after: gap.after,
        before: gap.before,
        from: "start",
        limit: Math.min(PAGE, Math.max(1, missing(gap))),
      });
      buffer.fill(gap, lines, lines.length < Math.min(PAGE, missing(gap)));
    },
    loadEarlier: async () => {
      const { lines } = await client.call("log.read", {
        workspace,
        before: Math.max(1, buffer.firstSeq),
        from: "end",
        limit: PAGE,
      });
      return buffer.prepend(lines, lines.length < PAGE);
    },
  };
}

/** The feeds of this page, one a workspace, so that going to another page and back keeps what was read. */
export function createLogFeeds(client: Client): (workspace: WorkspaceId) => LogFeed {
  const feeds = new Map<WorkspaceId, LogFeed>();
  return (workspace) => {
    const feed = feeds.get(workspace) ?? createLogFeed(client, workspace);
    feeds.delete(workspace);
    feeds.set(workspace, feed);
    const [oldest] = feeds.keys();
    if (feeds.size > KEPT_FEEDS && oldest) feeds.delete(oldest);
    return feed;
  };
}
