import type { Service } from "../service/service.ts";

/** Whoever is given ports: a service, or the front of one that runs several times. `live`: it uses them now. */
export type PortUser = Pick<Service, "name" | "live" | "detected">;
