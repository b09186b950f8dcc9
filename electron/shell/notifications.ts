import { BrowserWindow, Notification } from "electron";
import type { Alert } from "#shared/schema/alert.ts";
import { errorText } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import type { Host } from "../host.ts";

/**
 * The desktop's own notification for each alert, unless the person is looking at the window, which shows it all. A click shows
 * the window, and in it what the alert is about. A desktop without notifications is left in peace. Returns what ends it.
 */
export function showNotifications(options: {
  readonly logger: Logger;
  readonly host: Pick<Host, "alerts">;
  /** Brings the window to the front. */
  readonly onOpen: () => void;
}): () => void {
  const { logger, host, onOpen } = options;
  // One that nobody refers to may be collected, and its click be lost. One a workspace: the newer one says how it is now.
  const shown = new Map<Alert["workspace"], Notification>();
  const end = host.alerts.follow((alert) => {
    const { workspace, title, body } = alert;
    // Asked each time: what shows notifications on Linux comes and goes with the session.
    if (BrowserWindow.getFocusedWindow() !== null || !Notification.isSupported()) return;
    try {
      shown.get(workspace)?.close();
      const notification = new Notification({ title, body });
      shown.set(workspace, notification);
      notification.on("click", () => {
        onOpen();
        host.alerts.open(alert);
      });
      notification.show();
    } catch (error) {
      logger.warn("a notification could not be shown", { error: errorText(error) });
    }
  });
  return () => {
    end();
    for (const notification of shown.values()) notification.close();
    shown.clear();
  };
}
