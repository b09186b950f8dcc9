import { Select } from "@base-ui/react/select";
import { Check, ChevronsUpDown } from "lucide-react";

export type Choice<Value extends string> = { readonly value: Value; readonly label: string };

/** One of several values, the others behind a press. */
export function Picker<Value extends string>({
  label,
  value,
  choices,
  onChange,
  className = "",
}: {
  label: string;
  value: Value;
  choices: readonly Choice<Value>[];
  onChange: (value: Value) => void;
  className?: string;
}) {
  const shown = choices.find((choice) => choice.value === value)?.label ?? value;
  return (
    <Select.Root value={value} onValueChange={(next) => next !== null && onChange(next)}>
      <Select.Trigger
        aria-label={`${label}: ${shown}`}
        title={label}
        className={`inline-flex h-7 min-w-0 shrink-0 items-center justify-between gap-1 rounded-md bg-raised px-2 text-sm inset-ring inset-ring-line-strong hover:bg-hover ${className}`}
      >
        <span className="truncate">{shown}</span>
        <ChevronsUpDown className="size-3 shrink-0 text-faint" aria-hidden="true" />
      </Select.Trigger>
      <Select.Portal>
        {/* Above a dialog: the picker may stand in one. */}
        <Select.Positioner align="start" sideOffset={4} alignItemWithTrigger={false} className="z-60">
          <Select.Popup className="pop min-w-(--anchor-width) rounded-lg bg-raised p-1 shadow-pop outline-none inset-ring inset-ring-line">
            {choices.map((choice) => (
              <Select.Item
                key={choice.value}
                value={choice.value}
                className="flex h-7 items-center gap-2 rounded-md px-2 outline-none data-[highlighted]:bg-selected"
              >
                <Select.ItemText className="flex-1">{choice.label}</Select.ItemText>
                <Select.ItemIndicator>
                  <Check className="size-3.5 text-link" aria-hidden="true" />
                </Select.ItemIndicator>
              </Select.Item>
            ))}
          </Select.Popup>
        </Select.Positioner>
      </Select.Portal>
    </Select.Root>
  );
}
