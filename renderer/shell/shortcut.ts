/** Shortcuts as text, `Mod+Shift+K`: Mod is ⌘ on a Mac and Ctrl elsewhere. One text feeds keys, palette and native menu. */

export type KeyPress = {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
};

/** Whether a key press is exactly this shortcut: a further modifier makes it another one. */
export function matchesShortcut(shortcut: string, press: KeyPress, mac: boolean): boolean {
  const parts = shortcut.split("+");
  const key = parts.at(-1) ?? "";
  const has = (name: string) => parts.slice(0, -1).includes(name);
  if (press.ctrlKey !== (!mac && has("Mod"))) return false;
  if (press.metaKey !== (mac && has("Mod"))) return false;
  if (press.altKey !== has("Alt") || press.shiftKey !== has("Shift")) return false;
  // With Alt or Shift, `key` depends on the keyboard's layout; letters and digits are then told by their place.
  return (
    press.key.toLowerCase() === key.toLowerCase() ||
    press.code === `Key${key.toUpperCase()}` ||
    press.code === `Digit${key}`
  );
}

const macSigns: Record<string, string> = { Mod: "⌘", Shift: "⇧", Alt: "⌥", Enter: "↩" };

/** The shortcut as people of the platform write it. */
export function showShortcut(shortcut: string, mac: boolean): string {
  const parts = shortcut.split("+");
  return mac
    ? parts.map((part) => macSigns[part] ?? part).join("")
    : parts.map((part) => (part === "Mod" ? "Ctrl" : part)).join("+");
}
