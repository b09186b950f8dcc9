/** A log line as plain text for the clipboard, with time and source, so that it says where it is from. */
import type { LogLine } from "#shared/schema/log.ts";
import { formatClock } from "./format.ts";
import { plainText } from "./sgr.ts";

export const lineAsText = (line: LogLine): string => `${formatClock(line.at)} ${line.source}: ${plainText(line.text)}`;
