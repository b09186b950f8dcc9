import { useEffect, useEffectEvent } from "react";
import { useApp } from "../view/app.ts";
import { useCommandContext } from "./command-context.ts";
import { commandFor } from "./commands.ts";
import { matchesShortcut } from "./shortcut.ts";

/** Keys of the commands, for the whole window. An open dialog keeps its keys to itself. */
export function useKeys(): void {
  const { platform, view } = useApp();
  const context = useCommandContext();
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || view.get().dialog) return;
    const command = commandFor(context, (shortcut) => matchesShortcut(shortcut, event, platform.mac));
    if (!command) return;
    event.preventDefault();
    command.run(context);
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => press(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
