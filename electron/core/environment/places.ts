/** Where the services of an environment are: their ports, the fronts of those that run several times, and what all are told of it. */
import type { Failure } from "#shared/failure.ts";
import type { ServicePort, ServiceStatus } from "#shared/schema/service.ts";
import { joinVariables } from "../lib/variables.ts";
import type { Service } from "../service/service.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { completedVariables } from "./config/stated-variables.ts";
import { Fronts } from "./fronts.ts";
import { PortAssignment } from "./port-assignment.ts";
import type { PortUser } from "./port-user.ts";
import { PortRegistry } from "./ports.ts";
import type { ReplicaGroup } from "./replicas.ts";
import type { Roster } from "./roster.ts";
import { serviceUrl, serviceVariables, toldPorts, type Addressed } from "./service-variables.ts";

export interface PlacesDependencies extends Pick<
  EnvironmentDependencies,
  "keeper" | "workspaceId" | "workspaceName" | "ports"
> {
  readonly roster: Roster;
  readonly note: (text: string) => void;
}

export class Places {
  readonly #roster: Roster;
  readonly #ports: PortAssignment;
  readonly #fronts: Fronts;
  #groups: ReadonlyMap<string, ReplicaGroup> = new Map();

  constructor({ keeper, workspaceId, workspaceName, ports, roster, note }: PlacesDependencies) {
    this.#roster = roster;
    this.#ports = new PortAssignment({
      registry: ports ?? new PortRegistry(),
      workspace: workspaceId,
      keeper,
      ...(workspaceName === undefined ? {} : { workspaceName }),
    });
    this.#fronts = new Fronts({
      find: (name) => roster.find(name),
      portsOf: (user) => this.#ports.portsOf(user),
      handOver: (name) => this.#ports.handOver(name),
      note,
    });
  }

  adopt(groups: ReadonlyMap<string, ReplicaGroup>): void {
    this.#groups = groups;
    this.#fronts.adopt(groups);
  }

  /** Settles the ports of these before the first of them is started: each is told where the others are. */
  async assign(names: readonly string[]): Promise<void> {
    const services = names.map((name) => this.#roster.find(name)).filter((service) => service !== undefined);
    await this.#ports.assign([...this.#fronts.of(names), ...services], [...this.#fronts.all, ...this.#roster.all]);
  }

  /** Why a service cannot have its ports, or the ones it shares with others of its kind; null: it can. */
  failureOf(name: string): Failure | null {
    const front = this.#fronts.before(name);
    return this.#ports.failureOf(name) ?? (front === null ? null : this.#ports.failureOf(front.name));
  }

  /** Another port that it could have instead of one that it cannot get; null: none is free. @throws AppError `not_found`, `plan_invalid`. */
  otherPort(service: Service, port: number): Promise<number | null> {
    return this.#ports.other(this.#insisting(service), port, [...this.#fronts.all, ...this.#roster.all]);
  }

  /** Has it given that one from its next start until everything has stopped. @throws AppError as {@link otherPort}. */
  movePort(service: Service, port: number, to: number): void {
    this.#ports.move(this.#insisting(service), port, to);
  }

  /** Of several of a kind, it is the front of all that has the port. */
  #insisting(service: Service): PortUser {
    const front = this.#fronts.before(service.name);
    return front !== null && this.#ports.failureOf(front.name) !== null ? front : service;
  }

  /** A service is about to be started: its ports can be listened on, and these are its variables. */
  handOver(service: Service): { readonly ports: readonly ServicePort[]; readonly variables: Record<string, string> } {
    const all = [...this.#fronts.all, ...this.#roster.all].map((other) => this.#addressed(other));
    this.#ports.handOver(service.name);
    const given = serviceVariables(this.#addressed(service), all);
    return {
      ports: this.#ports.portsOf(service),
      variables: joinVariables(completedVariables(service.detected, given), given),
    };
  }

  portsOf(service: Service): readonly ServicePort[] {
    return service.live ? service.ports : this.#ports.portsOf(service);
  }

  /** What a service is one of several of; undefined where it is the only one. */
  replicaOf(name: string): ServiceStatus["replica"] {
    for (const group of this.#groups.values()) {
      if (!group.members.includes(name)) continue;
      const front = this.#fronts.before(name);
      return { of: group.name, url: front?.live === true ? serviceUrl(this.#addressed(front)) : null };
    }
    return undefined;
  }

  /** Something has changed: fronts open and close as is needed. */
  settle(): void {
    this.#fronts.settle();
  }

  /** Another workspace may have the ports now. */
  releaseAll(): void {
    this.#ports.releaseAll();
  }

  async close(): Promise<void> {
    await this.#fronts.close();
    this.#ports.releaseAll();
  }

  #addressed(user: PortUser | Service): Addressed {
    const ports = "state" in user ? this.portsOf(user) : this.#ports.portsOf(user);
    return { name: user.name, ports, http: user.detected.http, told: toldPorts(user.detected.run, ports) };
  }
}
