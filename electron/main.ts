/** The desktop app: one instance a home, crash handlers, then everything else in shell/desktop.ts. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { app } from "electron";
import { createAppLog } from "./core/lib/app-log.ts";
import { systemClock } from "./core/lib/clock.ts";
import { errorText } from "./core/lib/error.ts";
import type { Logger } from "./core/lib/logger.ts";
import { readDemo } from "./demo.ts";
import { startDesktop, type DesktopApp } from "./shell/desktop.ts";
import { readLaunch, readSecondLaunch, type Launch } from "./shell/launch.ts";
import { registerPageScheme } from "./shell/protocol.ts";

/** The folder of this file once built: out/main. */
const built = import.meta.dirname;
const icons = join(built, "..", "..", "build", "icons");

// The terminal that started us may go away before we do; writing to it then must not end the app.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
const tell = (line: string) => void process.stderr.write(`${line}\n`);

const launch = readLaunch({
  argv: process.argv,
  packaged: app.isPackaged,
  workingDirectory: process.cwd(),
  env: process.env,
  platform: process.platform,
  userFolder: homedir(),
});
app.setName("Deckhand");
// The lock for a single instance lies in userData: one app a home, as many homes as wanted.
app.setPath("userData", electronFolder(launch.home));
registerPageScheme();

if (app.requestSingleInstanceLock({ directory: launch.directory })) run(launch);
else {
  tell("Deckhand is open already; its window was brought to the front.");
  app.exit(0);
}

function run({ home }: Launch): void {
  const logger = createAppLog({
    folder: join(home, "logs", "app"),
    level: "info",
    clock: systemClock,
    onUnwritable: (reason) => tell(`deckhand: the log of the app cannot be written: ${reason}`),
  });
  let desktop: DesktopApp | null = null;
  const crash = (kind: string) => (error: unknown) => {
    logger.error(`${kind} in the app`, { error });
    tell(`deckhand: a fault of the app itself: ${errorText(error)}`);
    if (desktop === null) app.exit(1);
    else desktop.fault(kind, error);
  };
  process.on("uncaughtException", crash("an uncaught exception"));
  process.on("unhandledRejection", crash("an unhandled rejection"));

  // Root cannot use Chromium's sandbox, and enabling it beside --no-sandbox ends its processes in a loop. Nothing that ships
  // passes that switch.
  if (!app.commandLine.hasSwitch("no-sandbox")) app.enableSandbox();

  app.on("second-instance", (_event, _argv, _directory, data) => desktop?.openAgain(readSecondLaunch(data).directory));
  void app.whenReady().then(() => {
    desktop = startDesktop({
      logger,
      launch,
      paths: {
        guardian: join(built, "guardian.js"),
        preload: join(built, "..", "preload", "preload.cjs"),
        page: join(built, "..", "renderer"),
        windowIcon: join(icons, "icon.png"),
        trayIcon: join(icons, process.platform === "darwin" ? "trayTemplate.png" : "tray.png"),
        windowState: join(home, "window.json"),
      },
      development: developmentServer(),
      demo: readDemo(process.env),
      tell,
    });
    quitOnSignals(desktop, logger);
  });
}

/** Chromium sets its own handlers while it starts, so ours are set after it is ready. A second signal changes nothing. */
function quitOnSignals(desktop: DesktopApp, logger: Logger): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      logger.info("a signal asks to quit", { signal });
      desktop.quit(signal);
    });
  }
}

/** Electron's own files, inside the home. A home that cannot be written is told, with its cause, when the host starts in it. */
function electronFolder(home: string): string {
  const folder = join(home, "electron");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    // Chromium writes into it to the very end, so the system's own cleaning of temporary files has to remove it.
    return mkdtempSync(join(tmpdir(), "deckhand-electron-"));
  }
}

/** Only from a checkout, and only on this machine. */
function developmentServer(): string | null {
  const address = process.env["ELECTRON_RENDERER_URL"];
  if (app.isPackaged || address === undefined || !URL.canParse(address)) return null;
  const { protocol, hostname, origin } = new URL(address);
  return protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname) ? origin : null;
}
