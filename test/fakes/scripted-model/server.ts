/**
 * A model that does as it is told: the OpenAI chat API over loopback, with answers from scenario.ts. For tests, which need
 * a model that streams, calls tools, fails and stalls on request, and for the demonstration, which needs neither key nor
 * network. It uses Node alone.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { completion, errorBody, StreamWriter } from "./openai.ts";
import { isTitleRequest, planAnswer, type ChatMessage, type Plan } from "./scenario.ts";

/** What came in, for a test to look at. The newest 1,000 are kept. */
export type ModelRequest = {
  readonly kind: "chat" | "title" | "models" | "other";
  readonly path: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly string[];
  readonly body: unknown;
};

export type ScriptedModel = {
  /** `http://127.0.0.1:PORT`, without `/v1`. */
  readonly url: string;
  readonly port: number;
  readonly requests: readonly ModelRequest[];
  /** Answers being sent now; a stalled one counts until its reader goes. */
  readonly active: number;
  close(): Promise<void>;
};

const KEPT_REQUESTS = 1_000;
/** A conversation of the demonstration is far below; a body beyond it is refused with 413. */
const BODY_MAX_BYTES = 64 * 1024 * 1024;

export async function startScriptedModel(options: { readonly port?: number } = {}): Promise<ScriptedModel> {
  const requests: ModelRequest[] = [];
  const attempts = new Map<string, number>();
  const ending = new AbortController();
  let active = 0;

  const server = createServer((request, response) => {
    active += 1;
    response.once("close", () => (active -= 1));
    serve(request, response).catch((error: unknown) => {
      if (response.destroyed || response.writableEnded) return;
      if (response.headersSent) response.destroy();
      else json(response, 400, errorBody(error instanceof Error ? error.message : String(error)));
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://127.0.0.1").pathname;
    if (request.method === "GET" && path === "/v1/models") {
      remember({ kind: "models", path, messages: [], tools: [], body: null });
      return json(response, 200, {
        object: "list",
        data: [{ id: "m1", object: "model", created: 0, owned_by: "deckhand" }],
      });
    }
    if (request.method !== "POST" || path !== "/v1/chat/completions") {
      remember({ kind: "other", path, messages: [], tools: [], body: null });
      return json(response, 404, errorBody(`no such path: ${request.method} ${path}`));
    }
    const body: unknown = JSON.parse(await readBody(request));
    const messages = readMessages(body);
    const tools = readTools(body);
    remember({ kind: isTitleRequest(messages) ? "title" : "chat", path, messages, tools, body });
    // A retry sends the same conversation again; an answer that gets through ends the count.
    const key = JSON.stringify(messages.filter((message) => message.role !== "system"));
    const attempt = attempts.get(key) ?? 0;
    const plan = planAnswer({ messages, tools, attempt });
    if (plan.kind === "answer" && !plan.steps.some((step) => step.kind === "cut")) attempts.delete(key);
    else attempts.set(key, attempt + 1);
    await reply(response, plan, wantsStream(body), messages);
  }

  async function reply(response: ServerResponse, plan: Plan, streamed: boolean, messages: readonly ChatMessage[]) {
    if (plan.kind === "fail") {
      if (plan.status === 429) response.setHeader("retry-after", "1");
      return json(response, plan.status, errorBody(plan.message));
    }
    const inputTokens = Math.ceil(messages.reduce((sum, message) => sum + message.text.length, 0) / 4);
    if (!streamed) return json(response, 200, completion(plan.steps, inputTokens));
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, ending.signal]);
    const writer = new StreamWriter(response, inputTokens, signal);
    await writer.begin();
    for (const step of plan.steps) {
      if (step.kind === "cut") return void response.destroy();
      if (step.kind === "stall") return void (await ended(signal));
      if (step.kind === "tool") await writer.tool(step.name, step.input);
      else {
        for (const piece of step.text.match(/\s*\S+\s*$|\s*\S+/g) ?? [step.text]) {
          await writer.text(step.kind, piece);
          if (plan.delayMs > 0) await delay(plan.delayMs, undefined, { signal });
        }
      }
    }
    await writer.end();
  }

  function remember(request: ModelRequest): void {
    requests.push(request);
    if (requests.length > KEPT_REQUESTS) requests.shift();
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    get active() {
      return active;
    },
    close: () =>
      new Promise((resolve) => {
        ending.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX_BYTES) throw new Error("the request is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function readMessages(body: unknown): ChatMessage[] {
  const messages = field(body, "messages");
  if (!Array.isArray(messages)) throw new Error("messages is missing");
  return messages.map((message: unknown) => ({
    role: String(field(message, "role")),
    text: textOf(field(message, "content")),
  }));
}

/** The content of a message is a text, or a list of parts of which some are text. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => (typeof field(part, "text") === "string" ? field(part, "text") : ""))
    .join("\n");
}

function readTools(body: unknown): string[] {
  const tools = field(body, "tools");
  if (!Array.isArray(tools)) return [];
  return tools.map((tool: unknown) => String(field(field(tool, "function"), "name")));
}

function wantsStream(body: unknown): boolean {
  return field(body, "stream") === true;
}
