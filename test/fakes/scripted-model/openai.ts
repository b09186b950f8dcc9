/** The frames of the OpenAI chat API: what https://platform.openai.com/docs/api-reference/chat-streaming describes. */
import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Step } from "./scenario.ts";

const MODEL = "m1";

export function errorBody(message: string): unknown {
  return { error: { message, type: "scripted_error", param: null, code: null } };
}

/** One streamed answer. Waits for a slow reader instead of piling up text; throws when the reader is gone. */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  readonly #id = `chatcmpl-${randomUUID()}`;
  readonly #inputTokens: number;
  #pieces = 0;
  #tools = 0;

  constructor(response: ServerResponse, inputTokens: number, signal: AbortSignal) {
    this.#response = response;
    this.#inputTokens = inputTokens;
    this.#signal = signal;
  }

  async begin(): Promise<void> {
    this.#response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    await this.#chunk({ role: "assistant", content: "" }, null);
  }

  async text(kind: "text" | "reasoning", piece: string): Promise<void> {
    this.#pieces += 1;
    await this.#chunk(kind === "text" ? { content: piece } : { reasoning_content: piece }, null);
  }

  /** The call's name first, then its arguments in two pieces, as real models send them. */
  async tool(name: string, input: unknown): Promise<void> {
    const index = this.#tools;
    this.#tools += 1;
    const argument = JSON.stringify(input);
    const half = Math.floor(argument.length / 2);
    const call = (part: Record<string, unknown>) => this.#chunk({ tool_calls: [{ index, ...part }] }, null);
    await call({
      id: `call_${randomUUID().replaceAll("-", "").slice(0, 20)}`,
      type: "function",
      function: { name, arguments: "" },
    });
    await call({ function: { arguments: argument.slice(0, half) } });
    await call({ function: { arguments: argument.slice(half) } });
  }

  async end(): Promise<void> {
    await this.#chunk({}, this.#tools > 0 ? "tool_calls" : "stop");
    await this.#write({ ...this.#frame(), choices: [], usage: usage(this.#inputTokens, this.#pieces) });
    this.#response.end("data: [DONE]\n\n");
  }

  #chunk(delta: Record<string, unknown>, finish: string | null): Promise<void> {
    return this.#write({ ...this.#frame(), choices: [{ index: 0, delta, finish_reason: finish }] });
  }

  #frame(): Record<string, unknown> {
    return { id: this.#id, object: "chat.completion.chunk", created: Math.floor(Date.now() / 1_000), model: MODEL };
  }

  async #write(frame: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#response.write(`data: ${JSON.stringify(frame)}\n\n`)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#response.off("drain", done);
        this.#signal.removeEventListener("abort", done);
        resolve();
      };
      this.#response.once("drain", done);
      this.#signal.addEventListener("abort", done, { once: true });
    });
  }
}

/** The answer in one piece, for a caller that does not stream. */
export function completion(steps: readonly Step[], inputTokens: number): unknown {
  const text = steps.flatMap((step) => (step.kind === "text" ? [step.text] : [])).join("\n");
  const calls = steps.flatMap((step) =>
    step.kind === "tool"
      ? [
          {
            id: `call_${randomUUID()}`,
            type: "function",
            function: { name: step.name, arguments: JSON.stringify(step.input) },
          },
        ]
      : [],
  );
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: "chat.completion",
    created: Math.floor(Date.now() / 1_000),
    model: MODEL,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, ...(calls.length > 0 ? { tool_calls: calls } : {}) },
        finish_reason: calls.length > 0 ? "tool_calls" : "stop",
      },
    ],
    usage: usage(inputTokens, Math.ceil(text.length / 4)),
  };
}

function usage(input: number, output: number): unknown {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}
