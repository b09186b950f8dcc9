import { z } from "zod";
import { removeFile, writeFileAtomic } from "../core/lib/atomic-file.ts";
import { readRegular } from "../core/lib/regular-file.ts";

const stateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(200).max(32_000),
  height: z.number().int().min(150).max(32_000),
  maximized: z.boolean(),
});
export type WindowState = z.infer<typeof stateSchema>;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The file is some eighty bytes. */
const MAX_BYTES = 4_096;
/** Of the title bar, this much must be on a screen for a person to get hold of the window. */
const MIN_VISIBLE = { width: 120, height: 40 };

/** Where the window was, or null: never saved, damaged (then it is removed), or on a screen that is gone. */
export function readWindowState(path: string, screens: readonly Rectangle[]): WindowState | null {
  const text = readRegular(path, MAX_BYTES);
  if (text === null) return null;
  const state = typeof text === "string" ? parse(text) : null;
  if (state === null) {
    removeFile(path);
    return null;
  }
  return screens.some((screen) => isReachable(state, screen)) ? state : null;
}

export function writeWindowState(path: string, state: WindowState): void {
  writeFileAtomic(path, JSON.stringify(state));
}

function parse(text: string): WindowState | null {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    // Not JSON, or not our shape: a window that opens at its default place is all that is lost.
    return null;
  }
}

function isReachable(state: WindowState, screen: Rectangle): boolean {
  const width = Math.min(state.x + state.width, screen.x + screen.width) - Math.max(state.x, screen.x);
  const top = state.y >= screen.y && state.y + MIN_VISIBLE.height <= screen.y + screen.height;
  return width >= MIN_VISIBLE.width && top;
}
