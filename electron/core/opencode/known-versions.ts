/**
 * Which version of OpenCode a binary is, remembered beyond the end of the host: asking takes 0.7 s, and a person waits for it
 * at the first start of each host. A convenience: a file that is lost or not ours costs asking again.
 */
import type { Stats } from "node:fs";
import { z } from "zod";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { readRegular } from "../lib/regular-file.ts";

/** Versions remembered; beyond it the one added first is forgotten. */
const REMEMBERED = 64;
/** 64 paths of some 100 bytes; far more is not written by us. In bytes. */
const FILE_MAX_BYTES = 256 * 1024;

const fileSchema = z.array(z.tuple([z.string(), z.string()])).max(REMEMBERED);

export class KnownVersions {
  readonly #file: string | null;
  readonly #logger: Logger;
  /** By state of a file. Null: not read yet. */
  #versions: Map<string, string> | null = null;

  /** @param options.file Where they are kept; null: in memory alone. */
  constructor(options: { readonly file: string | null; readonly logger: Logger }) {
    this.#file = options.file;
    this.#logger = options.logger;
  }

  /** Null where the file was never asked in this state. */
  of(path: string, stats: Stats): string | null {
    return this.#known().get(keyOf(path, stats)) ?? null;
  }

  add(path: string, stats: Stats, version: string): void {
    const known = this.#known();
    known.set(keyOf(path, stats), version);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    if (this.#file === null) return;
    try {
      // Lost in a power cut it is asked again; nobody waits for the disk.
      writeFileAtomic(this.#file, JSON.stringify([...known]), { untilReboot: true });
    } catch (error) {
      this.#logger.warn("the version of OpenCode could not be remembered", { error: errorText(error) });
    }
  }

  #known(): Map<string, string> {
    this.#versions ??= new Map(this.#file === null ? [] : readVersions(this.#file, this.#logger));
    return this.#versions;
  }
}

/**
 * npm gives every file it installs the same time of modification, so the time of change and the inode count as well: both are
 * new when a file was replaced, and nobody can set them back.
 */
function keyOf(path: string, { size, mtimeMs, ctimeMs, dev, ino }: Stats): string {
  return [path, size, mtimeMs, ctimeMs, dev, ino].join("\0");
}

function readVersions(file: string, logger: Logger): readonly (readonly [string, string])[] {
  const text = readRegular(file, FILE_MAX_BYTES);
  if (text === null) return [];
  try {
    if (typeof text !== "string") throw new Error(text.invalid);
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    logger.warn("the remembered versions of OpenCode are passed over", { file, error: errorText(error) });
    return [];
  }
}
