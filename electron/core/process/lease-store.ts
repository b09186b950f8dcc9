import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { removeFile, writeFileAtomic } from "../lib/atomic-file.ts";
import { readRegular } from "../lib/regular-file.ts";
import { isHold, type Lease, parseLease } from "./lease.ts";
import { parseRun, type RunRecord } from "./run-record.ts";

/** A lease is a few hundred bytes; only a hold with a large environment is more. */
const maxBytes = 256 * 1_024;
/** Damaged files kept for a look; the oldest go first. */
const maxQuarantined = 50;

export interface StoredLeases {
  readonly leases: readonly Lease[];
  readonly runs: readonly RunRecord[];
  /** Names of files set aside, each with why. */
  readonly quarantined: readonly { readonly name: string; readonly why: string }[];
}

/**
 * The folder of leases: `<home>/leases/<id>.json`, and `<home>/leases/<runId>.run` for each run of a host. Files are
 * opened without following links and without waiting for a pipe's other end; what is not a lease is moved to
 * `quarantine/`, never obeyed.
 */
export class LeaseStore {
  readonly #folder: string;
  readonly #quarantine: string;

  constructor(home: string) {
    this.#folder = join(home, "leases");
    this.#quarantine = join(this.#folder, "quarantine");
  }

  /** @throws Error when the folder cannot be made, or is a link or a file. */
  prepare(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    if (!lstatSync(this.#folder).isDirectory()) throw new Error(`${this.#folder} is not a folder`);
  }

  writeLease(lease: Lease): void {
    // Containers come back with the machine, processes do not: their leases are dropped at its next start anyway.
    const untilReboot = !isHold(lease);
    writeFileAtomic(join(this.#folder, `${lease.id}.json`), JSON.stringify(lease), { untilReboot });
  }

  removeLease(id: string): void {
    removeFile(join(this.#folder, `${id}.json`));
  }

  writeRun(run: RunRecord): void {
    writeFileAtomic(join(this.#folder, `${run.runId}.run`), JSON.stringify(run), { untilReboot: true });
  }

  removeRun(runId: string): void {
    removeFile(join(this.#folder, `${runId}.run`));
  }

  /** Everything that can be read. @param quarantine Whether to set aside what cannot; the guardian only reads. */
  readAll(quarantine: boolean): StoredLeases {
    const leases: Lease[] = [];
    const runs: RunRecord[] = [];
    const set: { name: string; why: string }[] = [];
    for (const name of this.#names()) {
      const found = name.endsWith(".json") ? this.#lease(name) : this.#run(name);
      if (found === null) continue;
      if ("invalid" in found) set.push({ name, why: found.invalid });
      else if ("id" in found) leases.push(found);
      else runs.push(found);
    }
    if (quarantine) for (const { name } of set) this.#setAside(name);
    return { leases, runs, quarantined: set };
  }

  #names(): string[] {
    try {
      const names = readdirSync(this.#folder);
      return names.filter((name) => name.endsWith(".json") || name.endsWith(".run"));
    } catch {
      // No folder: nothing was ever started from this home.
      return [];
    }
  }

  #lease(name: string): Lease | { readonly invalid: string } | null {
    const text = readRegular(join(this.#folder, name), maxBytes);
    if (text === null || typeof text !== "string") return text;
    const lease = parseLease(text);
    if ("invalid" in lease || `${lease.id}.json` === name) return lease;
    return { invalid: "the file has another lease's name" };
  }

  #run(name: string): RunRecord | { readonly invalid: string } | null {
    const text = readRegular(join(this.#folder, name), maxBytes);
    if (text === null || typeof text !== "string") return text;
    const run = parseRun(text);
    if ("invalid" in run || `${run.runId}.run` === name) return run;
    return { invalid: "the file has another run's name" };
  }

  #setAside(name: string): void {
    mkdirSync(this.#quarantine, { recursive: true, mode: 0o700 });
    const kept = readdirSync(this.#quarantine).sort();
    for (const old of kept.slice(0, Math.max(0, kept.length - maxQuarantined + 1))) {
      rmSync(join(this.#quarantine, old), { recursive: true, force: true });
    }
    // The time first, so that names sort by age. A rename moves a link or a pipe itself and follows nothing.
    renameSync(join(this.#folder, name), join(this.#quarantine, `${Date.now()}-${name}`));
  }
}
