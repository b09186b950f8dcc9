import type { HostFrame } from "#shared/rpc.ts";
import type { Channel } from "../ipc/channel.ts";

/** The part of Electron's MessagePortMain that a channel needs. */
export interface Port {
  on(event: "message", listener: (message: { readonly data: unknown }) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/**
 * A channel over a message port.
 *
 * @param trusted Asked before every call; see {@link Channel.trusted}.
 */
export function createPortChannel(port: Port, trusted: () => boolean): Channel {
  let open = true;
  const closeListeners: (() => void)[] = [];
  const end = () => {
    if (!open) return;
    open = false;
    for (const listener of closeListeners.splice(0)) listener();
  };
  port.on("close", end);
  return {
    send(frame: HostFrame) {
      if (open) port.postMessage(frame);
    },
    onFrame(listener) {
      port.on("message", (message) => {
        if (open) listener(message.data);
      });
      // What was sent before this waits in the port.
      port.start();
    },
    onClose(listener) {
      if (open) closeListeners.push(listener);
      else listener();
    },
    close() {
      if (!open) return;
      port.close();
      end();
    },
    trusted: () => open && trusted(),
  };
}
