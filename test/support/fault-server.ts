/** An OpenCode server under supervision on the stage of a fault case: a fake that can be changed while it runs. */
import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Failure } from "#shared/failure.ts";
import type { ServerState, ServerStatus } from "#shared/schema/server.ts";
import { defaultServerSettings, type ServerSettings } from "#shared/schema/settings.ts";
import { toFailure } from "../../electron/core/lib/error.ts";
import type { WireEvent } from "../../electron/core/opencode/event-stream.ts";
import type { OpencodeServerOptions } from "../../electron/core/opencode/server-options.ts";
import { OpencodeServer } from "../../electron/core/opencode/server.ts";
import { PortRegistry } from "../../electron/core/environment/ports.ts";
import { FakeOpencode, type Fault, type Seen } from "../fakes/fake-opencode/fake-opencode.ts";
import type { Stage } from "./fault-stage.ts";
import { WarpClock } from "./warp-clock.ts";

/** From one look of the health monitor to the next (health.ts). */
export const LOOK_MS = 10_000;
/** The deadline of one look (health.ts). */
export const LOOK_DEADLINE_MS = 5_000;
/** Less than a look may take. */
const STEP_MS = 2_000;
/** Longer than the launcher waits before its second try. */
const RETRY_MS = 1_600;

export interface ServerOptions {
  readonly fault?: Fault;
  readonly settings?: Partial<ServerSettings>;
  readonly binary?: string;
  readonly more?: Partial<OpencodeServerOptions>;
}

export class StageServer {
  readonly server: OpencodeServer;
  readonly fake: FakeOpencode;
  readonly clock = new WarpClock();
  readonly directory: string;
  readonly events: WireEvent[] = [];
  /** Every state it had, without repetitions. */
  readonly states: ServerState[] = ["stopped"];
  readonly settings: ServerSettings;
  /** A turn runs. */
  busy = false;
  readonly #stage: Stage;

  constructor(stage: Stage, options: ServerOptions, name: string) {
    this.#stage = stage;
    this.directory = join(stage.root, `${name} workspace`);
    mkdirSync(this.directory);
    this.fake = new FakeOpencode(join(stage.root, name), options.fault ?? {});
    const path = options.binary ?? this.fake.path;
    this.settings = { ...defaultServerSettings, ...options.settings };
    this.server = new OpencodeServer({
      keeper: stage.keeper,
      book: stage.book,
      workspaceId: `wsp_${name}`,
      directory: this.directory,
      findBinary: () => Promise.resolve({ path, version: "1.18.33", source: "setting", skipped: [] }),
      environment: () => Promise.resolve({ PATH: process.env["PATH"] ?? "", HOME: stage.root }),
      config: () => null,
      settings: () => this.settings,
      serviceVariables: () => ({}),
      ports: new PortRegistry(),
      isBusy: () => this.busy,
      clock: this.clock,
      logger: stage.logger,
      random: stage.random,
      // Nobody told the log of it: the server has to.
      randomPassword: () => stage.password,
      ...options.more,
    });
    this.server.onChange((status) => {
      stage.collect("a status", status);
      if (this.states.at(-1) !== status.state) this.states.push(status.state);
    });
    this.server.onEvent((event) => this.events.push(event));
    stage.show(() => {
      const { pid } = this.server.status();
      return { up: pid !== null, pid };
    });
    stage.defer(async () => {
      await this.server.close();
      stage.collect("the last status", this.server.status());
      await this.idle();
    });
  }

  get status(): ServerStatus {
    return this.server.status();
  }

  get pid(): number {
    const { pid } = this.status;
    if (pid === null) throw new Error(`it has no process: ${JSON.stringify(this.status)}`);
    return pid;
  }

  /** Types of the events that came, the server's own left out. */
  get eventTypes(): string[] {
    return this.events.map((event) => event.type).filter((type) => !type.startsWith("server."));
  }

  async state(wanted: ServerState, ms = 10_000): Promise<ServerStatus> {
    await this.#stage.until(`the state ${wanted} (${this.states.join(", ")})`, () => this.status.state === wanted, ms);
    return this.status;
  }

  /** Starts it; what keeps it from becoming ready is answered. A second try, if there is one, comes at once. */
  async failure(during: () => void = () => undefined): Promise<Failure> {
    let failure: Failure | null = null;
    const starting = this.server.start().then(
      () => {
        throw new Error("it became ready");
      },
      (error: unknown) => (failure = toFailure(error)),
    );
    // It is awaited below; until then its failure is no unhandled one.
    starting.catch(() => undefined);
    await this.#stage.until(`the failure (${this.states.join(", ")})`, async () => {
      during();
      this.hurry();
      return failure !== null || (await Promise.race([starting.then(() => true), pause()])) === true;
    });
    return starting;
  }

  /** Does not wait for the next try. */
  hurry(): void {
    if (this.status.state === "starting" && this.status.pid === null) this.clock.jump(RETRY_MS);
  }

  /** One event on the stream, here by the time this resolves. */
  async beat(type = "server.heartbeat"): Promise<void> {
    const { events } = this.status;
    await this.fake.emit([{ event: { payload: { type, properties: {} } } }]);
    await this.#stage.until("the event", () => this.status.events > events);
  }

  /**
   * The next look of the health monitor, which has asked by the time this resolves, and has its answer if there is one. A
   * look may come sooner than usual, after the stream broke; in one jump its deadline would overtake its answer.
   */
  async look(): Promise<void> {
    const asked = async () => (await this.fake.seen()).seen["/global/health"] ?? 0;
    const before = await asked();
    for (let left = LOOK_MS; left > 0; left -= STEP_MS) {
      this.clock.jump(Math.min(left, STEP_MS));
      await this.#answers();
      if ((await asked()) > before) return;
    }
    await this.#stage.until("the look", async () => (await asked()) > before);
    await this.#answers();
  }

  /** Lets so many ms pass for a server that is well, with all the looks that fall into them. */
  async pass(ms: number): Promise<void> {
    const { seen } = await this.fake.seen();
    const ahead = unfinished(seen);
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.clock.jump(Math.min(left, STEP_MS));
      // Each look asks for health and then for the API.
      await this.seen("the end of the look", (now) => unfinished(now.seen) === ahead);
      await this.fake.seen();
    }
  }

  /** Lets time pass until it is well again. Slowly enough for what is asked meanwhile to be answered. */
  async recovered(): Promise<ServerStatus> {
    await this.#stage.until(
      `all signs of life (${this.states.join(", ")})`,
      async () => {
        if (this.status.state === "running") return true;
        await this.step();
        return false;
      },
      15_000,
    );
    return this.status;
  }

  /** Nothing waits any more: what was asked of it ends with its connections, an instant after its process. */
  async idle(): Promise<void> {
    const isIdle = () => this.clock.pending === 0;
    await this.#stage.until("the end of what waits", isIdle, 2_000).catch(() => {
      throw new Error(`timers outlived the server: ${this.clock.describe()}`);
    });
  }

  /** Two seconds, and the time for what was asked meanwhile to be answered: of a deadline of 5 s no step takes more. */
  async step(): Promise<void> {
    this.clock.jump(STEP_MS);
    await this.#answers();
  }

  /** Time for what was asked to be answered: the clock that jumps on its deadline must not overtake the answer. */
  async #answers(): Promise<void> {
    for (let trip = 0; trip < 3; trip += 1) await this.fake.seen();
  }

  /** A look while the event stream lives. */
  async lookWithEvents(): Promise<void> {
    await this.beat();
    await this.look();
  }

  /** Until it says so. */
  async seen(what: string, fits: (seen: Seen) => boolean, ms = 10_000): Promise<Seen> {
    return this.#stage.until(
      what,
      async () => {
        const seen = await this.fake.seen();
        return fits(seen) ? seen : null;
      },
      ms,
    );
  }
}

function unfinished(seen: Seen["seen"]): number {
  return (seen["/global/health"] ?? 0) - (seen["/session/status"] ?? 0);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

/** A server of this stage, not started. */
export function openServer(stage: Stage, options: ServerOptions = {}, name = "opencode"): StageServer {
  return new StageServer(stage, options, name);
}

/** One that runs. */
export async function startServer(stage: Stage, options: ServerOptions = {}, name = "opencode"): Promise<StageServer> {
  const opened = openServer(stage, options, name);
  await opened.server.start();
  return opened;
}

interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
}

/** Somebody else's HTTP server, which remembers what it was asked. */
export async function openStranger(
  stage: Stage,
  status: (authorized: boolean) => number,
): Promise<{ readonly port: number; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    const { authorization } = request.headers;
    asked.push({ path: request.url ?? "", authorization });
    response.writeHead(status(authorization !== undefined), { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.defer(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, asked };
}
