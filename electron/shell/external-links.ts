/** The one place of the app that hands a link to the person's browser. */
import { dialog, shell } from "electron";
import { AppError } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import { judgeLink } from "./link-policy.ts";

/**
 * Opens a link that passes {@link judgeLink}; one that leaves this machine only after a dialog has shown it in full.
 * Declining is an answer, not an error. Throws `bad_input` for a link that may not be opened.
 */
export async function openLink(text: string, logger: Logger): Promise<void> {
  const verdict = judgeLink(text);
  if (!verdict.ok) {
    logger.warn("a link was refused", { reason: verdict.reason });
    throw new AppError("bad_input", `The link was not opened: ${verdict.reason}.`);
  }
  if (!verdict.loopback) {
    const { response } = await dialog.showMessageBox({
      type: "question",
      message: "Open this link in your browser?",
      detail: verdict.url,
      buttons: ["Cancel", "Open"],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    });
    if (response !== 1) return;
  }
  await shell.openExternal(verdict.url);
}
