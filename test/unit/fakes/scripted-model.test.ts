import { afterEach, describe, expect, it } from "vitest";
import { planAnswer, readDirectives, type ChatMessage } from "../../fakes/scripted-model/scenario.ts";
import { startScriptedModel, type ScriptedModel } from "../../fakes/scripted-model/server.ts";

let model: ScriptedModel;
afterEach(() => model?.close());

type Chunk = {
  choices: {
    delta: {
      content?: string;
      reasoning_content?: string;
      tool_calls?: { function?: { name?: string; arguments?: string } }[];
    };
    finish_reason: string | null;
  }[];
};

async function ask(messages: readonly unknown[], signal?: AbortSignal): Promise<Response> {
  return fetch(`${model.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m1", stream: true, messages, tools: [] }),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function chunks(response: Response): Promise<Chunk[]> {
  const frames = (await response.text()).split("\n\n").filter((frame) => frame !== "");
  expect(frames.at(-1)).toBe("data: [DONE]");
  return frames.slice(0, -1).map((frame) => JSON.parse(frame.replace(/^data: /, "")) as Chunk);
}

const textOf = (list: Chunk[]) => list.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
const user = (text: string): ChatMessage => ({ role: "user", text });

describe("readDirectives", () => {
  it("takes each directive to the end of its line and leaves other hashes alone", () => {
    expect(readDirectives("# Title\nissue #12\nplease #bash echo #hi\n#slow 5")).toEqual([
      { name: "bash", argument: "echo #hi" },
      { name: "slow", argument: "5" },
    ]);
  });
});

describe("planAnswer", () => {
  it("works off several tool directives one result at a time and then closes with text", () => {
    const asked = user("#bash one\n#bash two");
    const result = { role: "tool", text: "out\nput" };
    const at = (count: number) =>
      planAnswer({ messages: [asked, ...Array.from({ length: count }, () => result)], tools: [], attempt: 0 });
    const commands = [at(0), at(1)].map(
      (plan) => plan.kind === "answer" && plan.steps.find((step) => step.kind === "tool"),
    );
    expect(commands).toMatchObject([{ input: { command: "one" } }, { input: { command: "two" } }]);
    expect(at(2)).toMatchObject({ steps: [{ kind: "text", text: expect.stringContaining("out\nput") as string }] });
  });

  it("obeys only the newest user message", () => {
    const plan = planAnswer({ messages: [user("#fail 500"), user("hello")], tools: [], attempt: 0 });
    expect(plan).toMatchObject({
      kind: "answer",
      steps: [{ text: expect.stringContaining("scripted model") as string }],
    });
  });

  it("uses an environment tool for a plain sentence only where it is offered", () => {
    const plan = (tools: string[]) => planAnswer({ messages: [user("start my environment")], tools, attempt: 0 });
    expect(JSON.stringify(plan(["kit_devStart"]))).toContain("kit_devStart");
    expect(JSON.stringify(plan([]))).not.toContain("kit_devStart");
  });
});

describe("the scripted model", () => {
  it("streams as many words as it is told", async () => {
    model = await startScriptedModel();
    const list = await chunks(await ask([{ role: "user", content: "#slow 0\n#stream 2000" }]));
    const words = textOf(list).split(" ");
    expect([words.length, words[0], words.at(-1)]).toEqual([2_000, "word-1", "word-2000"]);
  });

  it("sends a tool call whose arguments join to what was asked", async () => {
    model = await startScriptedModel();
    const list = await chunks(await ask([{ role: "user", content: [{ type: "text", text: '#bash echo "a b"' }] }]));
    const calls = list.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(calls[0]?.function?.name).toBe("bash");
    const argument = calls.map((call) => call.function?.arguments ?? "").join("");
    expect(JSON.parse(argument)).toMatchObject({ command: 'echo "a b"' });
    expect(list.map((chunk) => chunk.choices[0]?.finish_reason ?? null)).toContain("tool_calls");
  });

  it("answers a title request with a short title", async () => {
    model = await startScriptedModel();
    const list = await chunks(
      await ask([
        { role: "system", content: "You are a title generator. You output only a title." },
        { role: "user", content: "#bash find out which of the many files is longest" },
      ]),
    );
    expect(textOf(list)).toBe("find out which of the");
    expect(model.requests[0]?.kind).toBe("title");
  });

  it("fails as often as it is told and then answers, and counts anew afterwards", async () => {
    model = await startScriptedModel();
    const status: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const response = await ask([{ role: "user", content: "#fail 429 1" }]);
      status.push(response.status);
      await response.text();
    }
    expect(status).toEqual([429, 200, 429, 200]);
  });

  it("cuts the connection in the middle of an answer", async () => {
    model = await startScriptedModel();
    const response = await ask([{ role: "user", content: "#cut" }]);
    await expect(response.text()).rejects.toThrow();
  });

  it("stalls without ending, and closing it ends the stall", async () => {
    model = await startScriptedModel();
    const response = await ask([{ role: "user", content: "#slow 0\n#stall" }]);
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error("no body");
    expect((await reader.read()).done).toBe(false);
    expect(model.active).toBe(1);
    await model.close();
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow();
  });

  it("refuses what is no chat request", async () => {
    model = await startScriptedModel();
    const bad = await fetch(`${model.url}/v1/chat/completions`, { method: "POST", body: "{}" });
    const missing = await fetch(`${model.url}/v1/nothing`);
    expect([bad.status, missing.status]).toEqual([400, 404]);
    expect((await (await fetch(`${model.url}/v1/models`)).json()) as unknown).toMatchObject({ data: [{ id: "m1" }] });
  });
});
