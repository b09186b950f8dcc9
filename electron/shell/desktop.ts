/**
 * The desktop app between "ready" and "quit".
 *
 * Theory of operation: the window opens and loads its page while the host is still starting; a page that connects meanwhile
 * waits in `accept` until the host is there. A host that does not start leaves the window with a notice and two ways on. All
 * ways out end in the quit gate.
 */
import { join } from "node:path";
import { app, BrowserWindow, dialog, powerMonitor } from "electron";
import type { Failure } from "#shared/failure.ts";
import { systemClock } from "../core/lib/clock.ts";
import { errorText, toFailure } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import type { readDemo } from "../demo.ts";
import { createHost, type Host } from "../host.ts";
import type { Channel } from "../ipc/channel.ts";
import { createConnector } from "./connect.ts";
import { openLink } from "./external-links.ts";
import { FaultExit } from "./fault-exit.ts";
import { installGuards } from "./guards.ts";
import type { Launch } from "./launch.ts";
import { installMenu } from "./menu.ts";
import { servePage } from "./protocol.ts";
import { QuitGate } from "./quit-gate.ts";
import { showNotifications } from "./notifications.ts";
import { createTray } from "./tray.ts";
import { createAppWindow } from "./window.ts";

export interface DesktopOptions {
  readonly logger: Logger;
  readonly launch: Launch;
  /** Built entries, and the folders of the page and of the icons. */
  readonly paths: {
    readonly guardian: string;
    readonly preload: string;
    readonly page: string;
    readonly windowIcon: string;
    readonly trayIcon: string;
    readonly windowState: string;
  };
  /** Address of Vite's server in development; null in what ships. */
  readonly development: string | null;
  /** What the starter of the demo has put into our environment. */
  readonly demo: ReturnType<typeof readDemo>;
  /** For what a person must see even without a window. */
  readonly tell: (line: string) => void;
}

export interface DesktopApp {
  /** Stops everything and ends the app. */
  quit(reason: string): void;
  /** After a fault of the app itself: stops everything, then offers to start again. */
  fault(kind: string, error: unknown): void;
  /** A second start: the window in front, and its folder opened. */
  openAgain(directory: string | null): void;
}

/** Starts everything. Called once, when Electron is ready. */
export function startDesktop(options: DesktopOptions): DesktopApp {
  const { logger, paths, development, tell } = options;
  let host: Host | null = null;
  let starting: Promise<void> = Promise.resolve();
  let failed = false;
  let removeTray: () => void = () => undefined;
  let endNotifications: () => void = () => undefined;
  const waiting = new Set<Channel>();

  const gate = new QuitGate({
    clock: systemClock,
    logger,
    close: async () => {
      connector.close();
      removeTray();
      endNotifications();
      if (!faultExit.happened) for (const each of BrowserWindow.getAllWindows()) each.close();
      await starting;
      await host?.close();
    },
    exit: (code, clean) => faultExit.stopped(code, clean),
  });
  const quit = (reason: string) => {
    faultExit.leave();
    // Quitting an app whose host never came up is the end of a failed start.
    void gate.quit(reason, failed ? 1 : 0);
  };

  installGuards({ logger, reachable: development === null ? [] : [development, development.replace(/^http/, "ws")] });
  installMenu({ onQuit: () => quit("the menu"), developerTools: !app.isPackaged });
  const page = servePage({ logger, folder: paths.page, development });
  const window = createAppWindow({
    logger,
    page,
    preload: paths.preload,
    icon: paths.windowIcon,
    stateFile: paths.windowState,
    developerTools: !app.isPackaged,
  });
  const faultExit = new FaultExit({
    logFile: join(options.launch.home, "logs", "app", "app.log"),
    showNotice: window.showNotice,
    relaunch: () => relaunch(process.env["APPIMAGE"]),
    exit: (code) => app.exit(code),
  });
  const connector = createConnector({
    logger,
    accept(channel) {
      if (host !== null) return host.connect(channel);
      waiting.add(channel);
      channel.onClose(() => waiting.delete(channel));
    },
  });

  const open = async (running: Host, directory: string) => {
    try {
      await running.projects.open(directory);
    } catch (error) {
      report(toFailure(error));
    }
  };
  const report = (failure: Failure) => {
    tellFailure(tell, failure);
    const shown = dialog.showMessageBox({
      type: "error",
      message: failure.message,
      ...(failure.next === null ? {} : { detail: failure.next }),
      noLink: true,
    });
    // Nothing is decided in it; when it cannot be shown, the line above is what there is.
    shown.catch((error: unknown) => logger.warn("a dialog could not be shown", { error: errorText(error) }));
  };

  const startHost = async () => {
    try {
      const started = await createHost({
        kind: "desktop",
        version: app.getVersion(),
        home: options.launch.home,
        logger,
        desktop: { pickFolder, openExternal: (url) => openLink(url, logger) },
        port: 0,
        page: null,
        guardian: paths.guardian,
        ...options.demo,
        onStopRequested: () => quit("asked to stop"),
      });
      host = started;
      failed = false;
      if (gate.quitting) return;
      removeTray = createTray({
        logger,
        host: started,
        icon: paths.trayIcon,
        onOpen: window.show,
        onQuit: () => quit("the tray"),
      });
      endNotifications = showNotifications({ logger, host: started, onOpen: window.show });
      if (options.launch.directory !== null) await open(started, options.launch.directory);
      for (const channel of waiting) started.connect(channel);
      waiting.clear();
    } catch (error) {
      failed = true;
      logger.error("the host did not start", { error });
      const failure = toFailure(error);
      tellFailure(tell, failure);
      if (!gate.quitting) showStartFailure(failure);
    }
  };
  const showStartFailure = (failure: Failure) => {
    const actions = [
      { id: "again", label: "Try again" },
      { id: "quit", label: "Quit" },
    ];
    window.showNotice(
      { title: "Deckhand did not start", message: failure.message, next: failure.next, actions },
      (id) => {
        if (id === "quit") return quit("the host did not start");
        starting = startHost().then(() => {
          if (host !== null) window.showPage();
        });
      },
    );
  };

  app.on("window-all-closed", () => {
    // On macOS the app lives on in the menu bar. Elsewhere a tray may be invisible, so closing the window is quitting.
    if (process.platform !== "darwin" || faultExit.happened) quit("the window was closed");
  });
  app.on("activate", () => window.show());
  app.on("will-quit", (event) => {
    event.preventDefault();
    quit("quit");
  });
  app.on("child-process-gone", (_event, { type, reason }) =>
    logger.warn("a process of the app went away", { type, reason }),
  );
  powerMonitor.on("resume", () => host?.resumed());
  powerMonitor.on("shutdown", () => quit("the system shuts down"));

  window.show();
  starting = startHost();
  return {
    quit,
    fault(kind, error) {
      faultExit.record(errorText(error));
      void gate.quit(kind, 1);
    },
    openAgain(directory) {
      window.show();
      if (directory === null || faultExit.happened) return;
      void starting.then(() => (host === null ? undefined : open(host, directory)));
    },
  };
}

/** @param appImage The file of an AppImage; what runs out of it is gone as soon as it has ended. */
function relaunch(appImage: string | undefined): void {
  app.relaunch(appImage === undefined ? {} : { execPath: appImage });
}

async function pickFolder(): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog({ properties: ["openDirectory", "createDirectory"] });
  return filePaths[0] ?? null;
}

function tellFailure(tell: (line: string) => void, failure: Failure): void {
  tell(`deckhand: ${failure.message}`);
  if (failure.next !== null) tell(failure.next);
}
