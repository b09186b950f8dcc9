import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** What the fake does wrong. Without anything it starts and answers as the real one does. */
export interface Fault {
  /** What `--version` prints. */
  readonly version?: string;
  /** Its stdout; `PORT` stands for its port. */
  readonly lines?: readonly string[];
  readonly byteByByte?: boolean;
  readonly stderr?: string;
  /** `open`: no password needed. `refuse`: none is right. `hang`: never answers. `silent`: no event ever. */
  readonly serve?: "open" | "refuse" | "hang" | "page" | "redirect" | "silent";
  readonly dieAtOnce?: boolean;
  readonly dieAfterLine?: boolean;
  /** After the event stream is connected. */
  readonly crashAfterMs?: number;
  readonly exit?: number;
  readonly ignoreTerm?: boolean;
}

/** Puts a fake into a folder of its own and answers its path, which ends in `/opencode`. */
export function fakeOpencode(folder: string, fault: Fault): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "opencode");
  copyFileSync(resolve(import.meta.dirname, "fake-opencode.mjs"), path);
  chmodSync(path, 0o755);
  writeFileSync(join(folder, "fault.json"), JSON.stringify(fault));
  // Without it Node would take a file that has no ending for CommonJS.
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return path;
}
