/**
 * What differs between generations of OpenCode's protocol, behind one interface. Generation 1 is OpenCode 1.x (v1.ts),
 * generation 2 OpenCode 2.x (v2.ts). Which one a server speaks is found out by handshake (handshake.ts), never assumed.
 */
import type { OpencodeClient } from "../client.ts";
import type { WireEvent } from "../event-stream.ts";
import type { ReadyLine } from "../ready-line.ts";

export interface Protocol {
  readonly generation: 1 | 2;
  /** Reads one line of the server's stdout; null where it is not this generation's ready line. */
  readyLine(line: string): ReadyLine | null;
  /**
   * The cheap question whether the process answers at all. Resolves with its version. Rejects with `opencode_auth`,
   * `opencode_unreachable` or `opencode_error`.
   */
  health(client: OpencodeClient, signal?: AbortSignal): Promise<{ readonly version: string }>;
  /**
   * A question to the API itself: a server whose health route answers although its core is dead fails here. An answer that
   * says what is wrong with the folder (a broken configuration) is an answer, so it resolves. Rejects like `health`.
   */
  probe(client: OpencodeClient, signal?: AbortSignal): Promise<void>;
  /** Path of the event stream that carries the events of every folder. */
  readonly eventsPath: string;
  /** The event inside one frame; null for anything else. */
  readEvent(data: string): WireEvent | null;
  /** Aborts turns and ends the trees of tools and MCP servers, which a signal would leave behind. Rejects like `health`. */
  dispose(client: OpencodeClient, deadlineMs: number): Promise<void>;
}
