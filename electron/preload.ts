/**
 * The bridge between the page and the host. It knows no call of the app: it hands the page one end of a MessageChannel
 * and the host the other, once for each `connect()`. Nothing of Electron reaches the page.
 */
import { contextBridge, ipcRenderer } from "electron";

/** The one thing of the page's world used here; this file is compiled without the DOM's types. */
declare const window: { postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void };

contextBridge.exposeInMainWorld("deckhand", {
  platform: process.platform,
  /**
   * Opens a connection. The page receives its end as a `message` event with `data === "deckhand:port"`, its own window as
   * `source` and the port as `ports[0]`; a port cannot be returned across the bridge.
   */
  connect(): void {
    const { port1, port2 } = new MessageChannel();
    ipcRenderer.postMessage("deckhand:connect", null, [port1]);
    // "/" is the origin of this page itself: if the frame has navigated meanwhile, nobody receives the port.
    window.postMessage("deckhand:port", "/", [port2]);
  },
});
