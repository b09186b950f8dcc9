/** A real OpenCode, driven through our server and chat, with the scripted model behind it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PermissionReply } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";
import { scriptedModelConfig } from "../fakes/scripted-model/config.ts";
import { startScriptedModel, type ScriptedModel } from "../fakes/scripted-model/server.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { openWorld, until, viewSession, type World } from "../support/opencode-world.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let model: ScriptedModel;
let world: World;

beforeAll(async () => {
  guardian = await bundleGuardian();
  model = await startScriptedModel();
  world = openWorld({ guardianPath: guardian.path, config: scriptedModelConfig(model.url) });
  await world.server.start();
});
afterAll(async () => {
  await world.close();
  await model.close();
  await guardian.remove();
});

const idle = (id: SessionId) =>
  world.chat.state().sessions.find((session) => session.id === id)?.status.type === "idle";

/** A session with a viewer, and the end of the turn that `text` begins. */
async function turn(text: string) {
  const session = await world.chat.createSession("a test");
  const view = viewSession(world.chat, session.id);
  await until("the first snapshot", () => view.events.length > 0);
  await world.chat.prompt(session.id, { text });
  await until("the turn to begin", () =>
    view.events.some((event) => event.kind === "message" && event.info.role === "assistant"),
  );
  return { id: session.id, view, end: () => until("the turn to end", () => idle(session.id)) };
}

describe("a turn", () => {
  it("streams text in pieces that add up", async () => {
    const { view, end } = await turn("#slow 2\n#stream 300");
    await end();
    const deltas = view.events.filter((event) => event.kind === "delta");
    expect(deltas.length).toBeGreaterThan(20);
    const text = view.texts().at(-1) ?? "";
    expect([text.split(" ").length, text.split(" ").at(-1)]).toEqual([300, "word-300"]);
    view.end();
  });

  it("gives a late viewer a snapshot with the text so far, then the rest", async () => {
    const { id, view, end } = await turn("#slow 15\n#stream 150");
    await until("some text", () => (view.texts().at(-1) ?? "").includes("word-30"));
    view.end();
    // Nobody watches now: what comes meanwhile must be in our own copy.
    const before = world.server.status().events;
    await until("more text", () => world.server.status().events > before + 30);
    const late = viewSession(world.chat, id);
    await until("the snapshot", () => late.events[0]?.kind === "snapshot");
    expect(late.texts().at(-1)).toContain("word-1 word-2");
    await end();
    expect(late.texts().at(-1)?.split(" ").length).toBe(150);
    // The text as it was streamed, before the whole came at its end: no piece is missing and none is there twice.
    const beforeEnd = late.events.filter((event) => event.kind !== "part");
    const streamed = replay(beforeEnd);
    expect(streamed).toBe(late.texts().at(-1));
    late.end();
  });

  it("shows reasoning apart from text", async () => {
    const { view, end } = await turn("#reason the sea is wet");
    await end();
    const reasoning = view.events.findLast((event) => event.kind === "part" && event.part.type === "reasoning");
    expect(reasoning).toMatchObject({ part: { text: "the sea is wet", done: true } });
    view.end();
  });

  it("gets a title from the model if it was made without one", async () => {
    const session = await world.chat.createSession();
    await world.chat.prompt(session.id, { text: "paint the harbour blue" });
    await until("the title", () =>
      world.chat.state().sessions.some(({ id, title }) => id === session.id && title.startsWith("paint the harbour")),
    );
    await until("the end", () => idle(session.id));
  });

  it("is aborted in the middle, and the session can be used again", async () => {
    const { id, view, end } = await turn("#slow 30\n#stream 2000");
    await until("some text", () => (view.texts().at(-1) ?? "").includes("word-5"));
    await world.chat.abort(id);
    await end();
    await until("the error", () =>
      view.events.some((event) => event.kind === "message" && event.info.error?.name === "MessageAbortedError"),
    );
    expect(view.events.filter((event) => event.kind === "error")).toEqual([]);
    expect(view.texts().at(-1)).not.toContain("word-2000");
    await world.chat.prompt(id, { text: "#say back again" });
    await until("the next answer", () => view.texts().includes("back again"));
    await end();
    view.end();
  });

  it("tells an error of the model once, at the message", async () => {
    const { view, end } = await turn("#fail 401");
    await end();
    await until("the error", () => view.events.some((event) => event.kind === "message" && event.info.error !== null));
    const [failed] = view.events.flatMap((event) => (event.kind === "message" && event.info.error ? [event.info] : []));
    expect(failed?.error).toEqual({ name: "APIError", message: "scripted failure 401" });
    expect(view.events.filter((event) => event.kind === "error")).toEqual([]);
    view.end();
  });

  it("tells an error that belongs to no message", async () => {
    const session = await world.chat.createSession("no such model");
    const view = viewSession(world.chat, session.id);
    await until("the snapshot", () => view.events.length > 0);
    await world.chat.prompt(session.id, { text: "hello", model: "scripted/nothing" });
    const error = await until("the error", () => view.events.find((event) => event.kind === "error"));
    expect(error.message).toContain("nothing");
    view.end();
  });

  it("takes back half a text when the model's answer breaks off and is asked for again", async () => {
    const { id, view, end } = await turn("#slow 0\n#cut 1\n#say whole");
    await until("the retry", () =>
      view.events.some((event) => event.kind === "session" && event.session.status.type === "retry"),
    );
    expect(view.texts().some((text) => text.includes("about to be cut"))).toBe(false);
    await until("the second try", () => view.texts().includes("whole"), 20_000);
    await end();
    const later = viewSession(world.chat, id);
    await until("the snapshot", () => later.events.length > 0);
    expect(later.texts()).toEqual(["#slow 0\n#cut 1\n#say whole", "whole"]);
    later.end();
    view.end();
  });
});

describe("what the agent asks", () => {
  const request = (id: SessionId) =>
    until("the permission", () => world.chat.state().permissions.find((asked) => asked.sessionId === id));
  const runs = async (text: string, reply: PermissionReply, message?: string) => {
    const { id, view, end } = await turn(text);
    const asked = await request(id);
    await world.chat.replyPermission(asked.id, reply, message);
    await end();
    view.end();
    return { asked, view, id };
  };

  it("runs a command that was allowed once, and asks again the next time", async () => {
    const { asked, view, id } = await runs("#bash echo once-$((40 + 2))", "once");
    expect(asked).toMatchObject({ permission: "bash", metadata: { command: "echo once-$((40 + 2))" } });
    expect(view.tools().at(-1)?.state).toMatchObject({ status: "completed", output: "once-42\n" });
    expect(view.texts().at(-1)).toContain("once-42");
    await world.chat.prompt(id, { text: "#bash echo once-$((40 + 2))" });
    await world.chat.replyPermission((await request(id)).id, "once");
    await until("the end", () => idle(id));
  });

  it("does not ask again for what was allowed always", async () => {
    const { id } = await runs("#bash printf always", "always");
    const view = viewSession(world.chat, id);
    await world.chat.prompt(id, { text: "#bash printf again" });
    await until("the output", () => view.tools().some((part) => part.state.output?.startsWith("again")));
    await until("the end", () => idle(id));
    expect(world.chat.state().permissions).toEqual([]);
    view.end();
  });

  it("ends the turn at a plain no, and lets the agent go on from a no with a reason", async () => {
    const plain = await runs("#bash echo never-1", "reject");
    expect(plain.view.tools().at(-1)?.state.status).toBe("error");
    const reasoned = await runs("#bash echo never-2", "reject", "use make instead");
    expect(reasoned.view.texts().at(-1)).toContain("use make instead");
    for (const { view } of [plain, reasoned]) expect(view.tools().some((part) => part.state.output)).toBe(false);
  });

  it("shows a sub-agent's request at the session a person talks to", async () => {
    const { id, view, end } = await turn("#task \\bash echo from-below");
    const asked = await request(id);
    const child = await until("the sub-agent", () =>
      world.chat.state().sessions.find((session) => session.parentId === id),
    );
    expect(child.id).not.toBe(id);
    await world.chat.replyPermission(asked.id, "once");
    await end();
    expect(view.texts().at(-1)).toContain("from-below");
    view.end();
  });

  it("takes an answer to a question, and a refusal", async () => {
    const { view, end, id } = await turn("#question What now?");
    const find = () => world.chat.state().questions.find((asked) => asked.sessionId === id);
    const asked = await until("the question", find);
    expect(asked.questions[0]).toMatchObject({ question: "What now?", multiple: false });
    await world.chat.replyQuestion(asked.id, [["Green"]]);
    await end();
    expect(view.texts().at(-1)).toContain("Green");
    await world.chat.prompt(id, { text: "#question Again?" });
    await world.chat.rejectQuestion((await until("the second question", find)).id);
    await until("the end", () => idle(id) && world.chat.state().questions.length === 0);
    view.end();
  });

  it("refuses an answer to what is no longer asked", async () => {
    const { asked } = await runs("#bash true", "once");
    await expect(world.chat.replyPermission(asked.id, "once")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("tools", () => {
  it("writes and edits a file of the workspace", async () => {
    const first = await turn("#write note.txt hello harbour");
    await first.end();
    const second = await turn("#edit note.txt harbour => sea");
    await second.end();
    expect(readFileSync(join(world.directory, "note.txt"), "utf8")).toBe("hello sea\n");
    const edit = second.view.tools().findLast((part) => part.tool === "edit");
    expect(edit?.state).toMatchObject({ status: "completed", metadata: { diff: expect.any(String) as string } });
    first.view.end();
    second.view.end();
  });
});

describe("sessions", () => {
  it("lists its models with the default", async () => {
    expect(await world.chat.models()).toEqual({
      models: [{ id: "scripted/m1", name: "Scripted model", provider: "Scripted model (demo)" }],
      default: "scripted/m1",
    });
  });

  it("is gone for list and viewer when it is removed, and every call says so", async () => {
    const session = await world.chat.createSession("short-lived");
    const view = viewSession(world.chat, session.id);
    await until("the snapshot", () => view.events.length > 0);
    await world.chat.remove(session.id);
    await until("the end", () => view.ends.length > 0);
    expect(view.ends).toEqual(["session_missing"]);
    expect(world.chat.state().sessions.some(({ id }) => id === session.id)).toBe(false);
    await expect(world.chat.prompt(session.id, { text: "hello" })).rejects.toMatchObject({ code: "session_missing" });
    const late = viewSession(world.chat, session.id);
    await until("the refusal", () => late.ends.length > 0);
    expect(late.ends).toEqual(["session_missing"]);
  });

  it("refuses a session of another folder, which OpenCode would have driven", async () => {
    const client = world.server.client();
    const other = join(world.root, "home");
    const response = await fetch(`${client?.url}/session?directory=${encodeURIComponent(other)}`, {
      method: "POST",
      headers: { authorization: basic(world.book.secrets[0] ?? ""), "content-type": "application/json" },
      body: "{}",
    });
    const { id } = (await response.json()) as { id: SessionId };
    await expect(world.chat.prompt(id, { text: "#write stolen.txt x" })).rejects.toMatchObject({
      code: "session_missing",
    });
    expect(existsSync(join(other, "stolen.txt"))).toBe(false);
    expect(world.chat.state().sessions.some((session) => session.id === id)).toBe(false);
  });

  it("refuses a model that is not named as provider/model", async () => {
    const session = await world.chat.createSession("a");
    await expect(world.chat.prompt(session.id, { text: "x", model: "m1" })).rejects.toMatchObject({
      code: "bad_input",
    });
  });
});

function basic(password: string): string {
  return `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`;
}

/** The last text that a snapshot and the deltas after it make. */
function replay(events: ReturnType<typeof viewSession>["events"]): string {
  let text = "";
  for (const event of events) {
    if (event.kind === "snapshot") {
      const part = event.messages.at(-1)?.parts.findLast(({ type }) => type === "text");
      text = part?.type === "text" ? part.text : "";
    }
    if (event.kind === "delta") text += event.delta;
  }
  return text;
}
