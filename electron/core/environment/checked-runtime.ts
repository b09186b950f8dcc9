/**
 * What is looked at before every start, also one that nobody asked for: that the folder is still as it was approved, and that
 * a held port is told as what it is, with its holder's name.
 */
import { AppError, fromFailure } from "../lib/error.ts";
import { portInUseFailure, type PortHolder } from "../service/failures.ts";
import type { Instance, Launch, Runtime } from "../service/runtime.ts";
import { portState } from "../process/port-state.ts";

export class CheckedRuntime implements Runtime {
  readonly #name: string;
  readonly #inner: Runtime;
  readonly #portHolder: (port: number) => Promise<PortHolder | null>;
  readonly #admit: () => Promise<void>;
  readonly #checkFirst: boolean;

  /**
   * @param admit Rejects with `not_trusted` when what would run is no longer what was approved: a script can change between
   *   a crash and the restart.
   * @param checkFirst False for containers: one of ours may hold the port already, and docker says so
   *   itself if not.
   */
  constructor(dependencies: {
    name: string;
    inner: Runtime;
    portHolder: (port: number) => Promise<PortHolder | null>;
    admit: () => Promise<void>;
    checkFirst: boolean;
  }) {
    this.#name = dependencies.name;
    this.#inner = dependencies.inner;
    this.#portHolder = dependencies.portHolder;
    this.#admit = dependencies.admit;
    this.#checkFirst = dependencies.checkFirst;
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Instance> {
    await this.#admit();
    if (this.#checkFirst) {
      for (const port of launch.ports) {
        if ((await portState(port.port)) !== "held") continue;
        throw fromFailure(portInUseFailure(this.#name, port, await this.#portHolder(port.port)));
      }
    }
    try {
      return await this.#inner.start(launch, signal);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "port_in_use") throw error;
      for (const port of launch.ports) {
        const holder = await this.#portHolder(port.port);
        if (holder !== null) throw fromFailure(portInUseFailure(this.#name, port, holder, !this.#checkFirst));
      }
      throw error;
    }
  }
}
