import { describe, expect, expectTypeOf, it } from "vitest";
import type { Client } from "#shared/client.ts";
import {
  contract,
  type InputOf,
  type ItemOf,
  type OutputOf,
  type ParsedInputOf,
  type ProcedureName,
  type StreamName,
} from "#shared/contract.ts";
import type { SessionEvent } from "#shared/schema/chat.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ProjectId, SessionId, WorkspaceId } from "#shared/schema/id.ts";
import type { LogLine, LogPage } from "#shared/schema/log.ts";
import type { Handlers } from "../../electron/ipc/handlers.ts";

describe("the contract's types", () => {
  it("tell procedures from streams", () => {
    expectTypeOf<"host.info">().toExtend<ProcedureName>();
    expectTypeOf<"host.watch">().toExtend<StreamName>();
    expectTypeOf<"host.watch">().not.toExtend<ProcedureName>();
    expectTypeOf<"host.info">().not.toExtend<StreamName>();
  });

  it("let a caller leave out what has a default, and give it to the handler", () => {
    expectTypeOf<{ workspace: WorkspaceId }>().toExtend<InputOf<"log.read">>();
    expectTypeOf<ParsedInputOf<"log.read">["limit"]>().toEqualTypeOf<number>();
    expectTypeOf<ParsedInputOf<"environment.start">["server"]>().toEqualTypeOf<boolean>();
    expectTypeOf<OutputOf<"log.read">>().toEqualTypeOf<LogPage>();
    expectTypeOf<ItemOf<"log.follow">>().toEqualTypeOf<LogLine>();
    expectTypeOf<ItemOf<"environment.watch">>().toEqualTypeOf<EnvironmentStatus>();
    expectTypeOf<ItemOf<"session.events">>().toEqualTypeOf<SessionEvent>();
  });

  it("keep ids apart: another's id, or a plain text, is not accepted", () => {
    expectTypeOf<ProjectId>().not.toExtend<WorkspaceId>();
    expectTypeOf<string>().not.toExtend<SessionId>();
    const call = null as unknown as Client["call"];
    const wrong = () => {
      // @ts-expect-error a text is no workspace's id
      void call("environment.stop", { workspace: "wsp_0123456789abcdef" });
      // @ts-expect-error a stream is not called
      void call("host.watch", {});
      // @ts-expect-error there is no such call
      void call("host.nothing", {});
      // @ts-expect-error nor such a field's value
      void call("settings.change", { theme: "pink" });
    };
    expect(wrong).toBeTypeOf("function");
  });

  it("demand a handler for every line, and none besides", () => {
    expectTypeOf<keyof Handlers>().toEqualTypeOf<keyof typeof contract>();
    expectTypeOf<Handlers["session.create"]>().parameter(0).toEqualTypeOf<ParsedInputOf<"session.create">>();
  });
});

describe("the contract's schemas", () => {
  it("take only objects as input, so that fields can be added later", () => {
    for (const [name, entry] of Object.entries(contract)) {
      expect(entry.input.safeParse({}).error?.issues.every((issue) => issue.path.length > 0) ?? true, name).toBe(true);
      expect(entry.input.safeParse([]).success, name).toBe(false);
    }
  });
});
