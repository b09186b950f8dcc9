/** Finds out which generation of the protocol a server speaks: by what it says and answers, never by its version number. */
import { z } from "zod";
import { AppError } from "../../lib/error.ts";
import { isUnknownRoute, type OpencodeClient } from "../client.ts";
import type { ReadyLine } from "../ready-line.ts";
import type { Protocol } from "./protocol.ts";
import { protocolV1 } from "./v1.ts";
import { protocolV2 } from "./v2.ts";

/** Those that are known, the proven one first. */
const protocols: readonly Protocol[] = [protocolV1, protocolV2];

/** The part of an OpenAPI document that tells the generations apart. */
const docSchema = z.object({
  info: z.object({ version: z.string().catch("unknown") }).catch({ version: "unknown" }),
  paths: z.record(z.string(), z.unknown()),
});

export interface Met {
  readonly protocol: Protocol;
  readonly version: string;
}

/** A line of stdout as the ready line of the generation that writes it so; null where it is nobody's. */
export function readReadyLine(line: string): { readonly protocol: Protocol; readonly line: ReadyLine } | null {
  for (const protocol of protocols) {
    const read = protocol.readyLine(line);
    if (read !== null) return { protocol, line: read };
  }
  return null;
}

/** The password that a server made up by itself and says on stdout; null where the line says none. */
export function readPasswordLine(line: string): string | null {
  for (const protocol of protocols) {
    const password = protocol.passwordLine(line);
    if (password !== null) return password;
  }
  return null;
}

/**
 * Asks a server for its health in each generation's way, beginning with the one its ready line spoke of. Where it knows none
 * of the routes, its own description (`/doc`) decides. Rejects with `opencode_auth`, `opencode_unreachable`, or
 * `opencode_error` where it speaks nothing that is known.
 *
 * @param hint The generation of its ready line; null for a server that was found, not started.
 */
export async function handshake(client: OpencodeClient, signal: AbortSignal, hint: Protocol | null): Promise<Met> {
  const order = hint === null ? protocols : [hint, ...protocols.filter((protocol) => protocol !== hint)];
  for (const protocol of order) {
    try {
      return { protocol, version: (await protocol.health(client, signal)).version };
    } catch (error) {
      if (!isUnknownRoute(error)) throw error;
    }
  }
  const described = await readDescription(client, signal);
  if (described !== null) return described;
  throw new AppError("opencode_error", `${client.url} answers, but is no OpenCode server that is known.`, {
    next: "Use the bundled OpenCode: leave its path in the settings empty.",
    details: { url: client.url },
  });
}

async function readDescription(client: OpencodeClient, signal: AbortSignal): Promise<Met | null> {
  try {
    const { info, paths } = await client.call({ method: "GET", path: "/doc", answer: docSchema, signal });
    // OpenCode 1.18 has both kinds of session routes; only its event route is its own.
    if (Object.hasOwn(paths, protocolV1.eventsPath)) return { protocol: protocolV1, version: info.version };
    if (Object.hasOwn(paths, protocolV2.eventsPath)) return { protocol: protocolV2, version: info.version };
    return null;
  } catch (error) {
    if (error instanceof AppError && error.code !== "opencode_auth" && error.code !== "opencode_unreachable")
      return null;
    throw error;
  }
}
