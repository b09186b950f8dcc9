/**
 * The events of OpenCode 2.x as the changes they stand for: pure. They tell steps of a turn, not whole objects: an event
 * names the message, and for a text its number in it. What they do not carry is left as it is known.
 */
import { z } from "zod";
import type { Part } from "#shared/schema/chat.ts";
import { sessionIdSchema } from "#shared/schema/id.ts";
import type { Change } from "../changes.ts";
import type { WireEvent } from "../event-stream.ts";
import {
  emptyInfo,
  errorWire,
  modelWire,
  readOutput,
  readPermission,
  readQuestion,
  textId,
  tokensWire,
  userText,
} from "./v2-objects.ts";

const created = z.number().catch(0);
const text = z.string().catch("");
const fields = z.record(z.string(), z.unknown()).catch({});
const content = z.array(z.unknown()).catch([]);
const ofSession = z.object({ sessionID: sessionIdSchema, created });
const ofRequest = z.object({ requestID: z.string() });
const ofMessage = ofSession.extend({ assistantMessageID: z.string() });
const ofText = ofMessage.extend({ ordinal: z.number().int() });
const ofTool = ofMessage.extend({ callID: z.string() });
/** Where the words stand differs between the releases of OpenCode 2. */
const worded = z.object({ text: z.string() });
const input = z.union([
  z.object({ payload: worded }).transform(({ payload }) => payload.text),
  z.object({ data: worded }).transform(({ data }) => data.text),
  worded.transform((value) => value.text),
]);
const admitted = ofSession.extend({ inputID: z.string(), input });
const stepStarted = ofMessage.extend({
  agent: z.string().nullable().catch(null),
  model: modelWire.nullable().catch(null),
});
const stepEnded = ofMessage.extend({ cost: z.number().catch(0), tokens: tokensWire });
const stepFailed = stepEnded.extend({ error: errorWire });
const delta = ofText.extend({ delta: z.string() });
const ended = ofText.extend({ text: z.string() });
const toolNamed = ofTool.extend({ name: text });
const toolCalled = ofTool.extend({ input: fields });
const toolOutput = ofTool.extend({ content, metadata: fields });
const toolFailed = ofTool.extend({ error: errorWire });
const retried = ofSession.extend({ attempt: z.number(), at: z.number(), error: errorWire });
const failed = ofSession.extend({ error: errorWire });
const stopped = ofSession.extend({ reason: text });

type Read = (properties: unknown) => readonly Change[];

/** A reader of properties of that shape; anything else is noise. */
function on<Wire>(schema: z.ZodType<Wire>, changes: (wire: Wire) => readonly Change[]): Read {
  return (properties) => {
    const wire = schema.safeParse(properties).data;
    return wire === undefined ? [] : changes(wire);
  };
}

const toStatus =
  (type: "busy" | "idle") =>
  ({ sessionID }: z.infer<typeof ofSession>): readonly Change[] => [
    { kind: "status", sessionId: sessionID, status: { type } },
  ];

function readText(kind: "text" | "reasoning"): readonly (readonly [string, Read])[] {
  const part = (wire: z.infer<typeof ofText>, value: string, done: boolean): readonly Change[] => {
    const id = textId(wire.assistantMessageID, kind, wire.ordinal);
    const whole: Part =
      kind === "text" ? { type: kind, id, text: value, synthetic: false, done } : { type: kind, id, text: value, done };
    return [{ kind: "part", sessionId: wire.sessionID, messageId: wire.assistantMessageID, part: whole }];
  };
  return [
    [`session.${kind}.started`, on(ofText, (wire) => part(wire, "", false))],
    [`session.${kind}.ended`, on(ended, (wire) => part(wire, wire.text, true))],
    [
      `session.${kind}.delta`,
      on(delta, (wire) => [
        {
          kind: "delta",
          sessionId: wire.sessionID,
          messageId: wire.assistantMessageID,
          partId: textId(wire.assistantMessageID, kind, wire.ordinal),
          delta: wire.delta,
        },
      ]),
    ],
  ];
}

function toTool(wire: z.infer<typeof ofTool>, state: Extract<Change, { kind: "tool" }>["state"]): readonly Change[] {
  const { sessionID: sessionId, assistantMessageID: messageId, callID: partId } = wire;
  return [{ kind: "tool", sessionId, messageId, partId, state }];
}

const askedPermission: Read = (properties) => {
  const request = readPermission(properties);
  return request === null ? [] : [{ kind: "permission", request }];
};
const askedQuestion: Read = (properties) => {
  const request = readQuestion(properties);
  return request === null ? [] : [{ kind: "question", request }];
};
const permissionGone = on(ofRequest, ({ requestID }) => [{ kind: "permission_gone", id: requestID }]);
const questionGone = on(ofRequest, ({ requestID }) => [{ kind: "question_gone", id: requestID }]);

const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["session.deleted", on(ofSession, ({ sessionID }) => [{ kind: "session_removed", sessionId: sessionID }])],
  [
    "session.input.admitted",
    on(admitted, ({ sessionID: sessionId, inputID: id, input: words, created: at }) => [
      { kind: "message", sessionId, info: { ...emptyInfo(id, sessionId, "user", at), completedAt: at } },
      { kind: "part", sessionId, messageId: id, part: userText(id, words) },
    ]),
  ],
  ["session.execution.started", on(ofSession, toStatus("busy"))],
  ["session.execution.succeeded", on(ofSession, toStatus("idle"))],
  [
    "session.execution.failed",
    on(failed, (wire) => [{ kind: "error", sessionId: wire.sessionID, ...wire.error }, ...toStatus("idle")(wire)]),
  ],
  // A turn that the server's end cuts off is not over: it stays busy until the server is gone, and is then marked.
  ["session.execution.interrupted", on(stopped, (wire) => (wire.reason === "shutdown" ? [] : toStatus("idle")(wire)))],
  [
    "session.retry.scheduled",
    on(retried, ({ sessionID, attempt, at, error }) => [
      { kind: "status", sessionId: sessionID, status: { type: "retry", attempt, message: error.message, next: at } },
    ]),
  ],
  [
    "session.step.started",
    on(stepStarted, ({ sessionID, assistantMessageID, agent, model, created: at }) => [
      { kind: "status", sessionId: sessionID, status: { type: "busy" } },
      {
        kind: "message",
        sessionId: sessionID,
        info: { ...emptyInfo(assistantMessageID, sessionID, "assistant", at), agent, model },
      },
    ]),
  ],
  ["session.step.ended", on(stepEnded, (wire) => toEnd(wire, null))],
  ["session.step.failed", on(stepFailed, (wire) => toEnd(wire, wire.error))],
  ...readText("text"),
  ...readText("reasoning"),
  [
    "session.tool.input.started",
    on(toolNamed, ({ sessionID: sessionId, assistantMessageID: messageId, callID: id, name: tool, created: at }) => [
      { kind: "part", sessionId, messageId, part: { type: "tool", id, callId: id, tool, state: newTool(at) } },
    ]),
  ],
  ["session.tool.called", on(toolCalled, (wire) => toTool(wire, { status: "running", input: wire.input }))],
  ["session.tool.progress", on(toolOutput, (wire) => toTool(wire, { output: readOutput(wire.content) }))],
  [
    "session.tool.success",
    on(toolOutput, (wire) =>
      toTool(wire, {
        status: "completed",
        output: readOutput(wire.content),
        metadata: wire.metadata,
        endedAt: wire.created,
      }),
    ),
  ],
  [
    "session.tool.failed",
    on(toolFailed, (wire) => toTool(wire, { status: "error", error: wire.error.message, endedAt: wire.created })),
  ],
  // Named with and without the generation, depending on the release.
  ["permission.asked", askedPermission],
  ["permission.v2.asked", askedPermission],
  ["permission.replied", permissionGone],
  ["permission.v2.replied", permissionGone],
  ["question.asked", askedQuestion],
  ["question.v2.asked", askedQuestion],
  ["question.replied", questionGone],
  ["question.v2.replied", questionGone],
  ["question.rejected", questionGone],
  ["question.v2.rejected", questionGone],
]);

/** What an event changes, in order; nothing for noise and for what cannot be read. */
export function readChanges(event: WireEvent): readonly Change[] {
  return readers.get(event.type)?.(event.properties) ?? [];
}

function toEnd(wire: z.infer<typeof stepEnded>, error: z.infer<typeof errorWire> | null): readonly Change[] {
  const { sessionID: sessionId, assistantMessageID: messageId, created: completedAt, cost, tokens } = wire;
  return [{ kind: "message_ended", sessionId, messageId, ended: { completedAt, error, cost, tokens } }];
}

function newTool(startedAt: number): Extract<Part, { type: "tool" }>["state"] {
  return {
    status: "pending",
    title: null,
    input: {},
    output: null,
    error: null,
    metadata: {},
    startedAt,
    endedAt: null,
  };
}
