/**
 * The shared background server as it is offered for adoption. What is told of it never holds its password: that is read from
 * the registration at the moment it is used, and only for the address that stands beside it there.
 */
import type { SharedServer } from "#shared/schema/server.ts";
import { AppError } from "../lib/error.ts";
import { readServiceFile } from "./service-file.ts";

export interface SharedServerFileOptions {
  /** See `serviceFilePath`. */
  readonly path: string;
  /** Whose file it must be, as `process.getuid()` says. */
  readonly userId: number;
}

export class SharedServerFile {
  readonly #options: SharedServerFileOptions;

  constructor(options: SharedServerFileOptions) {
    this.#options = options;
  }

  /** What the file says now. It is only read: whether somebody listens there is found out by adopting it. */
  async find(): Promise<SharedServer> {
    const found = await this.#read();
    if (found.kind !== "found") return found;
    // Named one by one, so that what else stands in the file goes nowhere.
    return { kind: "found", url: found.url, pid: found.pid, version: found.version };
  }

  /**
   * The password that stands in the file now.
   *
   * @param url As `find` told it: a password is for its own server alone.
   * @throws AppError `not_found` where none is registered (any more); `opencode_settings` where the file is not to be trusted
   *   or names another address by now.
   */
  async passwordOf(url: string): Promise<string> {
    const found = await this.#read();
    if (found.kind !== "found") throw noSharedServer(found);
    if (found.url === url) return found.password;
    throw new AppError(
      "opencode_settings",
      `${url.slice(0, 200)} is not the shared OpenCode server: that one is registered at ${found.url}.`,
      { next: `Adopt the one at ${found.url}, or give the password of the other.` },
    );
  }

  #read() {
    return readServiceFile(this.#options.path, this.#options.userId);
  }
}

/** Why there is none to be adopted: `not_found`, or `opencode_settings` where its registration is refused. */
export function noSharedServer(answer: Exclude<SharedServer, { kind: "found" }>): AppError {
  if (answer.kind === "none") {
    return new AppError("not_found", "No shared OpenCode server is registered on this machine.", {
      next: "Start OpenCode 2's shared server, or give the address and password of a server that runs.",
    });
  }
  return new AppError("opencode_settings", `The shared OpenCode server is not used: ${answer.reason}`, {
    next: "Put that file in order, or give the address and password of the server.",
  });
}
