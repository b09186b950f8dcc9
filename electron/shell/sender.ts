import { PAGE_ORIGIN } from "./page-address.ts";

/** The part of Electron's WebFrameMain that decides who speaks. Reading any of it throws once the frame is gone. */
export interface Frame {
  readonly origin: string;
  readonly parent: object | null;
  readonly processId: number;
  readonly routingId: number;
}

/**
 * Whether a message comes from the main frame of our window, showing our own page.
 *
 * `detached` is not asked: Electron 33 leaves it set on the live main frame of a page that was loaded again after a crash.
 *
 * @param sender The frame that sent it, as the event says; null once it has navigated away or was destroyed.
 * @param main The main frame of that web contents as it is now; null once the web contents is destroyed.
 */
export function isOwnMainFrame(sender: Frame | null, main: Frame | null): boolean {
  if (sender === null || main === null) return false;
  try {
    return (
      sender.parent === null &&
      sender.processId === main.processId &&
      sender.routingId === main.routingId &&
      sender.origin === PAGE_ORIGIN
    );
  } catch {
    // "Render frame was disposed": it cannot be asked any more, so it is not ours.
    return false;
  }
}
