/** Believable conversations. */
import type {
  ChatState,
  Message,
  MessageInfo,
  Part,
  PermissionRequest,
  QuestionRequest,
  Session,
  SessionEvent,
} from "#shared/schema/chat.ts";
import type { PermissionId, QuestionId, SessionId } from "#shared/schema/id.ts";

export const mainSession = "ses_main1" as SessionId;
const tokens = { input: 18_204, output: 2_311, reasoning: 640 };
const now = Date.now();

export const session = (id: string, title: string, change: Partial<Session> = {}): Session => ({
  id: id as SessionId,
  parentId: null,
  title,
  status: { type: "idle" },
  createdAt: now - 3_600_000,
  updatedAt: now - 60_000,
  cost: 0.084,
  tokens,
  ...change,
});

const info = (id: string, role: "user" | "assistant", change: Partial<MessageInfo> = {}): MessageInfo => ({
  id,
  sessionId: mainSession,
  role,
  createdAt: now - 50_000 + Number(id.slice(1)),
  completedAt: now,
  model: "anthropic/claude-sonnet",
  agent: "build",
  error: null,
  interrupted: null,
  cost: 0.02,
  tokens,
  ...change,
});

const tool = (
  id: string,
  name: string,
  input: Record<string, unknown>,
  change: Partial<Extract<Part, { type: "tool" }>["state"]> = {},
): Part => ({
  type: "tool",
  id,
  callId: `call_${id}`,
  tool: name,
  state: {
    status: "completed",
    title: null,
    input,
    output: "",
    error: null,
    metadata: {},
    startedAt: now - 9_000,
    endedAt: now - 6_400,
    ...change,
  },
});

export const diff = `Index: /home/kim/projects/harbour/api.mjs
===================================================================
--- /home/kim/projects/harbour/api.mjs
+++ /home/kim/projects/harbour/api.mjs
@@ -18,9 +18,12 @@
 async function list(request, response) {
   const limit = Number(request.query.limit ?? 20);
-  const rows = await database.all("select * from orders limit " + limit);
+  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
+    return response.status(400).json({ error: "limit must be 1 to 100" });
+  }
+  const rows = await database.all("select * from orders limit ?", [limit]);
   response.json(rows);
 }
 
 export function routes(app) {
`;

const answer = `The handler put the query parameter straight into the SQL text. I bound it as a parameter and check its range first:

1. **Validation**: \`limit\` must be an integer from 1 to 100, anything else is a 400.
2. **Binding**: the value goes to SQLite as a parameter, so it cannot change the statement.

\`\`\`js
const rows = await database.all("select * from orders limit ?", [limit]);
\`\`\`

| case | before | now |
| --- | --- | --- |
| \`?limit=5\` | 5 rows | 5 rows |
| \`?limit=-1\` | all rows | 400 |
| \`?limit=1;drop\` | 500 | 400 |

The tests pass. See [the SQLite notes](https://sqlite.org/lang_select.html) on \`LIMIT\`.`;

const cutOff: Message[] = [
  {
    ...info("m3", "user"),
    parts: [{ type: "text", id: "p8", text: "Do the same for the customers endpoint.", synthetic: false, done: true }],
  },
  {
    ...info("m4", "assistant", {
      completedAt: null,
      interrupted: "the OpenCode server ended (signal SIGKILL) while it was answering.",
    }),
    parts: [
      tool("p9", "grep", { pattern: "limit", path: "customers.mjs" }, { title: "limit", output: "customers.mjs:11" }),
      {
        type: "text",
        id: "p10",
        text: "The customers endpoint has the same fault in line 11. I bind the value the same way and then",
        synthetic: false,
        done: false,
      },
    ],
  },
];

/** The last turn was cut off in the scenario `interrupted`. */
export const conversation = (scenario: string): Message[] => [
  {
    ...info("m1", "user"),
    parts: [
      {
        type: "text",
        id: "p1",
        text: "The orders endpoint returns everything when limit is negative. Find out why and fix it, then run the tests.",
        synthetic: false,
        done: true,
      },
    ],
  },
  {
    ...info("m2", "assistant"),
    parts: [
      {
        type: "reasoning",
        id: "p2",
        text: "A negative LIMIT means no limit in SQLite. The handler probably passes it on unchecked.",
        done: true,
      },
      tool(
        "p3",
        "grep",
        { pattern: "limit", path: "api.mjs" },
        {
          title: "limit",
          output: "api.mjs:19: const limit = Number(request.query.limit ?? 20);\napi.mjs:20: const rows = …",
        },
      ),
      tool(
        "p4",
        "edit",
        { filePath: "/home/kim/projects/harbour/api.mjs", oldString: "a", newString: "b" },
        { title: "api.mjs", output: "ok", metadata: { diff } },
      ),
      tool(
        "p5",
        "bash",
        { command: "npm test -- --reporter=dot" },
        {
          title: "Run the tests",
          output:
            "\u001b[1m\u001b[46m RUN \u001b[49m\u001b[22m v4.1.12\n\n \u001b[32m✓\u001b[39m test/orders.test.mjs (12 tests)\n \u001b[32m✓\u001b[39m test/limit.test.mjs (4 tests)\n\n\u001b[2m Tests \u001b[22m \u001b[1m\u001b[32m16 passed\u001b[39m\u001b[22m\n",
        },
      ),
      { type: "text", id: "p6", text: answer, synthetic: false, done: true },
      { type: "patch", id: "p7", files: ["/home/kim/projects/harbour/api.mjs"] },
    ],
  },
  ...(scenario === "interrupted" ? cutOff : []),
];

export const bashPermission: PermissionRequest = {
  id: "per_1" as PermissionId,
  sessionId: mainSession,
  permission: "bash",
  patterns: ["npm run db:reset", "rm -rf ./data"],
  always: ["npm run *", "rm *"],
  metadata: { command: "npm run db:reset && rm -rf ./data" },
};
export const editPermission: PermissionRequest = {
  id: "per_2" as PermissionId,
  sessionId: mainSession,
  permission: "edit",
  patterns: ["api.mjs"],
  always: ["*"],
  metadata: { filepath: "/home/kim/projects/harbour/api.mjs", diff },
};
export const question: QuestionRequest = {
  id: "que_1" as QuestionId,
  sessionId: mainSession,
  questions: [
    {
      header: "Store",
      question: "Where should the sessions be kept?",
      multiple: false,
      options: [
        { label: "In memory", description: "Lost on restart; nothing to set up" },
        { label: "In Redis", description: "Shared by all workers" },
        { label: "In SQLite", description: "In the database that is there already" },
      ],
    },
  ],
};

export function chatOf(scenario: string): ChatState {
  if (scenario === "no-sessions") return { sessions: [], permissions: [], questions: [] };
  const busy = ["streaming", "permission", "edit-permission", "question"].includes(scenario);
  const sessions = [
    session(mainSession, "Orders endpoint ignores limit", {
      status:
        scenario === "retry"
          ? { type: "retry", attempt: 3, message: "slow down (429)", next: now + 60_000 }
          : busy
            ? { type: "busy" }
            : { type: "idle" },
    }),
    session("ses_b", "Add a health check to the worker", { updatedAt: now - 5_400_000 }),
    session("ses_c", "Why does the build take two minutes since yesterday?", { updatedAt: now - 90_000_000 }),
    session("ses_d", "", { updatedAt: now - 190_000_000 }),
  ];
  if (scenario === "thousand")
    for (let index = 0; index < 1_000; index += 1) sessions.push(session(`ses_x${index}`, `Session number ${index}`));
  return {
    sessions,
    permissions:
      scenario === "permission"
        ? [bashPermission, editPermission]
        : scenario === "edit-permission"
          ? [editPermission]
          : [],
    questions: scenario === "question" ? [question] : [],
  };
}

/** A turn as it streams: a user message, then text in small pieces. */
export function* turn(id: SessionId, text: string, number: number): Generator<SessionEvent> {
  const user = `m${number}`;
  const agent = `m${number + 1}`;
  yield { kind: "message", info: { ...info(user, "user"), sessionId: id, createdAt: Date.now() } };
  yield { kind: "part", messageId: user, part: { type: "text", id: `t${user}`, text, synthetic: false, done: true } };
  yield {
    kind: "message",
    info: { ...info(agent, "assistant", { completedAt: null }), sessionId: id, createdAt: Date.now() + 1 },
  };
  yield {
    kind: "part",
    messageId: agent,
    part: { type: "text", id: `t${agent}`, text: "", synthetic: false, done: false },
  };
  for (const piece of answer.match(/\S+\s*/g) ?? [])
    yield { kind: "delta", messageId: agent, partId: `t${agent}`, delta: piece };
  yield {
    kind: "part",
    messageId: agent,
    part: { type: "text", id: `t${agent}`, text: answer, synthetic: false, done: true },
  };
}
