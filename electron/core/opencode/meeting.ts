/** How a server is met for the first time: what it says of itself, whether it keeps strangers out, and how it is spoken to. */
import { AppError } from "../lib/error.ts";
import type { OpencodeClient } from "./client.ts";
import { handshake, readPasswordLine, readReadyLine, type Met } from "./protocol/handshake.ts";
import type { Protocol } from "./protocol/protocol.ts";
import type { HeardReady } from "./ready-lines.ts";

export interface Handshake {
  /** A line of its stdout that says where it listens; null for any other. */
  readyLine(line: string): HeardReady | null;
  /** The password in a line of its stdout; null where there is none. */
  passwordLine(line: string): string | null;
  /**
   * It must refuse strangers. To be asked first, so that our password goes only to a server that wants one. Rejects with
   * `opencode_unsafe` or `opencode_unreachable`.
   */
  refuseStrangers(client: OpencodeClient, signal: AbortSignal): Promise<void>;
  /**
   * Then it must answer us. Rejects with `opencode_auth`, `opencode_unreachable` or `opencode_error`.
   *
   * @param hint The generation its ready line spoke of; null for a server that was found, not started.
   */
  meet(client: OpencodeClient, hint: Protocol | null, signal: AbortSignal): Promise<Met>;
}

/** With every generation of the protocol that is known. */
export const meeting: Handshake = {
  readyLine: readReadyLine,
  passwordLine: readPasswordLine,
  async refuseStrangers(client, signal) {
    if (await client.refusesStrangers(signal)) return;
    throw new AppError("opencode_unsafe", `${client.url} answers without the password: any web page could drive it.`, {
      next: "Use the bundled OpenCode: leave its path in the settings empty.",
      details: { url: client.url },
    });
  },
  meet: (client, hint, signal) => handshake(client, signal, hint),
};
