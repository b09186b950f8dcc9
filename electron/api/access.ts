import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/**
 * Who may talk to the loopback server. A web page the person happens to visit can reach 127.0.0.1 too, so the port alone
 * protects nothing: the Host header must be ours to the letter (against DNS rebinding) and the Origin absent or ours
 * (against other pages; `null` is foreign).
 */
export function isOurOwnRequest(request: IncomingMessage, port: number): boolean {
  const hosts = request.headersDistinct["host"] ?? [];
  const origins = request.headersDistinct["origin"] ?? [];
  if (hosts.length !== 1 || hosts[0] !== `127.0.0.1:${port}`) return false;
  return origins.length === 0 || (origins.length === 1 && origins[0] === `http://127.0.0.1:${port}`);
}

/** Compares in constant time; both sides are hashed first, since timingSafeEqual throws on unequal lengths. */
export function isToken(given: string | undefined, expected: string): boolean {
  if (given === undefined) return false;
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

/**
 * The token of a WebSocket: browsers cannot set headers there, so it travels as a subprotocol (`token.<token>`), which
 * unlike a query stays out of logs and histories.
 */
export function subprotocolToken(request: IncomingMessage): string | undefined {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  return offered.find((protocol) => protocol.startsWith("token."))?.slice("token.".length);
}
