/**
 * What the scripted model answers: pure, from the messages of the request alone. Directives stand in the newest user
 * message, each from its `#` to the end of the line; README.md lists them. Directives that call a tool are worked off one
 * after the other, one for each tool result that already stands behind that message; then comes a closing text, so that a
 * turn always ends.
 */
import { closingText, defaultText, markdownText, streamText } from "./texts.ts";

export type Step =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "tool"; readonly name: string; readonly input: Readonly<Record<string, unknown>> }
  /** Nothing more comes, the connection stays open. */
  | { readonly kind: "stall" }
  /** The connection is destroyed in the middle of the answer. */
  | { readonly kind: "cut" };

export type Plan =
  | { readonly kind: "answer"; readonly steps: readonly Step[]; readonly delayMs: number }
  | { readonly kind: "fail"; readonly status: number; readonly message: string };

/** A message of the OpenAI chat API, as far as it matters here. */
export type ChatMessage = { readonly role: string; readonly text: string };

export type ChatRequest = {
  readonly messages: readonly ChatMessage[];
  /** Names of the tools that are offered. */
  readonly tools: readonly string[];
  /** How often the model was asked exactly this before; `#fail 500 2` and `#cut 1` count with it. */
  readonly attempt: number;
};

export type Directive = { readonly name: string; readonly argument: string };

const NAMES = "ask|bash|cut|edit|fail|markdown|question|reason|say|slow|stall|stream|task|todo|tool|write";
/** Between two words of an answer, in ms: slow enough to be seen, quick enough for a test. */
const WORD_MS = 12;

/** The directives of a text, in order. */
export function readDirectives(text: string): Directive[] {
  return Array.from(text.matchAll(new RegExp(`(?<![\\w#])#(${NAMES})(?![\\w-])[ \\t]*([^\\n]*)`, "g")), (match) => ({
    name: match[1] ?? "",
    argument: (match[2] ?? "").trim(),
  }));
}

/** OpenCode asks for a title beside the first turn of a session that was made without one. */
export function isTitleRequest(messages: readonly ChatMessage[]): boolean {
  return messages.some((message) => message.role === "system" && message.text.includes("title generator"));
}

export function planAnswer(request: ChatRequest): Plan {
  if (isTitleRequest(request.messages)) return answer([{ kind: "text", text: title(request.messages) }], 0);
  const asked = request.messages.findLastIndex((message) => message.role === "user");
  const text = request.messages[asked]?.text ?? "";
  const results = request.messages.slice(asked + 1).filter((message) => message.role === "tool");
  const directives = readDirectives(text);
  const slow = directives.find((directive) => directive.name === "slow");
  const delayMs = slow === undefined ? WORD_MS : number(slow.argument, 200);
  const acts = directives.filter((directive) => directive.name !== "slow");
  const calls = acts.flatMap((directive) => toolCall(directive) ?? []);
  const spoken = calls.length === 0 && acts.length === 0 ? naturalCall(text, request.tools) : null;
  if (spoken !== null) calls.push(spoken);

  const next = calls[results.length];
  const last = results.at(-1);
  if (last !== undefined && next === undefined)
    return answer([{ kind: "text", text: closingText(last.text) }], delayMs);

  // Before the first tool call everything that is said, thought or broken comes in the order it was written.
  const steps: Step[] = [];
  for (const directive of results.length === 0 ? acts : []) {
    const outcome = act(directive, request.attempt);
    if (outcome === null) continue;
    if (!Array.isArray(outcome)) return outcome;
    steps.push(...outcome);
  }
  if (next !== undefined) {
    if (results.length === 0 && steps.length === 0) steps.push({ kind: "text", text: announcement(next) });
    steps.push(next);
  }
  if (steps.length === 0) steps.push({ kind: "text", text: acts.length > 0 ? "Done." : defaultText(text) });
  return answer(steps, delayMs);
}

/** What a directive that is no tool call does; null for those that are, or that are used up by now. */
function act({ name, argument }: Directive, attempt: number): Step[] | Extract<Plan, { kind: "fail" }> | null {
  switch (name) {
    case "say":
      return [{ kind: "text", text: argument }];
    case "markdown":
      return [{ kind: "text", text: markdownText }];
    case "stream":
      return [{ kind: "text", text: streamText(number(argument, 200)) }];
    case "reason":
      return [
        { kind: "reasoning", text: argument || "The question is about reasoning, so some of it is shown first." },
        { kind: "text", text: "I thought about it first; that part is shown above as reasoning." },
      ];
    case "stall":
      return [{ kind: "text", text: "This answer stops in the middle of" }, { kind: "stall" }];
    case "cut":
      if (attempt >= number(argument, Infinity)) return null;
      return [{ kind: "text", text: "This connection is about to be cut" }, { kind: "cut" }];
    case "fail": {
      const [status, times] = argument.split(/\s+/);
      if (attempt >= number(times, Infinity)) return null;
      return { kind: "fail", status: number(status, 500), message: `scripted failure ${number(status, 500)}` };
    }
    default:
      return null;
  }
}

function toolCall({ name, argument }: Directive): Extract<Step, { kind: "tool" }> | null {
  switch (name) {
    case "bash":
      return bash(argument || "ls -la");
    case "ask":
      return bash("echo allowed by a person");
    case "write": {
      const [path = "note.txt", ...words] = argument.split(/\s+/);
      return tool("write", {
        filePath: path || "note.txt",
        content: `${words.join(" ") || "written by the scripted model"}\n`,
      });
    }
    case "edit": {
      // `#edit FILE OLD => NEW`; without the arrow the file is written anew.
      const match = /^(\S+)\s+(.*?)\s*=>\s*(.*)$/.exec(argument);
      if (match === null) {
        const content = "edited by the scripted model\n";
        return tool("write", { filePath: argument.split(/\s+/)[0] || "note.txt", content });
      }
      return tool("edit", { filePath: match[1], oldString: match[2], newString: match[3] });
    }
    case "question":
      return tool("question", {
        questions: [
          {
            header: "Colour",
            question: argument || "Which colour shall the harbour be?",
            options: [
              { label: "Blue", description: "Like the sea." },
              { label: "Green", description: "Like the buoys." },
            ],
          },
        ],
      });
    case "todo":
      return tool("todowrite", {
        todos: [
          { content: "Look around", status: "completed", priority: "high" },
          { content: "Change one thing", status: "in_progress", priority: "medium" },
          { content: "Check it", status: "pending", priority: "low" },
        ],
      });
    case "task":
      return tool("task", { description: "sub job", prompt: argument.replaceAll("\\", "#"), subagent_type: "general" });
    case "tool": {
      const [name_ = "", ...rest] = argument.split(/\s+/);
      return tool(name_, record(rest.join(" ")));
    }
    default:
      return null;
  }
}

/** The sentences a person tries first. */
function naturalCall(text: string, tools: readonly string[]): Extract<Step, { kind: "tool" }> | null {
  const asks = (pattern: RegExp) => pattern.test(text);
  const has = (name: string) => tools.includes(name);
  if (has("kit_devStart") && asks(/\bstart\b.*\benvironment\b/i)) return tool("kit_devStart", { wait: "ready" });
  if (has("kit_devStop") && asks(/\bstop\b.*\benvironment\b/i)) return tool("kit_devStop", {});
  if (has("kit_devStatus") && asks(/\b(status|state|how)\b.*\benvironment\b/i)) return tool("kit_devStatus", {});
  if (asks(/\b(list|show|see)\b.*\bfiles?\b/i)) return bash("ls -la", "Lists the files of the folder");
  if (asks(/\brun\b.*\btests?\b/i)) {
    return bash('npm test --if-present 2>&1 | tail -n 20; echo "exit code ${PIPESTATUS[0]}"', "Runs the tests");
  }
  return null;
}

function announcement(call: Extract<Step, { kind: "tool" }>): string {
  const command = call.input["command"];
  if (call.name === "bash") return `I will run \`${typeof command === "string" ? command : ""}\`.`;
  return `I will use the tool \`${call.name}\`.`;
}

/** A title of at most five words out of what the user wrote. */
function title(messages: readonly ChatMessage[]): string {
  const user = messages.findLast((message) => message.role === "user" && message.text.trim() !== "")?.text ?? "";
  const words = user
    .replaceAll(new RegExp(`#(${NAMES})`, "g"), "")
    .split(/\s+/)
    .filter((word) => word !== "");
  return words.slice(0, 5).join(" ").slice(0, 50) || "Scripted conversation";
}

function answer(steps: readonly Step[], delayMs: number): Plan {
  return { kind: "answer", steps, delayMs };
}

function bash(command: string, description = "Runs a command for the demonstration"): Extract<Step, { kind: "tool" }> {
  return tool("bash", { command, description });
}

function tool(name: string, input: Record<string, unknown>): Extract<Step, { kind: "tool" }> {
  return { kind: "tool", name, input };
}

function number(text: string | undefined, otherwise: number): number {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
}

function record(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error(`#tool needs a JSON object, got ${text}`);
  return { ...value };
}
