/**
 * The registration of OpenCode 2's shared background server (`opencode serve --service`): one file of the person's, which
 * other clients rely on as well. What is found there is a candidate to be adopted, asked like any other server first, and
 * never ended by us.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorText, systemCode } from "../lib/error.ts";
import { readAddress } from "./ready-line.ts";

/** The file has some 300 bytes. */
const FILE_MAX_BYTES = 64 * 1024;
/** What others than the owner may do with it: nothing, since it holds a password. */
const OTHERS = 0o077;

const fileSchema = z.object({
  url: z.string(),
  pid: z.number().int().positive(),
  version: z.string().max(64).optional(),
  password: z.string().max(4_096).optional(),
});

export type FoundService =
  | {
      readonly kind: "found";
      /** `http://127.0.0.1:PORT`. */
      readonly url: string;
      /** Of the server; only to be shown. */
      readonly pid: number;
      readonly version: string | null;
      readonly password: string;
    }
  /** There is no such file: no shared server was registered. */
  | { readonly kind: "none" }
  /** There is one, and it is not to be trusted. */
  | { readonly kind: "refused"; readonly reason: string };

/** Where the file lies: `$XDG_STATE_HOME/opencode/service.json`. @param home The person's home folder. */
export function serviceFilePath(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const state = env["XDG_STATE_HOME"];
  // A relative one is to be ignored, says the standard of these folders.
  const root = state !== undefined && state.startsWith("/") ? state : join(home, ".local", "state");
  return join(root, "opencode", "service.json");
}

/** Never rejects: trouble is an answer. @param userId Whose file it must be, as `process.getuid()` says. */
export async function readServiceFile(path: string, userId: number): Promise<FoundService> {
  const refused = (reason: string): FoundService => ({ kind: "refused", reason: `${path} ${reason}.` });
  try {
    // Judged and read through one handle: what is judged is what is read. A pipe must not hold us up.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return refused("is not a file");
      if (stat.uid !== userId) return refused("belongs to somebody else");
      if ((stat.mode & OTHERS) !== 0) return refused("can be read or changed by others");
      if (stat.size > FILE_MAX_BYTES) return refused("is too large");
      return readRegistration(await file.readFile("utf8"), refused);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { kind: "none" };
    if (systemCode(error) === "ELOOP") return refused("is a link");
    return refused(`cannot be read (${errorText(error)})`);
  }
}

function readRegistration(text: string, refused: (reason: string) => FoundService): FoundService {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused("is not valid JSON");
  }
  const wire = fileSchema.safeParse(value).data;
  if (wire === undefined) return refused("has an unexpected shape");
  const address = readAddress(wire.url);
  if (address.kind !== "listening") return refused("names an address that is not one of this machine");
  if (wire.password === undefined || wire.password === "") return refused("names no password");
  return {
    kind: "found",
    url: address.url,
    pid: wire.pid,
    version: wire.version ?? null,
    password: wire.password,
  };
}
