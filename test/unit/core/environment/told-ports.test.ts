import { describe, expect, test } from "vitest";
import type { ServicePort } from "#shared/schema/service.ts";
import { argvWithPorts, canBeTold } from "../../../../electron/core/environment/told-ports.ts";

const port = (value: number, more: Partial<ServicePort> = {}): ServicePort => ({
  name: "http",
  port: value,
  env: null,
  ...more,
});

describe("a command and the ports it was given", () => {
  test("one that it takes by itself is not told", () => {
    const argv = ["npm", "run", "dev"] as const;
    expect(argvWithPorts(argv, [port(5_173, { option: "-- --port" })], [5_173])).toBe(argv);
    expect(argvWithPorts(argv, [port(5_173)], [])).toBe(argv);
  });

  test.each<[string, readonly [string, ...string[]], string, readonly string[]]>([
    ["behind a list", ["npm", "run", "dev"], "-- --port", ["npm", "run", "dev", "--", "--port", "5201"]],
    [
      "behind a shell line",
      ["/bin/sh", "-c", "vite --port 5173\n"],
      "--port",
      ["/bin/sh", "-c", "vite --port 5173 --port 5201"],
    ],
    ["as a part of a word", ["hugo", "server"], "--bind=127.0.0.1:{port}", ["hugo", "server", "--bind=127.0.0.1:5201"]],
    ["alone", ["python", "manage.py", "runserver"], "{port}", ["python", "manage.py", "runserver", "5201"]],
    [
      "in quotes where a shell would see more in it",
      ["/bin/sh", "-c", "serve"],
      "--at ;rm$(x)'",
      ["/bin/sh", "-c", `serve --at ';rm$(x)'\\''' 5201`],
    ],
  ])("%s", (_, argv, option, expected) => {
    expect(argvWithPorts(argv, [port(5_201, { option })], [5_173])).toEqual(expected);
  });

  test("whose own is not known is always told, each of several by its own option", () => {
    const ports = [port(5_173, { option: "--port" }), port(24_678, { name: "hmr", option: "--hmr-port={port}" })];
    expect(argvWithPorts(["vite"], ports)).toEqual(["vite", "--port", "5173", "--hmr-port=24678"]);
  });

  test("a variable or an option can tell it, and nothing else", () => {
    expect([port(1), port(1, { env: "PORT" }), port(1, { option: "-p" })].map(canBeTold)).toEqual([false, true, true]);
  });
});
