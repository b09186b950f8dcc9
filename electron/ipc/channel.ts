import type { HostFrame } from "#shared/rpc.ts";

/**
 * One client's two-way connection as the host sees it: a MessagePort of the window, or a WebSocket of a browser page or
 * the command line. What arrives is unknown until `serve` has checked it.
 */
export interface Channel {
  send(frame: HostFrame): void;
  /** One listener; set once, before any frame is delivered. */
  onFrame(listener: (frame: unknown) => void): void;
  onClose(listener: () => void): void;
  close(): void;
  /**
   * Whether the other end is still the one this channel was opened for (our own main frame at our own origin; a holder
   * of the token). Asked before every call, since a window can navigate.
   */
  trusted(): boolean;
}
