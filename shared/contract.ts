/**
 * THE table of everything a window, a browser page or the command line can ask of a host or watch.
 *
 * Adding a line here is the only way to add a capability: the host will not compile without a handler for it, and the
 * client has it typed at once. Inputs are validated in the host on every call.
 */
import { z } from "zod";
import { procedure, stream, type Procedure, type Stream } from "./rpc.ts";
import {
  chatStateSchema,
  mergeSessionEvents,
  modelListSchema,
  permissionReplySchema,
  sessionEventSchema,
  sessionSchema,
} from "./schema/chat.ts";
import { alertSchema } from "./schema/alert.ts";
import { serviceHistorySchema, suggestionSchema } from "./schema/monitoring.ts";
import { detectionSchema, environmentStatusSchema, planDifferenceSchema } from "./schema/environment.ts";
import { auditEntrySchema, hostInfoSchema, processListSchema } from "./schema/host.ts";
import {
  permissionIdSchema,
  projectIdSchema,
  questionIdSchema,
  sessionIdSchema,
  workspaceIdSchema,
} from "./schema/id.ts";
import { logLineSchema, logPageSchema } from "./schema/log.ts";
import { configTextSchema, environmentPlanSchema } from "./schema/plan.ts";
import { serverHistorySchema, serverStatusSchema, sharedServerSchema } from "./schema/server.ts";
import { serviceRunSchema } from "./schema/service.ts";
import { serviceDraftSchema, serviceEditSchema } from "./schema/service-edit.ts";
import { settingsChangeSchema, settingsSchema } from "./schema/settings.ts";
import { projectSchema, trustReviewSchema } from "./schema/workspace.ts";

const nothing = z.object({});
const done = z.null();
const directory = z.string().min(1).max(4_096);
const service = z.string().min(1).max(256);
const serviceNames = z.array(service).max(10_000);
const profile = z.string().min(1).max(64);
const port = z.number().int().min(1).max(65_535);
const ofProject = z.object({ project: projectIdSchema });
const ofWorkspace = z.object({ workspace: workspaceIdSchema });
const ofSession = ofWorkspace.extend({ session: sessionIdSchema });
/** A plan as it is to be saved as the folder's deckhand.yaml. */
const configChange = ofWorkspace.extend({
  profile: profile.optional(),
  /** `all`: everything detected, and nothing else counts from then on. `changes`: what the edits change. */
  write: z.enum(["all", "changes"]).default("changes"),
  edits: z.array(serviceEditSchema).max(1_000).default([]),
});
/** Lines one read may return. A page shows some 60; a thousand keeps scrolling smooth and a message small. */
const logLimit = z.number().int().min(1).max(5_000).default(1_000);

export const contract = {
  "host.info": procedure(nothing, hostInfoSchema),
  "host.watch": stream(nothing, hostInfoSchema, { rule: "latest" }),
  "host.processes": procedure(nothing, processListSchema),
  "host.dismissNotice": procedure(z.object({ id: z.string().max(256) }), done),
  /** Stops everything the host owns, then the host. The answer comes before the end. */
  "host.stop": procedure(nothing, done),
  /** The native folder dialog; null where the person chose none. Fails with `unavailable` without a desktop. */
  "host.pickFolder": procedure(nothing, z.string().nullable()),
  /** Shows a loopback or https link in the person's browser, after the checks of the one wrapper that may do so. */
  "host.openLink": procedure(z.object({ url: z.string().min(1).max(2_048) }), done),

  "settings.watch": stream(nothing, settingsSchema, { rule: "latest" }),
  "settings.change": procedure(settingsChangeSchema, settingsSchema),

  "project.watch": stream(nothing, z.array(projectSchema), { rule: "latest" }),
  "project.open": procedure(z.object({ directory }), projectSchema),
  /** Stops what runs in it and forgets it. The folder itself is not touched. */
  "project.remove": procedure(ofProject, done),

  "trust.review": procedure(ofWorkspace, trustReviewSchema),
  "trust.grant": procedure(ofWorkspace.extend({ contentHash: z.string().max(128) }), done),
  "trust.revoke": procedure(ofWorkspace, done),

  "environment.detect": procedure(z.object({ directory, profile: profile.optional() }), detectionSchema),
  /** Answers with the id of the run as soon as it is accepted; `environment.watch` tells how it goes. */
  "environment.start": procedure(
    ofWorkspace.extend({
      profile: profile.optional(),
      services: serviceNames.optional(),
      /** The services named without what they need: what is not wanted anyway is not waited for. */
      alone: z.boolean().default(false),
      /** Also start the workspace's OpenCode server. */
      server: z.boolean().default(false),
    }),
    z.object({ runId: z.string() }),
  ),
  /** Without `services`: all of them and the server. Answers when nothing of it is left. */
  "environment.stop": procedure(ofWorkspace.extend({ services: serviceNames.optional() }), done),
  "environment.restart": procedure(
    ofWorkspace.extend({ services: serviceNames.min(1) }),
    z.object({ runId: z.string() }),
  ),
  /** What a start of these services (all without names) would do, in which order. Nothing is started. */
  "environment.plan": procedure(
    ofWorkspace.extend({ profile: profile.optional(), services: serviceNames.optional() }),
    environmentPlanSchema,
  ),
  /** What would have to be done so that exactly what the files say runs; `profile`: left out, the one that runs. */
  "environment.compare": procedure(ofWorkspace.extend({ profile: profile.optional() }), planDifferenceSchema),
  /** Does that: what differs is restarted, what is gone stopped, what is new started, and the rest left alone. */
  "environment.apply": procedure(
    ofWorkspace.extend({ profile: profile.optional() }),
    z.object({ runId: z.string().nullable() }),
  ),
  /** What runs stays as it is although the files say something else (`filesChanged`), until they change again. */
  "environment.keep": procedure(ofWorkspace, done),
  /** Has a service so many times, until the host ends or its files say otherwise. */
  "environment.scale": procedure(
    ofWorkspace.extend({ service, count: z.number().int().min(0).max(1_000) }),
    z.object({ runId: z.string().nullable() }),
  ),
  /** A port that a service could have instead of one that it cannot get; null: none was found. Nothing is changed by asking. */
  "environment.otherPort": procedure(ofWorkspace.extend({ service, port }), z.object({ port: port.nullable() })),
  /** Starts a service with another port than it insists on, until everything of the workspace has stopped. */
  "environment.movePort": procedure(ofWorkspace.extend({ service, port, to: port }), z.object({ runId: z.string() })),
  /** How the latest lives of a service came out, oldest first; those of tasks also from before the host was started. */
  "environment.runs": procedure(ofWorkspace.extend({ service }), z.object({ runs: z.array(serviceRunSchema) })),
  "environment.status": procedure(ofWorkspace, environmentStatusSchema),
  "environment.watch": stream(ofWorkspace, environmentStatusSchema, { rule: "latest" }),
  /**
   * Whoever opens it is who the environment runs for, as a command line in the foreground: if the connection breaks before it was
   * closed, everything is stopped as by `environment.stop`. It carries nothing.
   */
  "environment.attend": stream(ofWorkspace, done, { rule: "latest" }),
  /** Memory, CPU and health of every service over the last half hour, then each new reading. */
  "environment.history": stream(ofWorkspace, serviceHistorySchema, { rule: "drop" }),
  /** What was seen often enough to be worth a word. */
  "environment.suggestions": procedure(ofWorkspace, z.object({ suggestions: z.array(suggestionSchema) })),

  /** What the forms of a service hold now, as its files say it. */
  "config.draft": procedure(ofWorkspace.extend({ service, profile: profile.optional() }), serviceDraftSchema),
  /**
   * The text that `config.save` would write, for a person to look at first. Where something cannot be as it was typed it fails with
   * `bad_input`, and its `details.fields` are the places (`fieldProblemSchema`).
   */
  "config.preview": procedure(configChange, configTextSchema),
  /** Writes it. Fails with `config_changed` where the file or the plan is not what `hash` (of the preview) stood for. */
  "config.save": procedure(
    configChange.extend({ hash: z.string().max(128) }),
    z.object({ file: z.string(), undo: z.boolean() }),
  ),
  /** Takes the latest save back, unless somebody has edited the file since. */
  "config.undo": procedure(ofWorkspace, z.object({ file: z.string(), undo: z.boolean() })),

  /** Lines with `after < seq < before`, at most `limit`: the newest of them, or with `from: "start"` the oldest. */
  "log.read": procedure(
    ofWorkspace.extend({
      sources: serviceNames.optional(),
      after: z.number().int().min(0).default(0),
      before: z.number().int().min(1).optional(),
      from: z.enum(["start", "end"]).default("end"),
      limit: logLimit,
      /** A regular expression on the text without colours. */
      grep: z.string().max(1_000).optional(),
    }),
    logPageSchema,
  ),
  "log.sources": procedure(ofWorkspace, z.array(z.string())),
  /** The last `limit` lines after `after`, then every new one. */
  "log.follow": stream(
    ofWorkspace.extend({
      sources: serviceNames.optional(),
      after: z.number().int().min(0).default(0),
      limit: logLimit,
    }),
    logLineSchema,
    { rule: "drop" },
  ),

  "server.start": procedure(ofWorkspace, serverStatusSchema),
  "server.stop": procedure(ofWorkspace, serverStatusSchema),
  "server.restart": procedure(ofWorkspace, serverStatusSchema),
  /** Calls off what Deckhand was going to do with it by itself (`plan`). */
  "server.keep": procedure(ofWorkspace, serverStatusSchema),
  /** The shared background server of OpenCode 2, which `server.adopt` takes without a password. */
  "server.shared": procedure(ofWorkspace, sharedServerSchema),
  /** Uses a server that somebody else started, instead of one of ours. It is never ended by us, and its password not kept on disk. */
  "server.adopt": procedure(
    ofWorkspace.extend({
      url: z.string().min(1).max(2_048),
      /** Null: that of the shared server, which the host reads itself; `url` must then be the one `server.shared` names. */
      password: z.string().max(4_096).nullable(),
    }),
    serverStatusSchema,
  ),
  "server.history": stream(ofWorkspace, serverHistorySchema, { rule: "drop" }),

  "chat.watch": stream(ofWorkspace, chatStateSchema, { rule: "latest" }),
  "chat.models": procedure(ofWorkspace, modelListSchema),
  "session.create": procedure(ofWorkspace.extend({ title: z.string().max(500).optional() }), sessionSchema),
  /** Answers when the server has accepted the message; `session.events` carries the turn. */
  "session.prompt": procedure(
    ofSession.extend({
      text: z.string().min(1).max(1_000_000),
      /** `provider/model`. */
      model: z.string().max(256).optional(),
      agent: z.string().max(256).optional(),
    }),
    done,
  ),
  "session.abort": procedure(ofSession, done),
  /** Asks the agent to go on where a turn was cut off (`interrupted` of its last message). */
  "session.continue": procedure(ofSession, done),
  "session.remove": procedure(ofSession, done),
  "session.events": stream(ofSession, sessionEventSchema, { rule: "merge", merge: mergeSessionEvents }),
  "permission.reply": procedure(
    ofWorkspace.extend({
      permission: permissionIdSchema,
      reply: permissionReplySchema,
      /** With `reject`: what the agent should do instead. */
      message: z.string().max(10_000).optional(),
    }),
    done,
  ),
  "question.reply": procedure(
    ofWorkspace.extend({
      question: questionIdSchema,
      answers: z.array(z.array(z.string().max(10_000)).max(100)).max(100),
    }),
    done,
  ),
  "question.reject": procedure(ofWorkspace.extend({ question: questionIdSchema }), done),

  /** Failures and recoveries of every workspace, as they come; nothing of the past. What is said is decided in the host. */
  "alert.follow": stream(nothing, alertSchema, { rule: "drop" }),
  /** Alerts whose notification was clicked on the desktop, for its window to show; one clicked before there was a window comes first. */
  "alert.opened": stream(nothing, alertSchema, { rule: "drop" }),

  "audit.list": procedure(
    z.object({
      since: z.string().datetime({ offset: true }).optional(),
      workspace: workspaceIdSchema.optional(),
      service: z.string().max(256).optional(),
      limit: z.number().int().min(1).max(10_000).default(500),
    }),
    z.object({ entries: z.array(auditEntrySchema) }),
  ),
  /** The newest `limit` entries of a workspace, then every new one. */
  "audit.follow": stream(
    ofWorkspace.extend({ limit: z.number().int().min(0).max(10_000).default(500) }),
    auditEntrySchema,
    { rule: "drop" },
  ),
} as const;

export type Contract = typeof contract;
export type ProcedureName = {
  [Name in keyof Contract]: Contract[Name] extends Procedure ? Name : never;
}[keyof Contract];
export type StreamName = { [Name in keyof Contract]: Contract[Name] extends Stream ? Name : never }[keyof Contract];

/** What a caller passes: fields with a default may be left out. */
export type InputOf<Name extends keyof Contract> = z.input<Contract[Name]["input"]>;
/** What a handler receives: validated, defaults filled in. */
export type ParsedInputOf<Name extends keyof Contract> = z.output<Contract[Name]["input"]>;
export type OutputOf<Name extends ProcedureName> = z.output<Contract[Name]["output"]>;
export type ItemOf<Name extends StreamName> = z.output<Contract[Name]["item"]>;
