import { describe, expect, it } from "vitest";
import {
  describeEnvironment,
  launchArguments,
  launchEnvironment,
  launchUrl,
  mergeConfig,
} from "../../../../electron/core/opencode/launch.ts";

const launch = (
  base: Record<string, string>,
  config: object | null = null,
  more: { services?: Record<string, string>; extra?: Record<string, string> } = {},
) =>
  launchEnvironment({
    base,
    config,
    services: {},
    extra: {},
    url: "http://127.0.0.1:4100",
    password: "secret",
    ...more,
  });

describe("launchEnvironment", () => {
  it("gives the password by environment and never by argument", () => {
    expect(launch({}, {})).toMatchObject({ OPENCODE_SERVER_USERNAME: "opencode", OPENCODE_SERVER_PASSWORD: "secret" });
    expect(launchArguments("/bin/opencode", { host: "127.0.0.1", port: 4100 }, false).join(" ")).toBe(
      "/bin/opencode serve --port 4100 --hostname 127.0.0.1",
    );
  });

  it("lets through what the agent needs and the keys of models, and nothing else", () => {
    const base = {
      PATH: "/bin",
      HOME: "/home/a",
      ANTHROPIC_API_KEY: "k",
      SOME_NEW_PROVIDER_API_KEY: "k",
      AWS_REGION: "eu",
      OPENCODE_MODELS_URL: "https://example.com",
      NPM_TOKEN: "t",
      NODE_OPTIONS: "--inspect",
      ELECTRON_RUN_AS_NODE: "1",
      DECKHAND_HOME: "/x",
      OPENCODE_PID: "12",
      OPENCODE: "1",
      OPENCODE_SERVER_PASSWORD: "another",
      OPENCODE_SERVER_USERNAME: "root",
    };
    expect(Object.keys(launch(base)).sort()).toEqual([
      "ANTHROPIC_API_KEY",
      "AWS_REGION",
      "HOME",
      "OPENCODE_CONFIG_CONTENT",
      "OPENCODE_DISABLE_AUTOUPDATE",
      "OPENCODE_MODELS_URL",
      "OPENCODE_SERVER",
      "OPENCODE_SERVER_PASSWORD",
      "OPENCODE_SERVER_USERNAME",
      "PATH",
      "SOME_NEW_PROVIDER_API_KEY",
    ]);
    expect(launch(base)["OPENCODE_SERVER_PASSWORD"]).toBe("secret");
  });

  it("tells where the server and the services are, and what the settings add, which wins", () => {
    const given = launch({ PATH: "/bin", LANG: "de" }, null, {
      services: { WEB_PORT: "3000", LANG: "fr" },
      extra: { LANG: "en", HTTPS_PROXY: "http://proxy" },
    });
    expect(given).toMatchObject({
      OPENCODE_SERVER: "http://127.0.0.1:4100",
      WEB_PORT: "3000",
      LANG: "en",
      HTTPS_PROXY: "http://proxy",
    });
    expect(launchUrl({ host: "::1", port: 1 })).toBe("http://[::1]:1");
    expect(launchUrl({ host: "localhost", port: 1 })).toBe("http://127.0.0.1:1");
    expect(launchArguments("o", { host: "::1", port: 1 }, true).slice(-3)).toEqual([
      "--print-logs",
      "--log-level",
      "DEBUG",
    ]);
  });

  it.each(["LD_PRELOAD", "NODE_OPTIONS", "OPENCODE_SERVER_PASSWORD", "OPENCODE_SERVER", "DECKHAND_HOME", "BASH_ENV"])(
    "does not take %s from the settings",
    (name) => {
      const start = () => launch({}, null, { extra: { [name]: "x" } });
      expect(start).toThrow(expect.objectContaining({ code: "opencode_settings" }) as Error);
      expect(start).toThrow(name);
    },
  );

  it("describes an environment without what may be a secret", () => {
    const text = describeEnvironment({ PATH: "/bin", A_API_KEY: "s1", MY_TOKEN: "s2", OPENCODE_CONFIG_CONTENT: "s3" });
    expect(text).toEqual(["A_API_KEY=•••", "MY_TOKEN=•••", "OPENCODE_CONFIG_CONTENT=•••", "PATH=/bin"]);
  });

  it("switches automatic updates off unless the person has a say in it", () => {
    expect(launch({})["OPENCODE_DISABLE_AUTOUPDATE"]).toBe("1");
    expect(launch({ OPENCODE_DISABLE_AUTOUPDATE: "0" })["OPENCODE_DISABLE_AUTOUPDATE"]).toBe("0");
  });

  it("puts our configuration on top of the person's, and leaves theirs alone where we have none", () => {
    const theirs = JSON.stringify({ model: "a/b", mcp: { mine: { enabled: true } } });
    const merged = launch({ OPENCODE_CONFIG_CONTENT: theirs }, { mcp: { kit: { url: "x" } } });
    expect(JSON.parse(merged["OPENCODE_CONFIG_CONTENT"] ?? "")).toEqual({
      model: "a/b",
      mcp: { mine: { enabled: true }, kit: { url: "x" } },
    });
    expect(launch({ OPENCODE_CONFIG_CONTENT: "{ // with a comment\n}" })["OPENCODE_CONFIG_CONTENT"]).toBe(
      "{ // with a comment\n}",
    );
    expect(launch({ OPENCODE_CONFIG_CONTENT: "{ broken" }, { a: 1 })["OPENCODE_CONFIG_CONTENT"]).toBe('{"a":1}');
    // Never left out: OpenCode would write a file into the person's home.
    expect(launch({})["OPENCODE_CONFIG_CONTENT"]).toBe("{}");
  });
});

describe("mergeConfig", () => {
  it("replaces lists and values, merges objects, and leaves the prototype of objects alone", () => {
    const above = JSON.parse('{"a":[2],"b":{"y":2},"__proto__":{"polluted":true}}') as object;
    expect(mergeConfig({ a: [1], b: { x: 1, y: 1 }, c: 1 }, above)).toEqual({ a: [2], b: { x: 1, y: 2 }, c: 1 });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
