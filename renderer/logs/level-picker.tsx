import type { LogLevel } from "#shared/log-level.ts";
import { Picker, type Choice } from "../ui/picker.tsx";
import { useApp, useView } from "../view/app.ts";

const choices: readonly Choice<LogLevel | "all">[] = [
  { value: "all", label: "All levels" },
  { value: "debug", label: "Debug and up" },
  { value: "info", label: "Info and up" },
  { value: "warn", label: "Warnings and up" },
  { value: "error", label: "Errors" },
];

/** Which lines are grave enough. A line that names no level goes with the one before it. */
export function LevelPicker() {
  const { view } = useApp();
  const level = useView((state) => state.level);
  return (
    <Picker
      label="Level"
      value={level}
      choices={choices}
      onChange={(next) => view.set({ level: next })}
      className="w-34"
    />
  );
}
