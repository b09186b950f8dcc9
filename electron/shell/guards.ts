/** What a page may not do: leave, open windows, embed, ask for devices, reach the network. Applied to every web contents. */
import { app, session, type Session, type WebContents } from "electron";
import type { Logger } from "../core/lib/logger.ts";
import { isOwnPage } from "./page-address.ts";

/** Schemes that carry data out of the process. Nothing of ours is loaded over them. */
const NETWORK_SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "ws:", "wss:", "ftp:", "file:"]);

export interface GuardOptions {
  readonly logger: Logger;
  /** Origins (`ws://127.0.0.1:5173`) that stay reachable: the hot-reload server in development. Empty in what ships. */
  readonly reachable: readonly string[];
}

/** Installs the guards for every window there will be. Called once, when the app is ready and before the first window. */
export function installGuards(options: GuardOptions): void {
  app.on("web-contents-created", (_event, contents) => guardContents(contents, options.logger));
  guardSession(session.defaultSession, options);
}

function guardContents(contents: WebContents, logger: Logger): void {
  const stay = (event: { preventDefault(): void; readonly url: string; readonly isMainFrame: boolean }) => {
    if (event.isMainFrame && isOwnPage(event.url)) return;
    event.preventDefault();
    logger.warn("a navigation was refused", { to: schemeOf(event.url), mainFrame: event.isMainFrame });
  };
  contents.on("will-navigate", stay);
  contents.on("will-frame-navigate", stay);
  contents.on("will-redirect", stay);
  contents.setWindowOpenHandler(({ url }) => {
    logger.warn("a new window was refused", { to: schemeOf(url) });
    return { action: "deny" };
  });
  contents.on("will-attach-webview", (event) => {
    event.preventDefault();
    logger.warn("a webview was refused");
  });
  // A page may not hold up the closing of its window: what must not be lost is kept by the host.
  contents.on("will-prevent-unload", (event) => event.preventDefault());
}

function guardSession(target: Session, { logger, reachable }: GuardOptions): void {
  // Copying text is the one thing asked of the system; reading the clipboard is not.
  const allowed = (permission: string, url: string) => permission === "clipboard-sanitized-write" && isOwnPage(url);
  target.setPermissionRequestHandler((_contents, permission, answer, details) => {
    const allow = details.isMainFrame && allowed(permission, details.requestingUrl);
    if (!allow) logger.warn("a permission was refused", { permission });
    answer(allow);
  });
  target.setPermissionCheckHandler((_contents, permission, origin) => allowed(permission, origin));
  target.setDevicePermissionHandler(() => false);
  target.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  target.setSpellCheckerEnabled(false);
  target.on("will-download", (event) => {
    event.preventDefault();
    logger.warn("a download was refused");
  });
  target.webRequest.onBeforeRequest((details, answer) => {
    const url = new URL(details.url);
    const cancel = NETWORK_SCHEMES.has(url.protocol) && !reachable.includes(`${url.protocol}//${url.host}`);
    if (cancel) logger.warn("a request of the page was refused", { to: url.protocol });
    answer({ cancel });
  });
}

/** Only the scheme is logged: the rest may hold what a model wrote. */
function schemeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "not a URL";
}
