import type { Connection } from "#shared/connection.ts";
import { openElectronConnection } from "./electron-connection.ts";
import { openWebConnection, takeToken } from "./web-connection.ts";

/** The connection of this page: the desktop's port where the preload offers one, else the socket; null without a token. */
export function openConnection(): Connection | null {
  if (window.deckhand) return openElectronConnection(window.deckhand);
  const token = takeToken();
  if (token === null) return null;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return openWebConnection(`${scheme}://${location.host}/rpc`, token);
}
