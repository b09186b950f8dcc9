/** Folders as files name them. */
import { isAbsolute, join, relative, sep } from "node:path";

/** Absolute; the folder a path of the file means. */
export function folderOf(path: string, directory: string): string {
  return isAbsolute(path) ? join(path) : join(directory, path).replace(/(?<=.)[\\/]+$/, "");
}

/** Whether a folder lies inside the project, so that it may be looked at. */
export function relativeInside(folder: string, directory: string): string | null {
  const way = relative(directory, folder);
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way) ? null : way;
}
