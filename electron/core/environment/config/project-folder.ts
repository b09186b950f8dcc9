/** Folders as files name them. */
import { isAbsolute, join } from "node:path";

/** Absolute; the folder a path of the file means. */
export function folderOf(path: string, directory: string): string {
  return isAbsolute(path) ? join(path) : join(directory, path).replace(/(?<=.)[\\/]+$/, "");
}
