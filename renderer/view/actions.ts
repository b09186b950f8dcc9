/**
 * Everything a person can do, once: buttons, the palette, keys and menus all come here. An action answers with nothing; what
 * it changed is what the host pushes. It reports trouble as a toast and turns "not trusted" into the prompt that can help.
 */
import { CallError, type Client } from "#shared/client.ts";
import type { Failure } from "#shared/failure.ts";
import type { PermissionReply, SessionStatus } from "#shared/schema/chat.ts";
import type { PermissionId, QuestionId, SessionId, WorkspaceId } from "#shared/schema/id.ts";
import type { ServerStatus } from "#shared/schema/server.ts";
import type { SettingsChange } from "#shared/schema/settings.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { REPORTED_LINES, serverReport, serverSources } from "./server-report.ts";
import { serviceActions } from "./service-actions.ts";
import { createStore, type Store } from "./store.ts";
import type { DetailPart, EnvironmentView, Page, View } from "./view.ts";

/** Suggestions that stay put away; the first ones come back. */
const MOST_DISMISSED = 200;

export interface Notify {
  /** `action`: what can be done about it at once. */
  success(message: string, action?: { readonly label: string; readonly run: () => void }): void;
  error(failure: Failure): void;
}

export type Actions = ReturnType<typeof createActions>;

/** Anything thrown as a failure that can be shown. What is not the host's answer is a fault of this page. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CallError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message, next: "Reload the window; report it if it comes back.", details: {} };
}

export function createActions({
  client,
  view,
  notify,
  filesWritten,
}: {
  client: Client;
  view: Store<View>;
  notify: Notify;
  /** What was asked about the files of a project is to be asked again. */
  filesWritten: () => void;
}) {
  /** What has been pressed and not been answered yet, by key. Controls show it within a frame. */
  const pending = createStore<Record<string, boolean>>({});

  /** Runs an action once at a time per key; true where it succeeded. */
  const attempt = async (key: string, workspace: WorkspaceId | null, run: () => Promise<unknown>): Promise<boolean> => {
    if (pending.get()[key]) return false;
    pending.set({ [key]: true });
    try {
      await run();
      return true;
    } catch (error) {
      const failure = failureOf(error);
      const untrusted = failure.code === "not_trusted" || failure.code === "trust_changed";
      if (untrusted && workspace) {
        view.set({ dialog: { kind: "trust", workspace, approved: () => void attempt(key, workspace, run) } });
      } else if (failure.code !== "cancelled") notify.error(failure);
      return false;
    } finally {
      pending.set({ [key]: false });
    }
  };

  const confirm = (title: string, consequence: string, action: string, run: () => void): void =>
    view.set({ dialog: { kind: "confirm", title, consequence, action, run } });

  const openDirectory = async (directory: string): Promise<boolean> =>
    attempt("open", null, async () => {
      const project = await client.call("project.open", { directory });
      view.set({ project: project.id, page: "environment" });
    });

  return {
    pending,
    ...serviceActions({ client, view, notify, filesWritten, attempt, confirm }),

    go: (page: Page, project?: Project["id"]) => view.set(project ? { page, project } : { page }),
    showService: (workspace: WorkspaceId, service: string | null) =>
      view.set((state) => ({
        service: { ...state.service, [workspace]: service },
        server: { ...state.server, [workspace]: false },
      })),
    /** Goes to what an alert was about: the service it names first, with its cause. */
    showAlert: ({ id, workspace }: Pick<Project, "id" | "workspace">, service: string | null) =>
      view.set((state) => ({
        project: id,
        page: "environment",
        palette: false,
        detailPart: "overview",
        service: { ...state.service, [workspace]: service },
        server: { ...state.server, [workspace]: false },
      })),
    showEnvironmentAs: (environmentView: EnvironmentView) => view.set({ page: "environment", environmentView }),
    showDetailPart: (detailPart: DetailPart) => view.set({ detailPart }),
    dismissSuggestion: (id: string) =>
      view.set((state) => ({ dismissed: [...state.dismissed, id].slice(-MOST_DISMISSED) })),
    /** Asks which profile, and shows what that changes first. */
    chooseProfile: (workspace: WorkspaceId) => view.set({ dialog: { kind: "profile", workspace } }),
    /** Makes what runs what the files say, with this profile. */
    applyProfile: (workspace: WorkspaceId, profile: string) =>
      attempt(`apply:${workspace}`, workspace, () => client.call("environment.apply", { workspace, profile })),
    startProfile: (workspace: WorkspaceId, profile: string, server: boolean) =>
      attempt(`start:${workspace}`, workspace, () => client.call("environment.start", { workspace, profile, server })),
    /** The files changed: take over what they say, or leave what runs as it is. */
    applyFiles: (workspace: WorkspaceId) =>
      attempt(`apply:${workspace}`, workspace, () => client.call("environment.apply", { workspace })),
    keepRunning: (workspace: WorkspaceId) =>
      attempt(`keep-files:${workspace}`, null, () => client.call("environment.keep", { workspace })),
    /** Opens or closes the details of the workspace's OpenCode server. */
    showServer: (workspace: WorkspaceId, open: boolean) =>
      view.set((state) => ({
        page: "environment",
        service: { ...state.service, [workspace]: null },
        server: { ...state.server, [workspace]: open },
      })),
    showLogs: (workspace: WorkspaceId, sources: readonly string[]) =>
      view.set((state) => ({ page: "logs", sources: { ...state.sources, [workspace]: sources } })),
    showServerLogs: (workspace: WorkspaceId) =>
      view.set((state) => ({ page: "logs", sources: { ...state.sources, [workspace]: serverSources } })),
    showSession: (workspace: WorkspaceId, session: SessionId | null) =>
      view.set((state) => ({ session: { ...state.session, [workspace]: session } })),
    chooseModel: (workspace: WorkspaceId, model: string) =>
      view.set((state) => ({ model: { ...state.model, [workspace]: model } })),
    findInLogs: () => view.set((state) => ({ page: "logs", searchAsked: state.searchAsked + 1 })),

    openDirectory,
    /** The native dialog where there is one, else our own with a path field. */
    openFolder: async (dialog: boolean) => {
      if (!dialog) return view.set({ dialog: { kind: "open-folder" } });
      await attempt("pick", null, async () => {
        const directory = await client.call("host.pickFolder", {});
        if (directory !== null) await openDirectory(directory);
      });
    },
    removeProject: (project: Project) =>
      confirm(
        `Remove “${project.name}” from Deckhand?`,
        "What runs in it is stopped and Deckhand forgets it. The folder itself is not touched.",
        "Remove",
        () => void attempt(`remove:${project.id}`, null, () => client.call("project.remove", { project: project.id })),
      ),

    startEnvironment: (workspace: WorkspaceId, server: boolean) =>
      attempt(`start:${workspace}`, workspace, () => client.call("environment.start", { workspace, server })),
    stopEnvironment: (workspace: WorkspaceId) =>
      attempt(`stop:${workspace}`, null, () => client.call("environment.stop", { workspace })),
    startServices: (workspace: WorkspaceId, services: string[]) =>
      attempt(`service:${workspace}:${services[0] ?? ""}`, workspace, () =>
        client.call("environment.start", { workspace, services }),
      ),
    stopServices: (workspace: WorkspaceId, services: string[]) =>
      attempt(`service:${workspace}:${services[0] ?? ""}`, null, () =>
        client.call("environment.stop", { workspace, services }),
      ),
    restartServices: (workspace: WorkspaceId, services: string[]) =>
      attempt(`service:${workspace}:${services[0] ?? ""}`, workspace, () =>
        client.call("environment.restart", { workspace, services }),
      ),
    startServer: (workspace: WorkspaceId) =>
      attempt(`server:${workspace}`, workspace, () => client.call("server.start", { workspace })),
    stopServer: (workspace: WorkspaceId) =>
      attempt(`server:${workspace}`, null, () => client.call("server.stop", { workspace })),
    restartServer: (workspace: WorkspaceId) =>
      attempt(`server:${workspace}`, workspace, () => client.call("server.restart", { workspace })),

    /** Calls off what Deckhand was going to do with the server by itself. */
    keepServer: (workspace: WorkspaceId) =>
      attempt(`keep:${workspace}`, null, () => client.call("server.keep", { workspace })),
    adoptServer: (workspace: WorkspaceId, url: string) => view.set({ dialog: { kind: "adopt", workspace, url } }),
    copyServerReport: (workspace: WorkspaceId, server: ServerStatus) =>
      attempt("copy", null, async () => {
        const { lines } = await client.call("log.read", { workspace, sources: ["opencode"], limit: REPORTED_LINES });
        await navigator.clipboard.writeText(serverReport(server, lines));
        notify.success(
          `Copied ${server.failure === null ? "the state" : "the error"} and the last ${lines.length} lines.`,
        );
      }),

    reviewTrust: (workspace: WorkspaceId) => view.set({ dialog: { kind: "trust", workspace, approved: null } }),
    revokeTrust: (workspace: WorkspaceId) =>
      attempt(`trust:${workspace}`, null, async () => {
        await client.call("trust.revoke", { workspace });
        notify.success("Trust taken back. The next start asks again.");
      }),

    /** A new session is made with its first message: nothing to wait for, and no empty ones are left behind. */
    newSession: (workspace: WorkspaceId) =>
      view.set((state) => ({
        page: "chat",
        session: { ...state.session, [workspace]: null },
        composerAsked: state.composerAsked + 1,
      })),
    /**
     * Sends a message, into a new session where none is chosen. The new session is shown once the message is accepted or
     * refused; `keepDraft` is told of it before that where it was refused, so that the words follow.
     */
    prompt: (
      workspace: WorkspaceId,
      session: SessionId | null,
      text: string,
      model: string | null,
      keepDraft: (made: SessionId) => void,
    ) =>
      attempt(`prompt:${workspace}`, workspace, async () => {
        const id = session ?? (await client.call("session.create", { workspace })).id;
        try {
          await client.call("session.prompt", { workspace, session: id, text, ...(model ? { model } : {}) });
        } catch (error) {
          if (session === null) keepDraft(id);
          throw error;
        } finally {
          if (session === null) {
            view.set((state) => ({
              session: { ...state.session, [workspace]: id },
              composerAsked: state.composerAsked + 1,
            }));
          }
        }
      }),
    abort: (workspace: WorkspaceId, session: SessionId) =>
      attempt(`abort:${session}`, null, () => client.call("session.abort", { workspace, session })),
    continueTurn: (workspace: WorkspaceId, session: SessionId) =>
      attempt(`continue:${session}`, workspace, () => client.call("session.continue", { workspace, session })),
    removeSession: (workspace: WorkspaceId, session: { id: SessionId; title: string; status: SessionStatus }) =>
      confirm(
        `Remove the session “${session.title || "Untitled"}”?`,
        session.status.type === "idle"
          ? "Its messages are deleted and cannot be brought back."
          : "It is working: the turn is ended, and its messages are deleted for good.",
        "Remove",
        () =>
          void attempt(`remove:${session.id}`, null, async () => {
            await client.call("session.remove", { workspace, session: session.id });
            if (view.get().session[workspace] === session.id) {
              view.set((state) => ({ session: { ...state.session, [workspace]: null } }));
            }
          }),
      ),
    replyPermission: (workspace: WorkspaceId, permission: PermissionId, reply: PermissionReply, message?: string) =>
      attempt(`permission:${permission}`, null, () =>
        client.call("permission.reply", { workspace, permission, reply, ...(message ? { message } : {}) }),
      ),
    replyQuestion: (workspace: WorkspaceId, question: QuestionId, answers: string[][]) =>
      attempt(`question:${question}`, null, () => client.call("question.reply", { workspace, question, answers })),
    rejectQuestion: (workspace: WorkspaceId, question: QuestionId) =>
      attempt(`question:${question}`, null, () => client.call("question.reject", { workspace, question })),

    openLink: (url: string) => void attempt(`link:${url}`, null, () => client.call("host.openLink", { url })),
    changeSettings: (change: SettingsChange) => attempt("settings", null, () => client.call("settings.change", change)),
    dismissNotice: (id: string) => attempt(`notice:${id}`, null, () => client.call("host.dismissNotice", { id })),
    stopHost: () =>
      confirm(
        "Stop Deckhand and everything it runs?",
        "Every service and OpenCode server of every project is stopped; turns that are running are ended.",
        "Stop everything",
        () => void attempt("stop-host", null, () => client.call("host.stop", {})),
      ),
    copy: (text: string, what: string) =>
      attempt("copy", null, async () => {
        await navigator.clipboard.writeText(text);
        notify.success(`Copied ${what}.`);
      }),
  };
}
