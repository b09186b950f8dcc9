import { describe, expect, it } from "vitest";
import type { Client } from "#shared/client.ts";
import { stoppedServer, type SharedServer } from "#shared/schema/server.ts";
import { adoptCommand } from "../../../electron/cli/commands/server-adopt.ts";
import type { CommandContext } from "../../../electron/cli/command.ts";

type Asked = [name: string, input: unknown];

/** Runs the command against a host that answers `shared`; tells what the host was asked and what was printed. */
async function adopt(options: CommandContext["options"], shared: SharedServer = { kind: "none" }) {
  const asked: Asked[] = [];
  const printed: unknown[] = [];
  const answers: Record<string, unknown> = {
    "project.open": { workspace: "wsp_0000000000000001" },
    "server.shared": shared,
    "server.adopt": { ...stoppedServer, state: "running", ownership: "adopted", url: "http://127.0.0.1:5000" },
  };
  const client = {
    call: (name: string, input: unknown) => {
      asked.push([name, input]);
      return Promise.resolve(answers[name]);
    },
  } as unknown as Client;
  const print = (value: unknown) => void printed.push(value);
  const outcome = await adoptCommand
    .run({
      positionals: ["/work"],
      options,
      home: "/home",
      built: "/built",
      version: "0",
      json: false,
      output: { document: () => undefined, line: print, write: print, note: print, colour: false, live: false },
      signal: new AbortController().signal,
      connect: () => Promise.reject(new Error("not this way")),
      connectOrStart: () => Promise.resolve({ client, started: false }),
    })
    .catch((error: unknown) => error);
  return { outcome, asked, printed };
}

describe("server adopt", () => {
  it.each<[string, CommandContext["options"]]>([
    ["neither an address nor --shared", {}],
    ["an empty address", { url: "" }],
    ["both", { url: "http://127.0.0.1:4096", shared: true }],
    ["--shared and an empty address", { url: "", shared: true }],
  ])("refuses %s before any host is asked", async (_, options) => {
    const { outcome, asked } = await adopt(options);
    expect(outcome).toMatchObject({ code: "bad_input", next: `Usage: deckhand ${adoptCommand.usage}` });
    expect(asked).toEqual([]);
  });

  it("--shared adopts the address the host found, and leaves the password to the host", async () => {
    const shared: SharedServer = { kind: "found", url: "http://127.0.0.1:5000", pid: 7, version: "2.0.12" };
    const { outcome, asked, printed } = await adopt({ shared: true }, shared);
    expect(outcome).toBe(0);
    expect(asked).toEqual([
      ["project.open", { directory: "/work" }],
      ["server.shared", { workspace: "wsp_0000000000000001" }],
      ["server.adopt", { workspace: "wsp_0000000000000001", url: "http://127.0.0.1:5000", password: null }],
    ]);
    expect(printed).toContain("address    http://127.0.0.1:5000");
  });

  it("--shared says that there is none, or why it is refused, each with a next step", async () => {
    const none = await adopt({ shared: true });
    expect(none.outcome).toMatchObject({ code: "not_found", next: expect.any(String) });
    const refused = await adopt({ shared: true }, { kind: "refused", reason: "/f can be read or changed by others." });
    expect(refused.outcome).toMatchObject({
      code: "opencode_settings",
      message: expect.stringContaining("/f can be read or changed by others."),
      next: expect.any(String),
    });
    for (const { asked } of [none, refused]) expect(asked.map(([name]) => name)).not.toContain("server.adopt");
  });
});
