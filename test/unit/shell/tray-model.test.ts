import { describe, expect, it } from "vitest";
import { environmentPhaseSchema, type EnvironmentPhase, type EnvironmentStatus } from "#shared/schema/environment.ts";
import { stoppedServer } from "#shared/schema/server.ts";
import { projectSchema, type Project } from "#shared/schema/workspace.ts";
import { workspaceIdSchema } from "#shared/schema/id.ts";
import { describePhase, plainName, trayModel } from "../../../electron/shell/tray-model.ts";

const hex = (number: number) => number.toString(16).padStart(16, "0");

function project(number: number, more: Partial<Project> = {}): Project {
  return {
    ...projectSchema.parse({
      id: `prj_${hex(number)}`,
      workspace: `wsp_${hex(number)}`,
      name: `shop-${number}`,
      directory: `/shops/${number}`,
      openedAt: "2026-01-01T00:00:00.000Z",
      trusted: true,
    }),
    ...more,
  };
}

function environment(number: number, phase: EnvironmentPhase): EnvironmentStatus {
  return {
    directory: `/shops/${number}`,
    workspace: workspaceIdSchema.parse(`wsp_${hex(number)}`),
    profile: "dev",
    phase,
    since: "2026-01-01T00:00:00.000Z",
    services: [],
    server: null,
    problems: [],
  };
}

const labels = (projects: Project[], environments: EnvironmentStatus[]) =>
  trayModel(projects, environments).items.flatMap((item) => (item.kind === "separator" ? [] : [item.label]));

describe("the tray", () => {
  it("says so when no project is open, and always offers the window and the way out", () => {
    expect(labels([], [])).toEqual(["Open Deckhand", "No project is open", "Quit Deckhand"]);
    expect(trayModel([], []).tooltip).toBe("Deckhand: nothing runs");
  });

  it.each([
    ["stopped", ["shop-1: ○ Stopped", "Start"]],
    ["starting", ["shop-1: ◐ Starting", "Stop"]],
    ["ready", ["shop-1: ● Ready", "Stop"]],
    ["degraded", ["shop-1: ▲ Degraded", "Stop"]],
    ["stopping", ["shop-1: ◐ Stopping"]],
    ["failed", ["shop-1: ▲ Failed", "Start", "Stop"]],
  ] as const)("offers for a project that is %s what makes sense then", (phase, expected) => {
    expect(labels([project(1)], [environment(1, phase)]).slice(1, -1)).toEqual(expected);
  });

  it.each([
    ["degraded", null, "OpenCode: ▲ Degraded…"],
    ["auth", null, "OpenCode: ▲ Locked out…"],
    ["crashed", null, "OpenCode: ▲ Crashed…"],
    ["gave_up", null, "OpenCode: ▲ Gave up…"],
    ["running", { action: "restart", reason: "", at: null }, "OpenCode: ◐ Restarts soon…"],
    ["running", { action: "stop", reason: "", at: null }, "OpenCode: ◐ Stops soon…"],
  ] as const)("says of a server that is %s (plan %j) what the window tells more about", (state, plan, expected) => {
    const troubled = { ...environment(1, "ready"), server: { ...stoppedServer, state, plan } };
    expect(labels([project(1)], [troubled])).toContain(expected);
    expect(trayModel([project(1)], [troubled]).tooltip).toBe(
      state === "running" ? "Deckhand: 1 ready" : "Deckhand: 1 in trouble",
    );
  });

  it.each(["stopped", "starting", "running"] as const)("says nothing of a server that is %s", (state) => {
    const well = { ...environment(1, "ready"), server: { ...stoppedServer, state } };
    expect(labels([project(1)], [well]).join()).not.toContain("OpenCode");
  });

  it("takes a project without an environment for stopped", () => {
    expect(labels([project(1)], [])).toContain("shop-1: ○ Stopped");
  });

  it("never starts what nobody has reviewed: it opens the window instead", () => {
    const { items } = trayModel([project(1, { trusted: false })], []);
    expect(items).toContainEqual({ kind: "action", label: "Review and start…", action: { kind: "open" } });
    expect(items.some((item) => item.kind === "action" && item.action.kind === "start")).toBe(false);
  });

  it("starts and stops the right workspace", () => {
    const { items } = trayModel([project(1), project(2)], [environment(2, "ready")]);
    const actions = items.flatMap((item) => (item.kind === "action" ? [item.action] : []));
    expect(actions).toEqual([
      { kind: "open" },
      { kind: "start", workspace: project(1).workspace },
      { kind: "stop", workspace: project(2).workspace },
      { kind: "quit" },
    ]);
  });

  it("stays short with many projects and says how many more there are", () => {
    const many = Array.from({ length: 30 }, (_, index) => project(index));
    expect(labels(many, [])).toContain("18 more in the window");
    expect(labels(many, []).filter((label) => label.includes("Stopped"))).toHaveLength(12);
  });

  it("sums up in its tooltip", () => {
    const states = [
      environment(1, "ready"),
      environment(2, "ready"),
      environment(3, "failed"),
      environment(4, "starting"),
    ];
    expect(trayModel([], states).tooltip).toBe("Deckhand: 2 ready, 1 changing, 1 in trouble");
  });

  it("has a different word for every phase", () => {
    const words = environmentPhaseSchema.options.map(describePhase);
    expect(new Set(words).size).toBe(words.length);
  });
});

describe("a folder's name in a native menu", () => {
  it.each([
    ["shop", "shop"],
    ["fish & chips", "fish && chips"],
    ["a\nb\tc\u0000d\u2028e", "abcde"],
    ["abc\u202egnp.exe\u202c", "abcgnp.exe"],
    ["\u200b\u200d\u{E0041}", "(no name)"],
    ["   ", "(no name)"],
    ["", "(no name)"],
    ["🚢".repeat(60), `${"🚢".repeat(39)}…`],
    ["a".repeat(41), `${"a".repeat(39)}…`],
    ["a".repeat(40), "a".repeat(40)],
  ])("of %j is %j", (name, shown) => expect(plainName(name)).toBe(shown));
});
