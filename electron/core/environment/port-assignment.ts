/** The ports each service of one environment is given. */
import type { Failure } from "#shared/failure.ts";
import type { ServicePort } from "#shared/schema/service.ts";
import type { Service } from "../service/service.ts";
import type { PortRegistry } from "./ports.ts";

export class PortAssignment {
  readonly #registry: PortRegistry;
  readonly #workspace: string;
  readonly #given = new Map<string, readonly ServicePort[]>();
  readonly #failures = new Map<string, Failure>();
  /** One at a time: two starts at once must not look at the same ports. */
  #queue: Promise<void> = Promise.resolve();

  constructor(registry: PortRegistry, workspace: string) {
    this.#registry = registry;
    this.#workspace = workspace;
  }

  /** The ports of a service: those it was given, or those it declares. */
  portsOf(service: Service): readonly ServicePort[] {
    return this.#given.get(service.name) ?? service.detected.plan.ports;
  }

  /** Why a service can have no port, if it cannot. */
  failureOf(name: string): Failure | null {
    return this.#failures.get(name) ?? null;
  }

  /**
   * Finds ports for services that do not run. One that had a port keeps it while others run, who were told of it; otherwise
   * the declared one is tried first. Ports that a command fixes are taken as they are.
   */
  assign(services: readonly Service[], all: readonly Service[]): Promise<void> {
    const turn = this.#queue.then(() => this.#assign(services, all));
    // A failure is told to whoever asked; the next in line is not concerned.
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  releaseAll(): void {
    for (const name of this.#given.keys()) this.#registry.release(this.#owner(name));
    this.#given.clear();
  }

  async #assign(services: readonly Service[], all: readonly Service[]): Promise<void> {
    const othersRun = all.some((service) => service.live);
    const fixed = new Set(
      all.flatMap(({ detected }) => detected.plan.ports.filter(({ env }) => env === null).map(({ port }) => port)),
    );
    for (const service of services) {
      if (service.live) continue;
      const declared = service.detected.plan.ports;
      const owner = this.#owner(service.name);
      const had = othersRun ? this.#given.get(service.name) : undefined;
      this.#registry.release(owner);
      this.#failures.delete(service.name);
      const ports: ServicePort[] = [];
      for (const [index, port] of declared.entries()) {
        if (port.env === null) {
          ports.push(port);
          continue;
        }
        const prefer = had?.[index]?.port ?? port.port;
        const avoid = new Set([...fixed, ...ports.map((taken) => taken.port)]);
        const found = await this.#registry.allocate(prefer, owner, avoid);
        if (found === null) this.#failures.set(service.name, noPort(service.name, prefer));
        ports.push({ ...port, port: found ?? prefer });
      }
      this.#given.set(service.name, ports);
    }
  }

  #owner(service: string): string {
    return `${this.#workspace}/${service}`;
  }
}

function noPort(name: string, prefer: number): Failure {
  return {
    code: "port_in_use",
    message: `${name} needs a port, and neither ${prefer} nor any of the next hundred is free.`,
    next: `Free some ports above ${prefer}, then start again.`,
    details: { port: prefer, holder: null },
  };
}
