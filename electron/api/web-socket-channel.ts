import type { WebSocket } from "ws";
import type { Channel } from "../ipc/channel.ts";

/** A contract channel over one WebSocket; frames are JSON texts. Its token, Host and Origin were checked at the upgrade. */
export function webSocketChannel(socket: WebSocket): Channel {
  return {
    send(frame) {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
    },
    onFrame(listener) {
      socket.on("message", (data, isBinary) => {
        if (isBinary) return socket.close(1003, "text frames only");
        listener(parse(String(data)));
      });
    },
    onClose(listener) {
      socket.on("close", listener);
    },
    close() {
      socket.close(1001);
    },
    trusted: () => socket.readyState === socket.OPEN,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not a frame; `serve` refuses undefined like any other value that is none.
    return undefined;
  }
}
