import { BrowserWindow, nativeTheme, screen } from "electron";
import { systemClock } from "../core/lib/clock.ts";
import { errorText } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import { CrashLoop } from "./crash-loop.ts";
import type { NoticePage } from "./notice-page.ts";
import { PAGE_URL } from "./page-address.ts";
import type { PageProtocol } from "./protocol.ts";
import { readWindowState, writeWindowState, type WindowState } from "./window-state.ts";

const DEFAULT_SIZE = { width: 1_280, height: 820 };
const MIN_SIZE = { width: 720, height: 480 };
/** The page's own ground colours, so that nothing flashes before its first paint. */
const GROUND = { light: "#fbfbfc", dark: "#17181a" };

export interface WindowOptions {
  readonly logger: Logger;
  readonly page: PageProtocol;
  /** Built preload script. */
  readonly preload: string;
  readonly icon: string;
  /** The file that remembers where the window was. */
  readonly stateFile: string;
  readonly developerTools: boolean;
}

export interface AppWindow {
  /** In front of the person, made anew if it was closed. */
  show(): void;
  /** Shows a notice in place of the page. */
  showNotice(notice: NoticePage, onAction: (id: string) => void): void;
  /** Shows the page again. */
  showPage(): void;
}

/** The app's one window. */
export function createAppWindow(options: WindowOptions): AppWindow {
  const { logger, page } = options;
  const crashes = new CrashLoop(systemClock);
  let window: BrowserWindow | null = null;

  const load = (target: BrowserWindow) => {
    target.loadURL(PAGE_URL).catch((error: unknown) => {
      // A load that a newer one overtook, or whose window was closed, is no news.
      if (!target.isDestroyed()) logger.warn("the page did not load", { error: errorText(error) });
    });
  };
  const onGone = (target: BrowserWindow, reason: string) => {
    if (reason === "clean-exit" || target.isDestroyed()) return;
    const verdict = crashes.record();
    logger.error("the page crashed", { reason, verdict });
    if (verdict === "give-up") {
      page.show(crashNotice, () => {
        crashes.reset();
        page.show(null);
        load(target);
      });
    }
    load(target);
  };
  const open = () => {
    const saved = readState(options);
    const created = new BrowserWindow({
      ...DEFAULT_SIZE,
      ...(saved === null ? {} : { x: saved.x, y: saved.y, width: saved.width, height: saved.height }),
      minWidth: MIN_SIZE.width,
      minHeight: MIN_SIZE.height,
      show: false,
      title: "Deckhand",
      icon: options.icon,
      autoHideMenuBar: true,
      backgroundColor: nativeTheme.shouldUseDarkColors ? GROUND.dark : GROUND.light,
      webPreferences: {
        preload: options.preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        allowRunningInsecureContent: false,
        experimentalFeatures: false,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false,
        devTools: options.developerTools,
      },
    });
    window = created;
    if (saved?.maximized === true) created.maximize();
    created.once("ready-to-show", () => created.show());
    created.on("close", () => saveState(created, options));
    created.on("closed", () => {
      if (window === created) window = null;
    });
    created.webContents.on("render-process-gone", (_event, details) => onGone(created, details.reason));
    created.webContents.on("unresponsive", () => logger.warn("the page does not respond"));
    created.webContents.on("responsive", () => logger.info("the page responds again"));
    load(created);
  };
  const show = () => {
    if (window === null) return open();
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  };
  const reload = () => {
    if (window === null) open();
    else load(window);
  };
  return {
    show,
    showNotice(notice, onAction) {
      page.show(notice, onAction);
      reload();
    },
    showPage() {
      page.show(null);
      reload();
    },
  };
}

const crashNotice: NoticePage = {
  title: "The page keeps crashing",
  message: "It crashed three times within five minutes. What you started keeps running; only the view of it is gone.",
  next: "Load it again. If it crashes again, the log of the app (logs/app in Deckhand's folder) says when and how.",
  actions: [{ id: "reload", label: "Load it again" }],
};

function readState({ stateFile, logger }: WindowOptions): WindowState | null {
  try {
    return readWindowState(
      stateFile,
      screen.getAllDisplays().map((display) => display.workArea),
    );
  } catch (error) {
    logger.warn("where the window was could not be read", { error: errorText(error) });
    return null;
  }
}

function saveState(window: BrowserWindow, { stateFile, logger }: WindowOptions): void {
  try {
    writeWindowState(stateFile, { ...window.getNormalBounds(), maximized: window.isMaximized() });
  } catch (error) {
    logger.warn("where the window was could not be saved", { error: errorText(error) });
  }
}
