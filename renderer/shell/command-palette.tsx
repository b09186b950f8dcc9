import { Dialog as Base } from "@base-ui/react/dialog";
import { Command as Palette } from "cmdk";
import { Search } from "lucide-react";
import { useMemo } from "react";
import { useApp, useView } from "../view/app.ts";
import { useCommandContext } from "./command-context.ts";
import { scoreCommand } from "./command-score.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { dynamicCommands } from "./dynamic-commands.ts";
import { showShortcut } from "./shortcut.ts";

/** A thousand services make four thousand commands; the list renders all of what it holds, so it holds no more than this. */
const MOST_COMMANDS = 1_200;

/** Every command with its key. Typing narrows it down; Enter runs the marked one. */
export function CommandPalette() {
  const { view } = useApp();
  const open = useView((state) => state.palette);
  return (
    <Base.Root open={open} onOpenChange={(next) => view.set({ palette: next })}>
      <Base.Portal>
        <Base.Backdrop className="fade fixed inset-0 z-40 bg-scrim" />
        <Base.Popup
          aria-label="Commands"
          className="pop fixed top-[12vh] left-1/2 z-50 w-140 max-w-[calc(100vw-48px)] -translate-x-1/2 overflow-hidden rounded-xl bg-raised shadow-pop inset-ring inset-ring-line"
        >
          <Entries />
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function Entries() {
  const { view, platform } = useApp();
  const context = useCommandContext();
  const groups = useMemo(() => {
    const fitting = commands.filter((command) => command.id !== "palette" && (command.when?.(context) ?? true));
    const grouped = new Map<string, Command[]>();
    for (const command of [...fitting, ...dynamicCommands(context)].slice(0, MOST_COMMANDS)) {
      grouped.set(command.group, [...(grouped.get(command.group) ?? []), command]);
    }
    return [...grouped];
    // The list is made when the palette opens; a list that changes while one reads it is worse than one a second old.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return (
    <Palette
      label="Commands"
      loop
      filter={(_value, typed, keywords) => scoreCommand(typed, keywords?.[0] ?? "", keywords?.[1] ?? "")}
    >
      <div className="flex h-11 items-center gap-2.5 border-b border-line px-4">
        <Search className="size-4 text-faint" aria-hidden="true" />
        <Palette.Input
          autoFocus
          placeholder="Type a command, service, project or session"
          className="h-full min-w-0 flex-1 bg-transparent outline-none"
        />
        <kbd className="rounded-sm px-1 font-sans text-xs text-faint inset-ring inset-ring-line-strong">Esc</kbd>
      </div>
      <Palette.List className="max-h-90 scroll-py-2 overflow-y-auto overscroll-contain p-2">
        <Palette.Empty className="py-8 text-center text-muted">No command has these words.</Palette.Empty>
        {groups.map(([group, entries]) => (
          <Palette.Group
            key={group}
            heading={group}
            className="pb-1 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint"
          >
            {entries.map((command) => (
              <Palette.Item
                key={command.id}
                value={command.id}
                keywords={[command.title, `${command.words ?? ""} ${group}`]}
                onSelect={() => {
                  view.set({ palette: false });
                  command.run(context);
                }}
                className="flex h-8 items-center justify-between gap-4 rounded-md px-2 data-[selected=true]:bg-selected"
              >
                <span className="truncate">{command.title}</span>
                {command.shortcut && (
                  <kbd className="shrink-0 font-sans text-xs text-muted">
                    {showShortcut(command.shortcut, platform.mac)}
                  </kbd>
                )}
              </Palette.Item>
            ))}
          </Palette.Group>
        ))}
      </Palette.List>
    </Palette>
  );
}
