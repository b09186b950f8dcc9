import { expect, test } from "vitest";
import { childEnvironment } from "../../../../electron/core/process/environment.ts";

test("what a shell and its tools need is let through, everything else is not", () => {
  const base = {
    PATH: "/bin",
    HOME: "/home/x",
    LC_TIME: "de",
    NVM_DIR: "/n",
    DOCKER_HOST: "unix:///x",
    AWS_SECRET_ACCESS_KEY: "s",
    GITHUB_TOKEN: "t",
    npm_config_local_prefix: "/p",
    COMPOSE_PROJECT_NAME: "other",
    UNSET: undefined,
  };
  expect(childEnvironment(base, {})).toEqual({
    PATH: "/bin",
    HOME: "/home/x",
    LC_TIME: "de",
    NVM_DIR: "/n",
    DOCKER_HOST: "unix:///x",
  });
});

test("nothing of an outer host or of our own runtime gets through, whatever else is let through", () => {
  const base = {
    ELECTRON_RUN_AS_NODE: "1",
    NODE_OPTIONS: "--inspect",
    LD_PRELOAD: "x.so",
    DYLD_INSERT_LIBRARIES: "x",
    OPENCODE_SERVER_PASSWORD: "p",
    DECKHAND_MARKER: "a.b.c",
    DECKHAND_HOME: "/h",
    BASH_ENV: "/x",
    "BASH_FUNC_ls%%": "() { :; }",
  };
  expect(childEnvironment(base, {}, ["*"])).toEqual({});
});

test("names can be added, by their beginning, and values of the caller win", () => {
  const base = { ANTHROPIC_API_KEY: "k", OPENAI_API_KEY: "o", PATH: "/bin" };
  expect(childEnvironment(base, { PATH: "/mine", NODE_OPTIONS: "--max-old-space-size=100" }, ["ANTHROPIC_*"])).toEqual({
    ANTHROPIC_API_KEY: "k",
    PATH: "/mine",
    NODE_OPTIONS: "--max-old-space-size=100",
  });
});

test("a name of the prototype is a name like any other", () => {
  expect(childEnvironment(JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>, {})).toEqual(
    {},
  );
});
