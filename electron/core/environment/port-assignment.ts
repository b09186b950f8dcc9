/** The ports each service of one environment is given. */
import type { Failure } from "#shared/failure.ts";
import type { ServicePort } from "#shared/schema/service.ts";
import { AppError } from "../lib/error.ts";
import { portInUseFailure, type PortHolder } from "../service/failures.ts";
import { namedHolder, type HolderNames } from "./named-holder.ts";
import type { PortOwner } from "./port-claims.ts";
import { PortHolds } from "./port-holds.ts";
import type { RememberedPort } from "./port-memory.ts";
import type { PortUser } from "./port-user.ts";
import type { PortRegistry } from "./ports.ts";
import { canBeTold } from "./told-ports.ts";

/** `keeper`, `workspaceName`: who holds a port, by names. */
export interface PortAssignmentDependencies extends HolderNames {
  readonly registry: PortRegistry;
  readonly workspace: string;
}

/** What became of one declared port: where it is now, whether that is to be remembered, or why it cannot be had. */
type Given =
  | { readonly kind: "port"; readonly port: number; readonly remember: boolean }
  | { readonly kind: "failure"; readonly failure: Failure };

export class PortAssignment {
  readonly #dependencies: PortAssignmentDependencies;
  readonly #holds = new PortHolds();
  readonly #given = new Map<string, readonly ServicePort[]>();
  readonly #failures = new Map<string, Failure>();
  /** By service and declared port: what a person wants it to have instead, for as long as anything runs. */
  readonly #moved = new Map<string, number>();
  /** One at a time: two starts at once must not look at the same ports. */
  #queue: Promise<void> = Promise.resolve();

  constructor(dependencies: PortAssignmentDependencies) {
    this.#dependencies = dependencies;
  }

  /** The ports of a service: those it was given, or those it declares. */
  portsOf(service: PortUser): readonly ServicePort[] {
    return this.#given.get(service.name) ?? service.detected.plan.ports;
  }

  /** Why a service can have no port, if it cannot. */
  failureOf(name: string): Failure | null {
    return this.#failures.get(name) ?? null;
  }

  /**
   * Finds ports for services that do not run. One that had a port keeps it while others run, who were told of it; otherwise
   * the one it had when the host last ran is tried first, then the declared one. Ports that a command fixes are taken as
   * they are. What is found is held until `handOver`.
   */
  assign(services: readonly PortUser[], all: readonly PortUser[]): Promise<void> {
    const turn = this.#queue.then(() => this.#assign(services, all));
    // A failure is told to whoever asked; the next in line is not concerned.
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** The service is about to be started: its ports can be listened on when this returns. */
  handOver(name: string): void {
    for (const { port } of this.#given.get(name) ?? []) this.#holds.release(port);
  }

  /**
   * Another port that a service could have; null: none is free. It is not given to it by this.
   *
   * @param port The one that it declares, or has.
   * @throws AppError `not_found`, `plan_invalid`: it has no such port, or insists on it.
   */
  async other(service: PortUser, port: number, all: readonly PortUser[]): Promise<number | null> {
    const declared = this.#movable(service, port);
    const avoid = new Set([...all.flatMap((user) => user.detected.plan.ports.map((one) => one.port)), port]);
    return this.#dependencies.registry.suggest(declared.port, this.#owner(service.name), avoid);
  }

  /** Has it given another port from the next `assign` until all is released, though it is strict. @throws as {@link other}. */
  move(service: PortUser, port: number, to: number): void {
    this.#moved.set(movedKey(service, this.#movable(service, port)), to);
  }

  #movable(service: PortUser, port: number): ServicePort {
    const { ports } = service.detected.plan;
    const given = this.portsOf(service).findIndex((one) => one.port === port);
    const declared = ports.find((one) => one.port === port) ?? ports[given];
    if (declared === undefined) {
      throw new AppError("not_found", `${service.name} has no port ${port}.`, { next: "Look at its ports." });
    }
    if (isFixed(service, declared)) {
      throw new AppError("plan_invalid", `The command of ${service.name} fixes port ${declared.port}.`, {
        next: "Let it take its port from a variable such as PORT, or change the command.",
      });
    }
    return declared;
  }

  releaseAll(): void {
    this.#moved.clear();
    this.#holds.releaseAll();
    for (const name of this.#given.keys()) this.#dependencies.registry.release(this.#owner(name));
    this.#given.clear();
    this.#failures.clear();
  }

  async #assign(services: readonly PortUser[], all: readonly PortUser[]): Promise<void> {
    const othersRun = all.some((service) => service.live);
    const fixed = new Set(
      all.flatMap((service) =>
        service.detected.plan.ports.filter((port) => isFixed(service, port)).map(({ port }) => port),
      ),
    );
    for (const service of services) {
      if (service.live) continue;
      this.handOver(service.name);
      const had = othersRun ? this.#given.get(service.name) : undefined;
      this.#dependencies.registry.release(this.#owner(service.name));
      this.#failures.delete(service.name);
      const ports: ServicePort[] = [];
      const remembered: RememberedPort[] = [];
      for (const [index, port] of service.detected.plan.ports.entries()) {
        const avoid = new Set([...fixed, ...ports.map((taken) => taken.port)]);
        const given = await this.#give(service, port, had?.[index]?.port ?? null, avoid);
        if (given.kind === "failure") this.#failures.set(service.name, given.failure);
        else if (given.remember) remembered.push({ wanted: port.port, given: given.port });
        ports.push(given.kind === "port" && given.port !== port.port ? { ...port, port: given.port } : port);
      }
      this.#given.set(service.name, ports);
      this.#dependencies.registry.remember(this.#owner(service.name), remembered);
    }
    this.#dependencies.registry.saveMemory();
  }

  async #give(service: PortUser, port: ServicePort, had: number | null, avoid: ReadonlySet<number>): Promise<Given> {
    const { registry } = this.#dependencies;
    const owner = this.#owner(service.name);
    if (isFixed(service, port)) {
      // Nothing can be done about it; that it is spoken of keeps others from being given it.
      await registry.take(port.port, owner, true);
      return { kind: "port", port: port.port, remember: false };
    }
    const container = service.detected.run.kind === "compose";
    const moved = this.#moved.get(movedKey(service, port));
    if (moved !== undefined) {
      const isFree = (await registry.take(moved, owner, container)).kind === "taken";
      const next = isFree ? moved : await registry.allocate(moved, owner, avoid);
      if (next === null) return { kind: "failure", failure: noPort(service.name, moved) };
      // Not remembered: it was for once.
      return this.#hold(next, container, false);
    }
    const candidates = port.strict === true ? [] : [had, registry.recall(owner, port.port)];
    for (const candidate of candidates) {
      if (candidate === null || avoid.has(candidate)) continue;
      if ((await registry.take(candidate, owner, container)).kind !== "taken") continue;
      return this.#hold(candidate, container, true);
    }
    // A container of ours may be what listens; if it is a stranger, docker says so, and the service is blocked: programs
    // with the port in their settings would reach the stranger's database instead of ours.
    const wish = await registry.take(port.port, owner, container);
    if (wish.kind === "taken") return this.#hold(port.port, container, true);
    if (port.strict === true) return { kind: "failure", failure: await this.#strictFailure(service.name, port, wish) };
    const found = await registry.allocate(port.port, owner, avoid);
    if (found === null) return { kind: "failure", failure: noPort(service.name, port.port) };
    // A stranger may be gone the next time, and then the declared one is better than what was found instead.
    return this.#hold(found, container, wish.kind === "ours");
  }

  async #hold(port: number, container: boolean, remember: boolean): Promise<Given> {
    if (!container) await this.#holds.hold(port);
    return { kind: "port", port, remember };
  }

  async #strictFailure(
    name: string,
    port: ServicePort,
    wish: Awaited<ReturnType<PortRegistry["take"]>>,
  ): Promise<Failure> {
    const holder = await namedHolder(this.#dependencies, port.port);
    if (wish.kind === "ours") {
      const { workspace } = wish.owner;
      return spokenFor(name, port.port, wish.owner, {
        holder,
        place: this.#dependencies.workspaceName?.(workspace) ?? workspace,
      });
    }
    return portInUseFailure(name, port, holder);
  }

  #owner(service: string): string {
    return `${this.#dependencies.workspace}/${service}`;
  }
}

/** The command insists on it. A container's is in the file, and can be replaced there. */
function isFixed(service: PortUser, port: ServicePort): boolean {
  return !canBeTold(port) && service.detected.run.kind !== "compose";
}

function movedKey({ name }: PortUser, { port }: ServicePort): string {
  return `${port} ${name}`;
}

function noPort(name: string, prefer: number): Failure {
  return {
    code: "port_in_use",
    message: `${name} needs a port, and neither ${prefer} nor any of the next hundred is free.`,
    next: `Free some ports above ${prefer}, then start again.`,
    details: { port: prefer, holder: null },
  };
}

function spokenFor(
  name: string,
  port: number,
  owner: PortOwner,
  { holder, place }: { readonly holder: PortHolder | null; readonly place: string },
): Failure {
  const by = holder === null ? "" : `: ${holder.command.slice(0, 120)} (pid ${holder.pid})`;
  return {
    code: "port_in_use",
    message: `${name} needs port ${port}, which ${owner.service} of workspace ${place} has${by}.`,
    next: `Stop ${owner.service} there, or let ${name} use another port; then start again.`,
    details: { port, holder, workspace: owner.workspace, service: owner.service },
  };
}
