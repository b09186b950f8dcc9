/** The fronts of the services of an environment that run several times: opened with the first of them, closed after the last. */
import type { ServicePort } from "#shared/schema/service.ts";
import { errorText } from "../lib/error.ts";
import type { Service } from "../service/service.ts";
import type { PortUser } from "./port-user.ts";
import { ReplicaFront } from "./replica-front.ts";
import type { ReplicaGroup } from "./replicas.ts";

export interface FrontsDependencies {
  readonly find: (name: string) => Service | undefined;
  readonly portsOf: (user: PortUser) => readonly ServicePort[];
  /** Called just before the port is listened on. */
  readonly handOver: (name: string) => void;
  readonly note: (text: string) => void;
}

interface Front extends PortUser {
  detected: PortUser["detected"];
  readonly server: ReplicaFront;
  /** It could not be opened, and that was told; it is tried again when it is needed anew. */
  refused: boolean;
}

export class Fronts {
  readonly #dependencies: FrontsDependencies;
  #groups: ReadonlyMap<string, ReplicaGroup> = new Map();
  readonly #fronts = new Map<string, Front>();
  /** Opening and closing, one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(dependencies: FrontsDependencies) {
    this.#dependencies = dependencies;
  }

  adopt(groups: ReadonlyMap<string, ReplicaGroup>): void {
    this.#groups = groups;
    for (const { name, definition } of groups.values()) {
      if (!definition.http || definition.plan.ports.length === 0) continue;
      const front = this.#fronts.get(name);
      if (front === undefined) this.#fronts.set(name, this.#make(name, definition));
      else front.detected = definition;
    }
  }

  /** All of them, with the ports they have. */
  get all(): readonly PortUser[] {
    return [...this.#fronts.values()].filter(({ name }) => this.#groups.has(name));
  }

  /** Those that the services named stand behind. */
  of(services: Iterable<string>): PortUser[] {
    const names = new Set(services);
    return this.all.filter(({ name }) => this.#groups.get(name)?.members.some((member) => names.has(member)) === true);
  }

  /** The front a service stands behind. */
  before(service: string): PortUser | null {
    return this.of([service])[0] ?? null;
  }

  /** Opens and closes what is to be open and closed as things stand. */
  settle(): void {
    for (const front of this.#fronts.values()) {
      const open = this.#isNeeded(front.name);
      if (!open) front.refused = false;
      if (open === front.live || front.refused) continue;
      this.#work = this.#work.then(() => (open ? this.#open(front) : front.server.close()));
    }
  }

  async close(): Promise<void> {
    await this.#work;
    await Promise.all([...this.#fronts.values()].map(({ server }) => server.close()));
  }

  #make(name: string, detected: PortUser["detected"]): Front {
    const { note } = this.#dependencies;
    const server = new ReplicaFront({ name, targets: () => this.#targets(name), onTrouble: note });
    return {
      name,
      detected,
      server,
      refused: false,
      get live() {
        return server.port !== null;
      },
    };
  }

  async #open(front: Front): Promise<void> {
    const [port] = this.#dependencies.portsOf(front);
    if (port === undefined || front.live || front.refused || !this.#isNeeded(front.name)) return;
    this.#dependencies.handOver(front.name);
    try {
      await front.server.open(port.port);
    } catch (error) {
      front.refused = true;
      this.#dependencies.note(`${front.name} has no common address on port ${port.port}: ${errorText(error)}`);
    }
  }

  #isNeeded(name: string): boolean {
    const members = this.#groups.get(name)?.members ?? [];
    return members.some((member) => {
      const service = this.#dependencies.find(member);
      return service !== undefined && (service.live || service.ready);
    });
  }

  #targets(name: string): number[] {
    return (this.#groups.get(name)?.members ?? []).flatMap((member) => {
      const service = this.#dependencies.find(member);
      const port = service?.ready === true ? service.ports[0]?.port : undefined;
      return port === undefined ? [] : [port];
    });
  }
}
