import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { errorText } from "./error.ts";

/**
 * The text of a small file of state: null when there is none, or why it cannot be trusted. No link is followed and no pipe
 * is waited for: whoever put one there must neither be obeyed nor hold us up.
 *
 * @param limit In bytes; a larger file is none of ours.
 */
export function readRegular(path: string, limit: number): string | { readonly invalid: string } | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined ? null : { invalid: errorText(error) };
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return { invalid: "not a regular file" };
    if (process.getuid !== undefined && stat.uid !== process.getuid()) return { invalid: "another user's file" };
    if (stat.size > limit) return { invalid: `larger than ${limit} bytes` };
    const bytes = Buffer.alloc(stat.size);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, 0));
  } catch (error) {
    return { invalid: errorText(error) };
  } finally {
    closeSync(file);
  }
}
