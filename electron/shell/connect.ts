/** The one door of the host to the window: a page asks for a connection and gets a channel for as long as it lives. */
import { ipcMain, type IpcMainEvent, type WebContents } from "electron";
import type { Logger } from "../core/lib/logger.ts";
import type { Channel } from "../ipc/channel.ts";
import { createPortChannel } from "./port-channel.ts";
import { isOwnMainFrame } from "./sender.ts";

const CONNECT = "deckhand:connect";
/** Connections of one window. A page opens one; the rest is room for a reload whose old connection is not closed yet. */
const MAX_CONNECTIONS = 8;

export interface Connector {
  /** Ends every connection and accepts no more. */
  close(): void;
}

/**
 * Listens for pages that want a connection. A request from anywhere but our own main frame at our own origin is logged and
 * its port closed. A channel ends when its page navigates, crashes or goes away.
 */
export function createConnector(options: {
  readonly logger: Logger;
  readonly accept: (channel: Channel) => void;
}): Connector {
  const { logger, accept } = options;
  const channels = new Map<WebContents, Set<Channel>>();

  const closeAll = (contents: WebContents) => {
    for (const channel of Array.from(channels.get(contents) ?? [])) channel.close();
  };
  const channelsOf = (contents: WebContents) => {
    const known = channels.get(contents);
    if (known !== undefined) return known;
    const created = new Set<Channel>();
    channels.set(contents, created);
    const end = () => closeAll(contents);
    // `did-navigate` is a new document: what the old one opened is not its business. (In-page navigation has its own event.)
    contents.on("did-navigate", end);
    contents.on("render-process-gone", end);
    contents.once("destroyed", () => {
      end();
      channels.delete(contents);
    });
    return created;
  };

  const onConnect = (event: IpcMainEvent) => {
    const [port, ...more] = event.ports;
    const frame = event.senderFrame;
    const trusted = () => !event.sender.isDestroyed() && isOwnMainFrame(frame, event.sender.mainFrame);
    const refuse = (reason: string) => {
      logger.warn("a connection was refused", { reason });
      for (const each of event.ports) each.close();
    };
    if (port === undefined || more.length > 0) return refuse("it came without exactly one port");
    if (!trusted()) return refuse("it did not come from our own page");
    const open = channelsOf(event.sender);
    if (open.size >= MAX_CONNECTIONS) return refuse(`the page has ${MAX_CONNECTIONS} connections already`);
    const channel = createPortChannel(port, trusted);
    open.add(channel);
    channel.onClose(() => open.delete(channel));
    accept(channel);
  };

  ipcMain.on(CONNECT, onConnect);
  return {
    close() {
      ipcMain.off(CONNECT, onConnect);
      for (const contents of Array.from(channels.keys())) closeAll(contents);
    },
  };
}
