/** Which file of the workspace an agent has edited, as the server tells it. */
import { isAbsolute, relative } from "node:path";
import { z } from "zod";
import { isInside } from "../lib/inside.ts";
import type { WireEvent } from "./event-stream.ts";

/** `file` is absolute. Generation 1 sends it after each edit of an agent; what a person or a program writes is not told so. */
const edited = z.object({ file: z.string().max(4_096) });

/** Relative to the folder; null for every other event, and for files elsewhere. */
export function editedFile({ type, properties, directory: of }: WireEvent, directory: string): string | null {
  if (type !== "file.edited" || (of !== null && of !== directory)) return null;
  const { data } = edited.safeParse(properties);
  if (data === undefined || !isAbsolute(data.file) || !isInside(directory, data.file)) return null;
  const path = relative(directory, data.file);
  return path === "" ? null : path;
}
