/** The line to the host in a browser page: a WebSocket on the page's own origin, opened again whenever it is lost. */
import type { Connection, ConnectionState } from "#shared/connection.ts";
import type { HostFrame } from "#shared/rpc.ts";
import { createEmitter } from "./emitter.ts";

/** Waits before attempts, in ms: quick at first, since a restarted host is back within a second; the last one repeats. */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 5_000] as const;
const TOKEN_KEY = "deckhand.token";

/**
 * The token of the link that `deckhand serve` printed. It is taken out of the address at once, so that it is not in a
 * screenshot, a bookmark or the history, and kept for reloads of this tab only.
 */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(TOKEN_KEY);
}

/** Opens the socket and keeps it open. The token travels as a subprotocol, the one header a page may set. */
export function openWebConnection(url: string, token: string): Connection {
  const frames = createEmitter<HostFrame>();
  const states = createEmitter<ConnectionState>();
  let state: ConnectionState = "connecting";
  let socket: WebSocket | null = null;
  let attempt = 0;
  let timer: number | undefined;

  const become = (next: ConnectionState): void => {
    if (state === next || state === "closed") return;
    state = next;
    states.emit(next);
  };

  const open = (): void => {
    window.clearTimeout(timer);
    const opening = new WebSocket(url, ["deckhand", `token.${token}`]);
    socket = opening;
    opening.addEventListener("open", () => {
      attempt = 0;
      become("open");
    });
    opening.addEventListener("message", (event) => frames.emit(JSON.parse(String(event.data)) as HostFrame));
    opening.addEventListener("close", () => {
      if (socket !== opening || state === "closed") return;
      become("lost");
      timer = window.setTimeout(open, RETRY_DELAYS_MS[Math.min(attempt, RETRY_DELAYS_MS.length - 1)]);
      attempt += 1;
    });
  };
  // A laptop that wakes, or a tab that is looked at again, should not wait for the timer.
  const hurry = (): void => {
    if (state === "lost" && document.visibilityState === "visible" && socket?.readyState === WebSocket.CLOSED) open();
  };
  window.addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  open();

  return {
    send: (frame) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    onFrame: frames.on,
    state: () => state,
    onState: states.on,
    close: () => {
      become("closed");
      window.clearTimeout(timer);
      window.removeEventListener("online", hurry);
      document.removeEventListener("visibilitychange", hurry);
      socket?.close();
    },
  };
}
