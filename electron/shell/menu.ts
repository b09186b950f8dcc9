import { Menu, type MenuItemConstructorOptions } from "electron";

/**
 * The native menu: only what the system expects there (quit, editing, zoom). The app's own commands are in its palette, which
 * teaches their shortcuts. On Linux it stays hidden until Alt is pressed.
 */
export function installMenu(options: { readonly onQuit: () => void; readonly developerTools: boolean }): void {
  const quit: MenuItemConstructorOptions = {
    label: "Quit Deckhand",
    accelerator: "CmdOrCtrl+Q",
    click: options.onQuit,
  };
  const mac: MenuItemConstructorOptions[] = [
    {
      label: "Deckhand",
      submenu: [
        { role: "about" },
        { type: "separator" },
        { role: "hide" },
        { role: "hideOthers" },
        { role: "unhide" },
        { type: "separator" },
        quit,
      ],
    },
  ];
  const view: MenuItemConstructorOptions[] = [
    { role: "reload" },
    ...(options.developerTools ? [{ role: "toggleDevTools" } as const] : []),
    { type: "separator" },
    { role: "resetZoom" },
    { role: "zoomIn" },
    { role: "zoomOut" },
    { type: "separator" },
    { role: "togglefullscreen" },
  ];
  const elsewhere: MenuItemConstructorOptions[] = [
    { label: "File", submenu: [{ role: "close" }, { type: "separator" }, quit] },
  ];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === "darwin" ? mac : elsewhere),
      { role: "editMenu" },
      { label: "View", submenu: view },
      { role: "windowMenu" },
    ]),
  );
}
