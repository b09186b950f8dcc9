import { resolve as resolvePath } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Client } from "#shared/client.ts";
import { sessionIdSchema, type SessionId, type WorkspaceId } from "#shared/schema/id.ts";
import type { ChatState, PermissionReply, PermissionRequest } from "#shared/schema/chat.ts";
import { AppError } from "../../core/lib/error.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { openProject } from "../workspace-of.ts";
import { TurnRecord } from "./turn-record.ts";

type PermissionPolicy = PermissionReply | "ask";

export const askCommand: Command = {
  name: "ask",
  usage: 'ask [DIR] "PROMPT" [--session ID] [--model PROVIDER/MODEL] [--agent A] [--permission ask|once|always|reject]',
  summary: "send a prompt to an agent in a folder and print the answer as it comes",
  options: {
    session: { type: "string" },
    model: { type: "string" },
    agent: { type: "string" },
    permission: { type: "string" },
  },
  maxPositionals: 2,
  async run(context) {
    const { directory, prompt } = readPositionals(context);
    const policy = readPolicy(context.options["permission"]);
    const { client } = await context.connectOrStart();
    const { workspace } = await openProject(client, directory);
    await client.call("server.start", { workspace }, { signal: context.signal });
    const session = await findSession(client, workspace, context.options["session"]);
    const turn = new Turn({ client, workspace, session, policy, context });
    const record = await turn.run(prompt);
    const result = record.result();
    context.output.document({ sessionID: session, ...result });
    if (!context.json) context.output.write("\n");
    if (result.error === null) return exitCode.done;
    if (context.signal.aborted) return exitCode.interrupted;
    if (!context.json) context.output.note(`The turn ended in an error: ${result.error.message}`);
    return exitCode.failed;
  },
};

function readPositionals(context: CommandContext): { directory: string; prompt: string } {
  const [first, second] = context.positionals;
  const prompt = second ?? first;
  if (prompt === undefined || prompt.trim() === "") throw new AppError("bad_input", "ask wants a prompt.");
  return { directory: resolvePath(second === undefined || first === undefined ? "." : first), prompt };
}

function readPolicy(value: unknown): PermissionPolicy {
  if (value === undefined) return "ask";
  if (value === "ask" || value === "once" || value === "always" || value === "reject") return value;
  throw new AppError("bad_input", `--permission is one of ask, once, always and reject, not "${String(value)}".`);
}

async function findSession(client: Client, workspace: WorkspaceId, wanted: unknown): Promise<SessionId> {
  if (wanted === undefined) return (await client.call("session.create", { workspace })).id;
  const parsed = sessionIdSchema.safeParse(wanted);
  if (!parsed.success) throw new AppError("bad_input", `"${String(wanted)}" is no session id.`);
  return parsed.data;
}

/** One turn: send, stream, answer what is asked, and know when it is over. */
class Turn {
  readonly #client: Client;
  readonly #workspace: WorkspaceId;
  readonly #session: SessionId;
  readonly #policy: PermissionPolicy;
  readonly #context: CommandContext;
  readonly #record: TurnRecord;
  readonly #answered = new Set<string>();

  constructor(options: {
    client: Client;
    workspace: WorkspaceId;
    session: SessionId;
    policy: PermissionPolicy;
    context: CommandContext;
  }) {
    this.#client = options.client;
    this.#workspace = options.workspace;
    this.#session = options.session;
    this.#policy = options.policy;
    this.#context = options.context;
    this.#record = new TurnRecord(options.context.output);
  }

  async run(prompt: string): Promise<TurnRecord> {
    const place = { workspace: this.#workspace, session: this.#session };
    const stops: (() => void)[] = [];
    const { signal } = this.#context;
    const onAbort = () => void this.#client.call("session.abort", place).catch(() => undefined); // The wait below reports.
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (error: unknown) => reject(error instanceof Error ? error : new Error(String(error)));
        stops.push(
          this.#client.subscribe("session.events", place, {
            onBatch: (items) => {
              for (const item of items) this.#record.take(item);
              if (this.#record.finished) resolve();
            },
            onEnd: (error) =>
              fail(new AppError(error?.code ?? "host_missing", error?.message ?? "The host has ended.")),
          }),
          this.#client.subscribe(
            "chat.watch",
            { workspace: this.#workspace },
            {
              onBatch: (items) => {
                const state = items.at(-1);
                if (state !== undefined) void this.#answerAll(state).catch(fail);
              },
            },
          ),
        );
        signal.addEventListener("abort", onAbort, { once: true });
        this.#record.onReady(() => {
          const { model, agent } = this.#context.options as { model?: string; agent?: string };
          const choice = { ...(model === undefined ? {} : { model }), ...(agent === undefined ? {} : { agent }) };
          this.#client.call("session.prompt", { ...place, text: prompt, ...choice }).catch(fail);
        });
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
      for (const stop of stops) stop();
    }
    return this.#record;
  }

  async #answerAll(state: ChatState): Promise<void> {
    for (const request of state.permissions) {
      if (this.#answered.has(request.id) || !this.#isOurs(request.sessionId, state)) continue;
      this.#answered.add(request.id);
      const reply = this.#policy === "ask" ? await this.#askPerson(request) : this.#policy;
      this.#record.permission(request, reply);
      await this.#client.call("permission.reply", { workspace: this.#workspace, permission: request.id, reply });
    }
  }

  /** Ours are the requests of this session and of the sub-agents that work for it; others belong to somebody else. */
  #isOurs(session: SessionId, state: ChatState): boolean {
    const seen = new Set<SessionId>();
    let current: SessionId | null = session;
    while (current !== null && !seen.has(current)) {
      if (current === this.#session) return true;
      seen.add(current);
      const id: SessionId = current;
      current = state.sessions.find((candidate) => candidate.id === id)?.parentId ?? null;
    }
    return false;
  }

  async #askPerson(request: PermissionRequest): Promise<PermissionReply> {
    const what = `${request.permission}: ${String(request.metadata["command"] ?? request.patterns.join(", "))}`;
    if (!process.stdin.isTTY) {
      this.#context.output.note(`Rejected, since nobody is there to ask: ${what}. Use --permission once to allow it.`);
      return "reject";
    }
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await terminal.question(
        `\nThe agent wants ${what}\nAllow? [o]nce, [a]lways, anything else rejects: `,
      );
      if (answer.trim().toLowerCase() === "o") return "once";
      return answer.trim().toLowerCase() === "a" ? "always" : "reject";
    } finally {
      terminal.close();
    }
  }
}
