import { Switch } from "@base-ui/react/switch";

/** On or off, at once. */
export function Toggle({
  label,
  on,
  onChange,
  labelledBy,
}: {
  label?: string;
  on: boolean;
  onChange: (on: boolean) => void;
  labelledBy?: string;
}) {
  return (
    <Switch.Root
      aria-label={label}
      aria-labelledby={labelledBy}
      checked={on}
      onCheckedChange={onChange}
      className="flex h-4.5 w-8 shrink-0 items-center rounded-full bg-edge p-0.5 data-[checked]:bg-accent"
    >
      <Switch.Thumb className="size-3.5 rounded-full bg-on-accent transition-transform duration-150 data-[checked]:translate-x-3.5" />
    </Switch.Root>
  );
}
