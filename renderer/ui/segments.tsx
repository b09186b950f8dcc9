import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";

/** One of a few values, all in sight. Arrow keys move between them. */
export function Segments<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value;
  options: readonly { readonly value: Value; readonly label: string }[];
  onChange: (value: Value) => void;
}) {
  return (
    <RadioGroup
      aria-label={label}
      value={value}
      onValueChange={(next) => onChange(next as Value)}
      className="flex shrink-0 rounded-md bg-sunken p-0.5 inset-ring inset-ring-line"
    >
      {options.map((option) => (
        <Radio.Root
          key={option.value}
          value={option.value}
          aria-label={option.label}
          className="flex h-6 items-center rounded-sm px-2.5 text-sm text-muted select-none hover:text-text data-[checked]:bg-raised data-[checked]:text-text data-[checked]:shadow-sm data-[checked]:inset-ring data-[checked]:inset-ring-line-strong"
        >
          {option.label}
        </Radio.Root>
      ))}
    </RadioGroup>
  );
}
