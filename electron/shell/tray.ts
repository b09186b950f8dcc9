import { Menu, nativeImage, Tray, type MenuItemConstructorOptions } from "electron";
import { errorText } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import type { Host } from "../host.ts";
import { trayModel, type TrayAction, type TrayItem } from "./tray-model.ts";

export interface TrayOptions {
  readonly logger: Logger;
  readonly host: Pick<Host, "projects" | "environments">;
  /** The icon; next to it stands its `@2x`. On macOS a template image. */
  readonly icon: string;
  readonly onOpen: () => void;
  readonly onQuit: () => void;
}

/**
 * The icon in the menu bar or notification area. Where the desktop has none, it is missing without harm: the window has it
 * all. Returns what removes it.
 */
export function createTray(options: TrayOptions): () => void {
  const { logger, host } = options;
  const tray = tryCreate(options);
  if (tray === null) return () => undefined;

  const act = (action: TrayAction) => {
    if (action.kind === "open") return options.onOpen();
    if (action.kind === "quit") return options.onQuit();
    const done =
      action.kind === "start" ? host.environments.start(action.workspace) : host.environments.stop(action.workspace);
    done.catch((error: unknown) => {
      logger.warn(`the tray could not ${action.kind} an environment`, { error: errorText(error) });
      // The window says why, with what to do about it.
      options.onOpen();
    });
  };
  let projects: Parameters<typeof trayModel>[0] = [];
  let environments: Parameters<typeof trayModel>[1] = [];
  let shown = "";
  const draw = () => {
    const model = trayModel(projects, environments);
    // Statuses come with every new figure; a menu that is rebuilt while it is open closes on Linux.
    const text = JSON.stringify(model);
    if (text === shown) return;
    shown = text;
    tray.setToolTip(model.tooltip);
    tray.setContextMenu(Menu.buildFromTemplate(model.items.map((item) => menuItem(item, act))));
  };
  const ends = [
    host.projects.watch((list) => {
      projects = list;
      draw();
    }),
    host.environments.watch((list) => {
      environments = list;
      draw();
    }),
  ];
  // On macOS a click opens the menu by itself.
  if (process.platform !== "darwin") tray.on("click", options.onOpen);
  return () => {
    for (const end of ends) end();
    tray.destroy();
  };
}

function tryCreate({ icon, logger }: TrayOptions): Tray | null {
  try {
    const image = nativeImage.createFromPath(icon);
    image.setTemplateImage(process.platform === "darwin");
    return new Tray(image);
  } catch (error) {
    logger.warn("this desktop has no tray", { error: errorText(error) });
    return null;
  }
}

function menuItem(item: TrayItem, act: (action: TrayAction) => void): MenuItemConstructorOptions {
  if (item.kind === "separator") return { type: "separator" };
  if (item.kind === "text") return { label: item.label, enabled: false };
  return { label: item.label, click: () => act(item.action) };
}
