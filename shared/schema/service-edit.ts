/**
 * A service as a form shows it, and a change of it as a person makes it. Everything that is typed is text: whether it can be
 * is for what reads deckhand.yaml to say, and it says so with its place below the service, in the words of that file:
 * `details.fields` of a `bad_input` is a list of `{path: ["ports", "http", "prefer"], message}`.
 */
import { z } from "zod";
import { dependencyConditionSchema } from "./service.ts";

const typed = z.string().max(4_096);
const name = z.string().max(256);
/** Lines a person would type; more is no form any more. */
const MAX_ROWS = 200;

export const portDraftSchema = z.object({
  name,
  prefer: typed,
  /** The variable that carries it to the process, and what is put behind the command to tell it; both empty: the command fixes it. */
  env: typed,
  option: typed,
  strict: z.boolean(),
});
export type PortDraft = z.infer<typeof portDraftSchema>;

export const needDraftSchema = z.object({
  name,
  condition: dependencyConditionSchema,
  required: z.boolean(),
  /** It is restarted with the one it needs. */
  restart: z.boolean(),
});
export type NeedDraft = z.infer<typeof needDraftSchema>;

/** How it is found out that it is ready. `none`: it is as soon as it runs. `compose`: as Docker says of a container. */
export const checkKindSchema = z.enum(["none", "tcp", "http", "exec", "log", "notify", "compose"]);
export type CheckKind = z.infer<typeof checkKindSchema>;

/** Times such as `10s`; what is empty is as usual. Of the targets only that of `kind` counts. */
export const probeDraftSchema = z.object({
  kind: checkKindSchema,
  /** A port, or the name of one. */
  tcp: typed,
  /** `${NAME}` stands for a variable of the service. */
  url: typed,
  status: typed,
  /** A shell line. */
  exec: typed,
  /** A regular expression. */
  log: typed,
  interval: typed,
  timeout: typed,
  retries: typed,
  successThreshold: typed,
  startPeriod: typed,
  startInterval: typed,
  initialDelay: typed,
  deadline: typed,
});
export type ProbeDraft = z.infer<typeof probeDraftSchema>;

export const restartDraftSchema = z.object({
  mode: z.enum(["no", "on-failure", "always", "unless-stopped"]),
  /** In a row at most; empty: as often as the limit allows. Not of `no`. */
  retries: typed,
  /** More than `max` within `window` are a crash loop. */
  max: typed,
  window: typed,
});
export type RestartDraft = z.infer<typeof restartDraftSchema>;

export const stopDraftSchema = z.object({ signal: typed, grace: typed });
export type StopDraft = z.infer<typeof stopDraftSchema>;

/** What is empty is not limited. */
export const limitsDraftSchema = z.object({
  memory: typed,
  cpu: typed,
  cpuFor: typed,
  onExceed: z.enum(["restart", "stop", "notify"]),
});
export type LimitsDraft = z.infer<typeof limitsDraftSchema>;

/** Without paths nothing is watched. */
export const watchDraftSchema = z.object({
  paths: z.array(typed).max(MAX_ROWS),
  ignore: z.array(typed).max(MAX_ROWS),
  debounce: typed,
});
export type WatchDraft = z.infer<typeof watchDraftSchema>;

/** Where a variable comes from: only what is the service's own can be taken out of it. */
const variableOriginSchema = z.enum(["service", "files", "profile"]);

/** What each form of a service holds as it is now. */
export const serviceDraftSchema = z.object({
  service: name,
  /** A container's parts that only its compose file decides are not for a form. */
  container: z.boolean(),
  /** As a shell line; empty for a container. */
  command: z.string(),
  /** Relative to the project. */
  workingDirectory: z.string(),
  /** `value` is null where it looks like a secret: such a value never leaves the host. */
  environment: z.array(z.object({ name: z.string(), value: z.string().nullable(), from: variableOriginSchema })),
  ports: z.array(portDraftSchema),
  needs: z.array(needDraftSchema),
  /** Other services it could need. */
  others: z.array(z.string()),
  probe: probeDraftSchema,
  restart: restartDraftSchema,
  stop: stopDraftSchema,
  limits: limitsDraftSchema,
  watch: watchDraftSchema,
  /** As its files say; `max`: at most so many. `obstacle`: why there can only be one, in a sentence; null: there can be more. */
  replicas: z.object({ count: z.number().int(), max: z.number().int(), obstacle: z.string().nullable() }),
  /** The deckhand.yaml it would be saved in; null: a new one. */
  file: z.string().nullable(),
});
export type ServiceDraft = z.infer<typeof serviceDraftSchema>;

/** A change of one service. What is left out stays as it is. */
export const serviceEditSchema = z.object({
  service: z.string().min(1).max(256),
  disabled: z.boolean().optional(),
  /** A shell line. With the name of no service there is, it makes a new one. Not for containers. */
  command: z.string().max(10_000).optional(),
  /** Relative to the project. */
  workingDirectory: typed.optional(),
  /** Of each variable its value, as it is to be given; null takes it out. Those that are not named stay, with their secrets. */
  environment: z
    .array(z.tuple([name, z.string().max(32_768).nullable()]))
    .max(MAX_ROWS)
    .optional(),
  ports: z.array(portDraftSchema).max(MAX_ROWS).optional(),
  needs: z.array(needDraftSchema).max(1_000).optional(),
  probe: probeDraftSchema.optional(),
  restart: restartDraftSchema.optional(),
  stop: stopDraftSchema.optional(),
  limits: limitsDraftSchema.optional(),
  watch: watchDraftSchema.optional(),
  replicas: typed.optional(),
});
export type ServiceEdit = z.infer<typeof serviceEditSchema>;

/** Where something cannot be as it was typed: the keys of deckhand.yaml below the service, and why. */
export const fieldProblemSchema = z.object({
  path: z.array(z.union([z.string(), z.number()])),
  message: z.string(),
});
export type FieldProblem = z.infer<typeof fieldProblemSchema>;
