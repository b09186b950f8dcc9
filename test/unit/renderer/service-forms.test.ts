import { describe, expect, test } from "vitest";
import type { Failure } from "#shared/failure.ts";
import type { ServiceDraft } from "#shared/schema/service-edit.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { fieldProblems, placeProblems } from "../../../renderer/environment/forms/field-problems.ts";
import { withPort } from "../../../renderer/environment/forms/port-change.ts";
import { changesOf, rowsOf } from "../../../renderer/environment/forms/variable-rows.ts";
import { countOf, openedService } from "../../../renderer/environment/replicas.ts";
import { heldPort } from "../../../renderer/environment/trouble.ts";

const failure = (details: Failure["details"], code: Failure["code"] = "bad_input"): Failure => ({
  code,
  message: "no",
  next: null,
  details,
});

describe("what the host says of a form", () => {
  test("is read from a refusal, and from nothing else", () => {
    const fields = [{ path: ["ports", "__proto__", "prefer"], message: "no number" }];
    expect(fieldProblems(failure({ fields }))).toEqual(fields);
    expect(fieldProblems(failure({ fields: "?" }))).toEqual([]);
    expect(fieldProblems(failure({ fields }, "plan_invalid"))).toEqual([]);
  });

  test("stands at the field that is nearest to its place, and otherwise at the end of the form", () => {
    const { at, rest } = placeProblems(
      [
        { path: ["healthcheck", "http", "url"], message: "no URL" },
        { path: ["healthcheck", "http", "status"], message: "no status" },
        { path: ["healthcheck", "interval"], message: "no time" },
        { path: ["healthcheck", "interval"], message: "Again." },
        { path: [], message: "web needs its check" },
        { path: ["ports", "a"], message: "no port" },
      ],
      [
        ["healthcheck", "http"],
        ["healthcheck", "http", "status"],
        ["healthcheck", "interval"],
        ["ports", "a", "prefer"],
      ],
    );
    expect(at(["healthcheck", "http"])).toBe("no URL");
    expect(at(["healthcheck", "http", "status"])).toBe("no status");
    expect(at(["healthcheck", "interval"])).toBe("no time Again.");
    expect(at(["ports", "a", "prefer"])).toBeNull();
    expect(rest).toEqual(["web needs its check", "no port"]);
  });

  test("a place of numbers is no place of names", () => {
    const { at } = placeProblems(
      [{ path: ["watch", "paths", 1], message: "empty" }],
      [
        ["watch", "paths", 1],
        ["watch", "paths", "1"],
      ],
    );
    expect(at(["watch", "paths", 1])).toBe("empty");
    expect(at(["watch", "paths", "1"])).toBeNull();
  });
});

const environment: ServiceDraft["environment"] = [
  { name: "LOG", value: "debug", from: "service" },
  { name: "KEY", value: null, from: "service" },
  { name: "URL", value: "x", from: "files" },
];

describe("the variables of a form", () => {
  test("nothing typed is no change, and a secret that was not touched is not sent", () => {
    expect(changesOf(rowsOf(environment), environment)).toEqual([]);
  });

  test("only what differs is sent: typed values, what was taken out, and a secret that was replaced", () => {
    const rows = rowsOf(environment);
    const changed = [
      { ...rows[1]!, value: "new" },
      { ...rows[2]!, value: "x" },
      { name: "__proto__", value: "1", known: null },
      { name: "", value: "", known: null },
    ];
    expect(changesOf(changed, environment)).toEqual([
      ["LOG", null],
      ["KEY", "new"],
      ["__proto__", "1"],
    ]);
  });
});

test("another number for one port leaves the others, and everything else about it, as it is", () => {
  const port = { name: "http", prefer: "3000", env: "PORT", option: "", strict: true };
  const admin = { name: "admin", prefer: "3001", env: "", option: "", strict: false };
  expect(withPort([port, admin], 3_000, 3_007)).toEqual([{ ...port, prefer: "3007" }, admin]);
  expect(withPort([admin], 3_000, 3_007)).toBeNull();
});

test("only a service that is blocked by it has a port to be moved", () => {
  const of = (phase: ServiceStatus["phase"], details: Failure["details"], code: Failure["code"] = "port_in_use") =>
    heldPort({ phase, failure: failure(details, code) });
  expect(of("blocked", { port: 3_000 })).toBe(3_000);
  expect(of("crash_loop", { port: 3_000 })).toBeNull();
  expect(of("blocked", {})).toBeNull();
  expect(of("blocked", { port: 3_000 }, "docker_stopped")).toBeNull();
  expect(heldPort({ phase: "running", failure: null })).toBeNull();
});

describe("several of one service", () => {
  const one = (name: string, of?: string) => ({ name, ...(of === undefined ? {} : { replica: { of, url: null } }) });

  test("are counted by the name its author gave", () => {
    expect(countOf([one("api")], "api")).toBe(1);
    expect(countOf([one("api-0", "api"), one("api-1", "api"), one("db")], "api")).toBe(2);
  });

  test("the details stay open when their number changes", () => {
    const many = [one("db"), one("api-0", "api"), one("api-1", "api")];
    expect(openedService(many, "api")?.name).toBe("api-0");
    expect(openedService(many, "api-1")?.name).toBe("api-1");
    expect(openedService([one("db"), one("api")], "api-1")?.name).toBe("api");
    expect(openedService([one("api-00", "api")], "api-1")?.name).toBe("api-00");
    expect(openedService([one("db")], "api")).toBeNull();
    expect(openedService(many, null)).toBeNull();
  });
});
