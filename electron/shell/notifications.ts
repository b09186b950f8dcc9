import { BrowserWindow, Notification } from "electron";
import type { Alert } from "#shared/schema/alert.ts";
import { errorText } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import type { Host } from "../host.ts";

/**
 * The desktop's own notification for each alert, unless the person is looking at the window, which shows it all. A desktop
 * without notifications is left in peace. Returns what ends it.
 */
export function showNotifications(options: {
  readonly logger: Logger;
  readonly host: Pick<Host, "followAlerts">;
  readonly onOpen: () => void;
}): () => void {
  const { logger, host, onOpen } = options;
  if (!Notification.isSupported()) return () => undefined;
  // One that nobody refers to may be collected, and its click be lost. One a workspace: the newer one says how it is now.
  const shown = new Map<Alert["workspace"], Notification>();
  const end = host.followAlerts(({ workspace, title, body }) => {
    if (BrowserWindow.getFocusedWindow() !== null) return;
    try {
      shown.get(workspace)?.close();
      const notification = new Notification({ title, body });
      shown.set(workspace, notification);
      notification.on("click", onOpen);
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
