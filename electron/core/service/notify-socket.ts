/**
 * Where a service of the probe kind `notify` says that it is ready: a datagram with the line `READY=1` to the socket named
 * in NOTIFY_SOCKET, as sd_notify(3) and every library of that protocol send it. Node has no datagram sockets of the unix
 * kind, hence the library.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, errorText } from "../lib/error.ts";

export interface NotifySocket {
  /** For NOTIFY_SOCKET. */
  readonly path: string;
  /** `READY=1` has come. */
  readonly ready: () => boolean;
  /** Also removes the socket's folder. */
  close(): void;
}

/**
 * Opens one for one generation, in a folder that only this user may enter.
 *
 * @throws AppError `unavailable` where the system has no such sockets.
 */
export async function openNotifySocket(): Promise<NotifySocket> {
  // Short: the path of a socket has 104 bytes on macOS, and its temporary folder takes half of them.
  const folder = mkdtempSync(join(tmpdir(), "deckhand-"));
  const path = join(folder, "notify");
  try {
    const { DgramSocket } = await import("node-unix-socket");
    const socket = new DgramSocket();
    let ready = false;
    socket.on("data", (message: Buffer) => {
      if (message.toString("utf8").split("\n").includes("READY=1")) ready = true;
    });
    // A datagram that cannot be read says nothing; the next one may.
    socket.on("error", () => undefined);
    socket.bind(path);
    return {
      path,
      ready: () => ready,
      close() {
        socket.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new AppError("unavailable", `A socket for NOTIFY_SOCKET could not be opened: ${errorText(error)}`, {
      next: "Use another kind of probe.",
      cause: error,
    });
  }
}
