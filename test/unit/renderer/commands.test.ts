import { expect, test } from "vitest";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { stoppedServer, type ServerStatus } from "#shared/schema/server.ts";
import { settingsSchema } from "#shared/schema/settings.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { scoreCommand } from "../../../renderer/shell/command-score.ts";
import type { CommandContext } from "../../../renderer/shell/command.ts";
import { commandFor, commands } from "../../../renderer/shell/commands.ts";
import { dynamicCommands } from "../../../renderer/shell/dynamic-commands.ts";
import { matchesShortcut, showShortcut, type KeyPress } from "../../../renderer/shell/shortcut.ts";
import type { Actions } from "../../../renderer/view/actions.ts";
import { createStore } from "../../../renderer/view/store.ts";
import { restoreView } from "../../../renderer/view/view.ts";

const workspace = "wsp_0000000000000001" as Project["workspace"];
const project = {
  id: "prj_0000000000000001",
  workspace,
  name: "shop",
  directory: "/srv/shop",
  openedAt: "",
  trusted: false,
} as Project;

/** Actions that only note that they were asked for. */
function noted() {
  const asked: unknown[][] = [];
  const actions = new Proxy({} as Actions, {
    get:
      (_target, name) =>
      (...parameters: unknown[]) =>
        void asked.push([name, ...parameters]),
  });
  return { asked, actions };
}

const context = (change: Partial<CommandContext> = {}): CommandContext => ({
  actions: noted().actions,
  view: createStore(restoreView(null)),
  host: null,
  settings: null,
  projects: [],
  project: null,
  environment: null,
  chat: null,
  ...change,
});
const environment = (change: Partial<EnvironmentStatus>) =>
  ({
    workspace,
    phase: "stopped",
    services: [],
    server: null,
    problems: [],
    ...change,
  }) as unknown as EnvironmentStatus;
const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: "",
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});
const offered = (given: CommandContext) =>
  commands.filter((command) => command.when?.(given) ?? true).map((command) => command.id);

test("no two commands share an id, a title or a shortcut", () => {
  for (const key of ["id", "title", "shortcut"] as const) {
    const values = commands.map((command) => command[key]).filter((value) => value !== undefined);
    expect(new Set(values).size, key).toBe(values.length);
  }
});

test("without a project only what needs none is offered", () => {
  expect(offered(context())).toEqual([
    "project.open",
    "theme.system",
    "theme.light",
    "theme.dark",
    "settings",
    "palette",
    "host.stop",
  ]);
});

test("start and stop are offered where they would do something", () => {
  const stopped = offered(context({ project, environment: environment({ phase: "stopped" }) }));
  expect(stopped).toContain("environment.start");
  expect(stopped).not.toContain("environment.stop");
  const ready = offered(context({ project, environment: environment({ phase: "ready" }) }));
  expect(ready).not.toContain("environment.start");
  expect(ready).toContain("environment.stop");
});

test("what can be done with the server follows its state", () => {
  const of = (change: Partial<ServerStatus>) =>
    offered(context({ project, environment: environment({ server: { ...stoppedServer, ...change } }) })).filter((id) =>
      id.startsWith("server."),
    );
  const always = ["server.show", "server.logs", "server.report"];
  expect(of({ state: "stopped" })).toEqual([
    "server.start",
    "server.show",
    "server.adopt",
    "server.logs",
    "server.report",
  ]);
  expect(of({ state: "running" })).toEqual(["server.restart", "server.stop", ...always]);
  expect(of({ state: "running", ownership: "adopted" })).toEqual(["server.stop", ...always]);
  expect(of({ state: "degraded", plan: { action: "restart", reason: "", at: null } })).toContain("server.keep");
  // It may be about to start again, which a stop calls off.
  expect(of({ state: "crashed" })).toEqual(expect.arrayContaining(["server.start", "server.stop"]));
  expect(of({ state: "gave_up" })).not.toContain("server.stop");
});

test("starting follows the setting about the server", () => {
  const { asked, actions } = noted();
  const given = context({
    actions,
    project,
    environment: environment({}),
    settings: settingsSchema.parse({ serverWithEnvironment: false }),
  });
  commandFor(given, (shortcut) => shortcut === "Mod+Shift+S")?.run(given);
  expect(asked).toEqual([["startEnvironment", workspace, false]]);
});

test("a key whose command makes no sense now does nothing", () => {
  expect(commandFor(context(), (shortcut) => shortcut === "Mod+Shift+S")).toBeNull();
});

test("every service brings the commands that fit its state", () => {
  const services = [
    { name: "api", desired: "running", url: "http://127.0.0.1:4000/" },
    { name: "seed", desired: "stopped", url: null },
  ] as EnvironmentStatus["services"];
  const titles = dynamicCommands(context({ project, environment: environment({ services }) })).map(
    (command) => command.title,
  );
  expect(titles).toEqual([
    "Show api",
    "Restart api",
    "Stop api",
    "Show logs of api",
    "Open in browser: api",
    "Show seed",
    "Start seed",
    "Show logs of seed",
  ]);
});

test("a shortcut is exactly its keys, with ⌘ on a Mac and Ctrl elsewhere", () => {
  expect(matchesShortcut("Mod+K", press("k", { ctrlKey: true }), false)).toBe(true);
  expect(matchesShortcut("Mod+K", press("k", { metaKey: true }), true)).toBe(true);
  expect(matchesShortcut("Mod+K", press("k", { ctrlKey: true }), true)).toBe(false);
  expect(matchesShortcut("Mod+K", press("K", { ctrlKey: true, shiftKey: true }), false)).toBe(false);
  expect(matchesShortcut("Mod+Shift+S", press("ß", { code: "KeyS", ctrlKey: true, shiftKey: true }), false)).toBe(true);
  expect(matchesShortcut("Mod+1", press("&", { code: "Digit1", ctrlKey: true }), false)).toBe(true);
  expect(showShortcut("Mod+Shift+S", true)).toBe("⌘⇧S");
  expect(showShortcut("Mod+Shift+S", false)).toBe("Ctrl+Shift+S");
});

test("what is typed must stand in the command, and titles that begin with it come first", () => {
  expect(scoreCommand("restart", "Stop db:migrate", "Services")).toBe(0);
  expect(scoreCommand("api rest", "Restart api", "")).toBeGreaterThan(0);
  expect(scoreCommand("quit", "Stop everything and end Deckhand", "quit exit")).toBeGreaterThan(0);
  expect(scoreCommand("stop", "Stop api", "")).toBeGreaterThan(scoreCommand("stop", "Nonstop api", ""));
});
