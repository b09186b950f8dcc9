/** Facts next to a message; JSON-safe. Never a token, a password or an environment. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The app's own log (not the log of a service). Structured, at state changes, not in loops. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** For tests and for what needs no log. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
