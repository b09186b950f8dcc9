import { z } from "zod";

/** Names a shell would accept. */
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, "A variable's name has letters, digits and _.");
const absolutePath = z
  .string()
  .max(4_096)
  .startsWith("/", "An absolute path is needed.")
  // eslint-disable-next-line no-control-regex -- what no path may contain
  .regex(/^[^\u0000-\u001f]+$/, "A path has no control characters.");

/**
 * How OpenCode servers are run. A change is used from the next start of a server on, except the limits, the idle time and
 * debugging's event log, which apply at once.
 */
export const serverSettingsSchema = z.object({
  /** Loopback only: a server that other machines reach is refused. */
  host: z.enum(["127.0.0.1", "::1", "localhost"]).default("127.0.0.1"),
  /** 0: a free one is chosen at each start. */
  port: z.union([z.literal(0), z.number().int().min(1_024).max(65_535)]).default(0),
  /** Added to the environment of the login shell. */
  environment: z
    .record(variableName, z.string().max(32_768))
    .refine((variables) => Object.keys(variables).length <= 200, "At most 200 variables.")
    .default({}),
  startupTimeoutSeconds: z.number().int().min(5).max(600).default(30),
  /** The first wait before the event stream is connected again; doubled with each failure, up to ten times this. */
  reconnectBaseMs: z.number().int().min(50).max(60_000).default(1_000),
  /** Health checks in a row that must fail, each on two signals, before a restart. */
  failuresBeforeRestart: z.number().int().min(1).max(20).default(3),
  /** From the first signal to SIGKILL. */
  stopGraceSeconds: z.number().int().min(1).max(60).default(5),
  /** A plain-text copy of what servers write, rotated; null: only Deckhand's own log. */
  logFile: absolutePath.nullable().default(null),
  /** OpenCode writes its own log at debug level, and Deckhand notes what it starts it with (secrets replaced). */
  debug: z.boolean().default(false),
  /** Every event of the server is logged under the source `opencode-events`. */
  eventLog: z.boolean().default(false),
  /** Asks the npm registry now and then whether a newer OpenCode exists. Never before a server is ready. */
  checkForUpdates: z.boolean().default(false),
  /** A server nobody used for this long is stopped; the next prompt starts it again. Null: never. */
  idleStopMinutes: z.number().int().min(1).max(10_080).nullable().default(30),
  /** Beyond this the server is restarted as soon as no turn runs. Null: no limit. */
  memoryLimitMb: z.number().int().min(256).max(1_048_576).nullable().default(null),
});
export type ServerSettings = z.infer<typeof serverSettingsSchema>;

/** The server's settings where nothing was changed. */
export const defaultServerSettings: ServerSettings = serverSettingsSchema.parse({});

/** What a person can change. Every field has a default, so that an empty store is a valid one. */
export const settingsSchema = z.object({
  theme: z.enum(["system", "light", "dark"]).default("system"),
  /** Absolute path of the OpenCode binary; null: look on PATH, then take the bundled one. */
  opencodeBinary: z.string().min(1).max(4_096).nullable().default(null),
  /** Starting an environment from the window starts the workspace's OpenCode server too. */
  serverWithEnvironment: z.boolean().default(true),
  /** The desktop tells of failed services and of their recovery while no window of ours has the focus. */
  notifications: z.boolean().default(true),
  server: serverSettingsSchema.default(defaultServerSettings),
});
export type Settings = z.infer<typeof settingsSchema>;

const serverFields = serverSettingsSchema.shape;

/** A change names only the fields it changes, those of `server` too. */
export const settingsChangeSchema = z.object({
  theme: settingsSchema.shape.theme.unwrap().optional(),
  opencodeBinary: settingsSchema.shape.opencodeBinary.unwrap().optional(),
  serverWithEnvironment: settingsSchema.shape.serverWithEnvironment.unwrap().optional(),
  notifications: settingsSchema.shape.notifications.unwrap().optional(),
  server: z
    .object({
      host: serverFields.host.unwrap().optional(),
      port: serverFields.port.unwrap().optional(),
      environment: serverFields.environment.unwrap().optional(),
      startupTimeoutSeconds: serverFields.startupTimeoutSeconds.unwrap().optional(),
      reconnectBaseMs: serverFields.reconnectBaseMs.unwrap().optional(),
      failuresBeforeRestart: serverFields.failuresBeforeRestart.unwrap().optional(),
      stopGraceSeconds: serverFields.stopGraceSeconds.unwrap().optional(),
      logFile: serverFields.logFile.unwrap().optional(),
      debug: serverFields.debug.unwrap().optional(),
      eventLog: serverFields.eventLog.unwrap().optional(),
      checkForUpdates: serverFields.checkForUpdates.unwrap().optional(),
      idleStopMinutes: serverFields.idleStopMinutes.unwrap().optional(),
      memoryLimitMb: serverFields.memoryLimitMb.unwrap().optional(),
    })
    .optional(),
});
export type SettingsChange = z.infer<typeof settingsChangeSchema>;
