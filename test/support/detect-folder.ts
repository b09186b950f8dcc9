/** Folders made for one test, read by detection. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import type { DetectedProject, DetectedService } from "../../electron/core/environment/detect/detected.ts";

const folders: string[] = [];

/** A folder with these files; a value that is no text is written as JSON. */
export function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-detect-")));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(
      join(folder, name),
      typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content),
    );
  }
  return folder;
}

export function detectIn(files: Readonly<Record<string, unknown>>, profile = "dev"): Promise<DetectedProject> {
  return detect({ directory: folderWith(files), profile });
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Of a project that has no other. */
export function onlyService({ services }: DetectedProject): DetectedService {
  const [first, ...others] = services.values();
  if (first === undefined || others.length > 0) throw new Error(`one service was expected, not ${services.size}`);
  return first;
}
