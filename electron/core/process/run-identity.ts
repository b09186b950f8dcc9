import { randomBytes } from "node:crypto";
import { formatMarker, homeIdOf, isMarkerPart } from "./marker.ts";
import type { ProcessSource } from "./process-table.ts";

/** The host as the records on disk name it: a pid alone may be somebody else's tomorrow. */
export interface Owner {
  readonly bootId: string;
  readonly ownerPid: number;
  readonly ownerStartTime: string;
}

/** Who owns what this run of the host starts. */
export class RunIdentity {
  readonly runId: string;
  readonly homeId: string;
  readonly owner: Owner;

  /** @param runId Letters, digits, `-` and `_`, at most 64. Never the same twice for one home. */
  constructor(home: string, runId: string, source: ProcessSource) {
    if (!isMarkerPart(runId)) throw new Error(`${runId} cannot be the id of a run`);
    const self = source.read(process.pid);
    if (self === null) throw new Error("The host does not find itself among the processes of this machine.");
    this.runId = runId;
    this.homeId = homeIdOf(home);
    this.owner = { bootId: source.bootId, ownerPid: process.pid, ownerStartTime: self.startTime };
  }

  /** A lease's name, and the marker that everything under it carries. */
  newLease(): { readonly id: string; readonly marker: string } {
    const id = randomBytes(8).toString("hex");
    return { id, marker: formatMarker({ homeId: this.homeId, runId: this.runId, leaseId: id }) };
  }
}
