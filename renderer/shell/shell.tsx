import { useEffect } from "react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import { Toaster } from "sonner";
import { ChatPage } from "../chat/chat-page.tsx";
import { AdoptDialog } from "../environment/adopt-dialog.tsx";
import { ProfileDialog } from "../environment/profile-dialog.tsx";
import { EnvironmentPage } from "../environment/environment-page.tsx";
import { SaveDialog } from "../environment/save-dialog.tsx";
import { LogsPage } from "../logs/logs-page.tsx";
import { OpenFolderDialog } from "../projects/open-folder-dialog.tsx";
import { Welcome } from "../projects/welcome.tsx";
import { SettingsDialog } from "../settings/settings-dialog.tsx";
import { TrustDialog } from "../trust/trust-dialog.tsx";
import { useLive } from "../ipc/live.ts";
import { useApp, useView } from "../view/app.ts";
import { useProjects } from "../view/projects.ts";
import { useAlerts } from "./alerts.ts";
import { CommandPalette } from "./command-palette.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { ConnectionBanner } from "./connection-state.tsx";
import { useKeys } from "./keys.ts";
import { DemoStrip, Notices } from "./notices.tsx";
import { Sidebar } from "./sidebar.tsx";
import { StatusBar } from "./status-bar.tsx";

/** The frame of the window: sidebar, page, status bar, and what lies above them. */
export function Shell() {
  useKeys();
  useTheme();
  useAlerts();
  const layout = useDefaultLayout({ id: "deckhand.shell", storage: localStorage });
  return (
    <div className="flex h-full flex-col">
      <DemoStrip />
      <ConnectionBanner />
      <Group
        orientation="horizontal"
        className="min-h-0 flex-1"
        {...(layout.defaultLayout ? { defaultLayout: layout.defaultLayout } : {})}
        onLayoutChanged={layout.onLayoutChanged}
      >
        <Panel id="sidebar" defaultSize={216} minSize={168} maxSize={360} groupResizeBehavior="preserve-pixel-size">
          <Sidebar />
        </Panel>
        <Separator
          className="w-px bg-line data-[separator=active]:bg-accent data-[separator=hover]:bg-line-strong"
          aria-label="Resize sidebar"
        />
        <Panel id="page" minSize={360}>
          <div className="flex h-full min-w-0 flex-col">
            <Notices />
            <main className="min-h-0 flex-1" aria-label="Page">
              <CurrentPage />
            </main>
          </div>
        </Panel>
      </Group>
      <StatusBar />
      <CommandPalette />
      <Dialogs />
      <Toasts />
    </div>
  );
}

function CurrentPage() {
  const page = useView((view) => view.page);
  const { current, loaded } = useProjects();
  // Before anything is known, the frame alone; an empty state would be a guess.
  if (!current) return loaded ? <Welcome /> : null;
  const key = current.workspace;
  if (page === "logs") return <LogsPage key={key} project={current} />;
  if (page === "chat") return <ChatPage key={key} project={current} />;
  return <EnvironmentPage key={key} project={current} />;
}

function Dialogs() {
  const dialog = useView((view) => view.dialog);
  switch (dialog?.kind) {
    case "settings":
      return <SettingsDialog />;
    case "open-folder":
      return <OpenFolderDialog />;
    case "adopt":
      return <AdoptDialog workspace={dialog.workspace} url={dialog.url} />;
    case "profile":
      return <ProfileDialog workspace={dialog.workspace} />;
    case "save":
      return <SaveDialog change={dialog.change} saved={dialog.saved} />;
    case "trust":
      return <TrustDialog workspace={dialog.workspace} approved={dialog.approved} />;
    case "confirm":
      return <ConfirmDialog dialog={dialog} />;
    case undefined:
      return null;
  }
}

function useTheme(): void {
  const { item } = useLive("settings.watch", {});
  const theme = item?.theme ?? "system";
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}

function Toasts() {
  const { item } = useLive("settings.watch", {});
  const { platform } = useApp();
  return (
    <Toaster
      position="bottom-right"
      closeButton
      theme={item?.theme ?? "system"}
      offset={40}
      // Below dialogs and their backdrop (z-40): a result of earlier never covers the button one is about to press.
      style={{ zIndex: 30 }}
      containerAriaLabel={platform.web ? "Results" : "Results of actions"}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            "relative flex w-89 items-start gap-2 rounded-lg bg-raised py-2.5 pr-8 pl-3 shadow-pop inset-ring inset-ring-line text-text",
          title: "font-medium break-words",
          description: "mt-0.5 text-muted break-words",
          icon: "mt-0.5 shrink-0 [&_svg]:size-4 data-[icon]:text-muted",
          content: "min-w-0 flex-1",
          actionButton:
            "inline-flex h-6 shrink-0 items-center self-center rounded-md px-2 text-sm font-medium inset-ring inset-ring-line-strong hover:bg-hover",
          closeButton:
            "absolute top-2 right-2 inline-flex size-5 items-center justify-center rounded-md text-muted hover:bg-hover [&_svg]:size-3",
          error: "[&_[data-icon]]:text-bad",
          success: "[&_[data-icon]]:text-good",
        },
      }}
    />
  );
}
