import { describe, expect, it } from "vitest";
import { defaultHome } from "../../../electron/core/lib/home.ts";
import { readLaunch, readSecondLaunch } from "../../../electron/shell/launch.ts";

const machine = { env: {}, platform: "linux", userFolder: "/home/ann", workingDirectory: "/desk" } as const;
const read = (argv: readonly string[], more: object = {}) =>
  readLaunch({ ...machine, argv: ["electron", ...argv], packaged: false, ...more });

describe("the default home", () => {
  it.each([
    ["linux", {}, "/home/ann/.local/state/deckhand"],
    ["linux", { XDG_STATE_HOME: "/state" }, "/state/deckhand"],
    ["linux", { XDG_STATE_HOME: "relative" }, "/home/ann/.local/state/deckhand"],
    ["linux", { XDG_STATE_HOME: "" }, "/home/ann/.local/state/deckhand"],
    ["darwin", { XDG_STATE_HOME: "/state" }, "/home/ann/Library/Application Support/Deckhand"],
  ] as const)("on %s with %j is %s", (platform, env, home) => {
    expect(defaultHome({ platform, env, userFolder: "/home/ann" })).toBe(home);
  });
});

describe("reading a start", () => {
  it("takes the home from --home, then DECKHAND_HOME, then the platform", () => {
    const env = { DECKHAND_HOME: "/from-env" };
    expect(read([".", "--home", "/named"], { env }).home).toBe("/named");
    expect(read([".", "--home=/named"], { env }).home).toBe("/named");
    expect(read(["."], { env }).home).toBe("/from-env");
    expect(read(["."], { env: { DECKHAND_HOME: "" } }).home).toBe("/home/ann/.local/state/deckhand");
    expect(read([".", "--home"], { env }).home).toBe("/from-env");
    expect(read([".", "--home", "here"]).home).toBe("/desk/here");
  });

  it("takes the first plain argument for a folder; from a checkout, the first is the app itself", () => {
    expect(read(["."]).directory).toBeNull();
    expect(read([".", "shop"]).directory).toBe("/desk/shop");
    expect(read(["/checkout", "--home", "/h", "/shop", "/other"]).directory).toBe("/shop");
    expect(read(["/shop"], { packaged: true }).directory).toBe("/shop");
    expect(read([], { packaged: true }).directory).toBeNull();
  });

  it("passes over the switches of Chromium and empty arguments", () => {
    expect(read(["--no-sandbox", ".", "--enable-logging=stderr", "-x", "", "/shop"])).toEqual({
      home: "/home/ann/.local/state/deckhand",
      directory: "/shop",
    });
  });

  it.each([null, undefined, 1, "x", [], {}, { directory: 1 }, { directory: null }])(
    "takes %j from a second start for one without a folder",
    (data) => expect(readSecondLaunch(data)).toEqual({ directory: null }),
  );

  it("opens the folder that a second start names", () => {
    expect(readSecondLaunch({ directory: "/shop", more: 1 })).toEqual({ directory: "/shop" });
  });
});
