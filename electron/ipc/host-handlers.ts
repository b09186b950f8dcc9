/** The handlers of the contract: each a line from the checked input to the part of the core that does it. */
import type { Alert } from "#shared/schema/alert.ts";
import type { HostInfo, ProcessList } from "#shared/schema/host.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { detect } from "../core/environment/detect/detect.ts";
import { AppError } from "../core/lib/error.ts";
import type { AuditLog } from "../core/store/audit-log.ts";
import type { SettingsStore } from "../core/store/settings-store.ts";
import { realDirectory } from "../core/workspace/projects.ts";
import type { Workspace } from "../core/workspace/workspace.ts";
import type { Workspaces } from "../core/workspace/workspaces.ts";
import type { Handlers } from "./handlers.ts";

export interface HostParts {
  readonly workspaces: Workspaces;
  readonly settings: SettingsStore;
  readonly audit: AuditLog;
  readonly watchInfo: (listener: (info: HostInfo) => void) => () => void;
  readonly info: () => HostInfo;
  readonly processes: () => ProcessList;
  readonly followAlerts: (listener: (alert: Alert) => void) => () => void;
  readonly followOpenedAlerts: (listener: (alert: Alert) => void) => () => void;
  readonly dismissNotice: (id: string) => void;
  readonly requestStop: () => void;
  /** Runs work nobody awaits, owned by the host. */
  readonly background: (what: string, work: () => Promise<unknown>) => void;
  readonly pickFolder: (() => Promise<string | null>) | null;
  readonly openExternal: ((url: string) => Promise<void>) | null;
}

export function hostHandlers(parts: HostParts): Handlers {
  const workspace = (input: { workspace: WorkspaceId }): Workspace => parts.workspaces.get(input.workspace);
  return {
    "host.info": () => parts.info(),
    "host.watch": (_, sink) => parts.watchInfo((info) => sink.push(info)),
    "host.processes": () => parts.processes(),
    "host.dismissNotice": ({ id }) => {
      parts.dismissNotice(id);
      return null;
    },
    "host.stop": () => {
      parts.requestStop();
      return null;
    },
    "host.pickFolder": () => {
      if (parts.pickFolder === null) throw noDesktop("show a folder dialog", "Type the path instead.");
      return parts.pickFolder();
    },
    "host.openLink": async ({ url }) => {
      if (parts.openExternal === null) throw noDesktop("open a link", "Open it in this browser.");
      await parts.openExternal(url);
      return null;
    },

    "settings.watch": (_, sink) => parts.settings.watch((settings) => sink.push(settings)),
    "settings.change": (change) => parts.settings.change(change),

    "project.watch": (_, sink) => parts.workspaces.watchProjects((projects) => sink.push([...projects])),
    "project.open": ({ directory }) => parts.workspaces.open(directory),
    "project.remove": async ({ project }) => {
      await parts.workspaces.remove(project);
      return null;
    },

    "trust.review": (input) => workspace(input).review(),
    "trust.grant": async (input) => {
      await workspace(input).grant(input.contentHash);
      await parts.workspaces.refreshTrust(input.workspace);
      recordByUser(parts.audit, "trust.grant", input.workspace);
      return null;
    },
    "trust.revoke": async (input) => {
      workspace(input).revoke();
      await parts.workspaces.refreshTrust(input.workspace);
      recordByUser(parts.audit, "trust.revoke", input.workspace);
      return null;
    },

    "environment.detect": async ({ directory, profile }) =>
      (await detect({ directory: realDirectory(directory), profile: profile ?? "dev" })).detection,
    "environment.start": (input) => workspace(input).start(input),
    "environment.stop": async (input) => {
      await workspace(input).stop(input.services);
      return null;
    },
    "environment.restart": (input) => workspace(input).restart(input.services),
    "environment.plan": (input) => workspace(input).plan(input),
    "environment.compare": (input) => workspace(input).changes.compare(input.profile),
    "environment.apply": (input) => workspace(input).changes.apply(input.profile),
    "environment.keep": (input) => {
      workspace(input).changes.keep();
      return null;
    },
    "environment.scale": (input) => workspace(input).scale(input.service, input.count),
    "environment.otherPort": async (input) => ({
      port: await workspace(input).environment.otherPort(input.service, input.port),
    }),
    "environment.movePort": (input) => workspace(input).movePort(input.service, input.port, input.to),
    "environment.runs": (input) => ({ runs: [...workspace(input).environment.history(input.service)] }),
    "environment.status": (input) => workspace(input).status(),
    "environment.watch": (input, sink) => {
      // The folder may have changed since it was last read; what is found arrives as a status of its own.
      parts.background("reading the folder", () => parts.workspaces.refreshTrust(input.workspace));
      return workspace(input).watch((status) => sink.push(status));
    },
    "environment.attend": (input) => {
      const attended = workspace(input);
      return (left) => {
        if (left === "gone") parts.background("stopping what nobody attends any more", () => attended.stop());
      };
    },

    "environment.history": (input, sink) => workspace(input).monitor.watch((history) => sink.push(history)),
    "environment.suggestions": (input) => ({ suggestions: workspace(input).monitor.suggestions() }),

    "config.draft": (input) => workspace(input).config.draft(input),
    "config.preview": (input) => workspace(input).config.preview(input),
    "config.save": async (input) => {
      const saved = await workspace(input).config.save(input);
      const services = input.edits.map(({ service }) => service).join(", ");
      recordByUser(parts.audit, "config.save", input.workspace, services === "" ? saved.file : services);
      return saved;
    },
    "config.undo": async (input) => {
      const undone = await workspace(input).config.undo();
      recordByUser(parts.audit, "config.undo", input.workspace, undone.file);
      return undone;
    },

    "log.read": (input) => {
      const { sources, after, before, from, limit, grep } = input;
      return workspace(input).book.read({
        after,
        from,
        limit,
        ...(sources === undefined ? {} : { sources }),
        ...(before === undefined ? {} : { before }),
        ...(grep === undefined ? {} : { grep: readPattern(grep) }),
      });
    },
    "log.sources": (input) => workspace(input).book.sources(),
    "log.follow": (input, sink) => {
      const { sources, after, limit } = input;
      const query = { after, limit, ...(sources === undefined ? {} : { sources }) };
      return workspace(input).book.follow(query, (line) => sink.push(line));
    },

    "server.start": (input) => workspace(input).server.start(),
    "server.stop": (input) => workspace(input).server.stop(),
    "server.restart": (input) => workspace(input).server.restart(),
    "server.keep": (input) => workspace(input).server.keep(),
    "server.shared": (input) => workspace(input).server.shared(),
    "server.adopt": (input) => workspace(input).server.adopt(input.url, input.password),
    "server.history": (input, sink) => workspace(input).server.history((history) => sink.push(history)),

    "chat.watch": (input, sink) => workspace(input).chat.watch((state) => sink.push(state)),
    "chat.models": (input) => workspace(input).chat.models(),
    "session.create": (input) => workspace(input).server.forChat((chat) => chat.createSession(input.title)),
    "session.prompt": async (input) => {
      const { session, text, model, agent } = input;
      const choice = { ...(model === undefined ? {} : { model }), ...(agent === undefined ? {} : { agent }) };
      await workspace(input).server.forChat((chat) => chat.prompt(session, { text, ...choice }));
      return null;
    },
    "session.continue": async (input) => {
      await workspace(input).server.forChat((chat) => chat.continueTurn(input.session));
      return null;
    },
    "session.abort": async (input) => {
      await workspace(input).chat.abort(input.session);
      return null;
    },
    "session.remove": async (input) => {
      await workspace(input).server.forChat((chat) => chat.remove(input.session));
      return null;
    },
    "session.events": (input, sink) =>
      workspace(input).chat.events(
        input.session,
        (event) => sink.push(event),
        (error) => sink.end(error),
      ),
    "permission.reply": async (input) => {
      await workspace(input).chat.replyPermission(input.permission, input.reply, input.message);
      return null;
    },
    "question.reply": async (input) => {
      await workspace(input).chat.replyQuestion(input.question, input.answers);
      return null;
    },
    "question.reject": async (input) => {
      await workspace(input).chat.rejectQuestion(input.question);
      return null;
    },

    "alert.follow": (_, sink) => parts.followAlerts((alert) => sink.push(alert)),
    "alert.opened": (_, sink) => parts.followOpenedAlerts((alert) => sink.push(alert)),

    "audit.list": (query) => ({ entries: parts.audit.list(query) }),
    "audit.follow": ({ workspace: id, limit }, sink) =>
      parts.audit.follow({ workspace: id, limit }, (entry) => sink.push(entry)),
  };
}

function noDesktop(what: string, next: string): AppError {
  return new AppError("unavailable", `This host runs without a desktop and cannot ${what}.`, { next });
}

function readPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new AppError("bad_input", `"${text}" is no regular expression.`, { cause: error });
  }
}

function recordByUser(audit: AuditLog, action: string, workspace: WorkspaceId, reason: string | null = null): void {
  audit.add({ actor: "user", action, workspace, service: null, generation: null, from: null, to: null, reason });
}
