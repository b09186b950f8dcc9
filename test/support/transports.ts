/** Both transports of the contract, each as a pair: the host's end, and a raw client that sends any frame it likes. */
import { randomBytes } from "node:crypto";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { WebSocket } from "ws";
import type { HostFrame } from "#shared/rpc.ts";
import { startApiServer } from "../../electron/api/api-server.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import type { Channel } from "../../electron/ipc/channel.ts";
import { createPortChannel, type Port } from "../../electron/shell/port-channel.ts";

export interface RawClient {
  send(frame: unknown): void;
  /** The next frame that fits; frames that do not are kept for others. */
  next(fits: (frame: HostFrame) => boolean): Promise<HostFrame>;
  readonly frames: readonly HostFrame[];
  close(): void;
}

export interface TransportPair {
  readonly client: RawClient;
  /** Makes the host's end say that the other side is not (any more) the one it was opened for. */
  distrust(): void;
  close(): Promise<void>;
}

export interface Transport {
  readonly name: string;
  open(onChannel: (channel: Channel) => void): Promise<TransportPair>;
}

export const transports: readonly Transport[] = [
  { name: "message port", open: openPort },
  { name: "web socket", open: openWebSocket },
];

async function openPort(onChannel: (channel: Channel) => void): Promise<TransportPair> {
  const { port1, port2 } = new MessageChannel();
  let trusted = true;
  onChannel(createPortChannel(asMainPort(port1), () => trusted));
  const client = rawClient((frame) => port2.postMessage(frame));
  port2.on("message", client.receive);
  return {
    client: { ...client.view, close: () => port2.close() },
    distrust: () => (trusted = false),
    async close() {
      port2.close();
      port1.close();
    },
  };
}

/** Electron's port wraps what it delivers; Node's does not. */
function asMainPort(port: MessagePort): Port {
  return {
    on(event: "message" | "close", listener: (message: never) => void) {
      if (event === "message") port.on("message", (data: unknown) => listener({ data } as never));
      else port.on("close", () => listener(undefined as never));
    },
    postMessage: (message) => port.postMessage(message),
    start: () => port.start(),
    close: () => port.close(),
  };
}

async function openWebSocket(onChannel: (channel: Channel) => void): Promise<TransportPair> {
  const token = randomBytes(32).toString("hex");
  let trusted = true;
  const server = await startApiServer({
    port: 0,
    token,
    page: null,
    logger: silentLogger,
    notReady: () => null,
    onChannel: (channel) => onChannel({ ...channel, trusted: () => trusted && channel.trusted() }),
  });
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, ["deckhand", `token.${token}`]);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const client = rawClient((frame) => socket.send(JSON.stringify(frame)));
  socket.on("message", (data) => client.receive(JSON.parse(String(data))));
  return {
    client: { ...client.view, close: () => socket.close() },
    distrust: () => (trusted = false),
    async close() {
      socket.terminate();
      await server.close();
    },
  };
}

function rawClient(send: (frame: unknown) => void) {
  const frames: HostFrame[] = [];
  const waiting: { fits: (frame: HostFrame) => boolean; take: (frame: HostFrame) => void }[] = [];
  return {
    receive(frame: HostFrame) {
      const index = waiting.findIndex((each) => each.fits(frame));
      if (index >= 0) waiting.splice(index, 1)[0]?.take(frame);
      else frames.push(frame);
    },
    view: {
      send,
      frames,
      next(fits: (frame: HostFrame) => boolean) {
        const index = frames.findIndex(fits);
        if (index >= 0) return Promise.resolve(frames.splice(index, 1)[0] as HostFrame);
        return new Promise<HostFrame>((resolve, reject) => {
          const deadline = setTimeout(() => reject(new Error("No such frame came within 5 s.")), 5_000);
          waiting.push({
            fits,
            take(frame) {
              clearTimeout(deadline);
              resolve(frame);
            },
          });
        });
      },
    },
  };
}
