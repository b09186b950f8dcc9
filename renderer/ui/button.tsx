import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

type Kind = "primary" | "plain" | "quiet" | "danger";

const kinds: Record<Kind, string> = {
  primary:
    "bg-accent text-on-accent hover:not-disabled:bg-accent-hover disabled:not-aria-busy:bg-hover disabled:not-aria-busy:text-faint",
  plain:
    "bg-raised text-text disabled:not-aria-busy:text-faint inset-ring inset-ring-line-strong hover:not-disabled:bg-hover",
  quiet: "text-muted disabled:text-faint hover:not-disabled:bg-hover hover:not-disabled:text-text",
  danger: "text-bad disabled:not-aria-busy:text-faint inset-ring inset-ring-line-strong hover:not-disabled:bg-bad-wash",
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: Kind;
  readonly small?: boolean;
  /** Pressed and not answered yet: it takes no second press, and after a moment shows that in the place of its label. */
  readonly pending?: boolean;
  readonly icon?: ReactNode;
  readonly ref?: Ref<HTMLButtonElement>;
}

/** A button with words. Its width never changes while it waits. */
export function Button({
  kind = "plain",
  small = false,
  pending = false,
  icon,
  children,
  className = "",
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      aria-busy={pending || undefined}
      disabled={disabled || pending}
      className={`relative inline-flex shrink-0 items-center justify-center rounded-md font-medium whitespace-nowrap select-none active:not-disabled:translate-y-px ${
        small ? "h-6 px-2 text-sm" : "h-7 px-2.5"
      } ${kinds[kind]} ${className}`}
      {...rest}
    >
      <span className={`inline-flex items-center gap-1.5 ${pending ? "yields-late" : ""}`}>
        {icon}
        {children}
      </span>
      {pending && (
        <span className="absolute inset-0 flex items-center justify-center" aria-hidden="true">
          <span className="spinner" />
        </span>
      )}
    </button>
  );
}

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does, named with the thing it does it to; also its tooltip. */
  readonly label: string;
  readonly pending?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

/** A button with an icon only: 24 px square, always with a name. */
export function IconButton({ label, pending = false, children, className = "", disabled, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-busy={pending || undefined}
      disabled={disabled || pending}
      className={`inline-flex size-6 shrink-0 items-center justify-center rounded-md text-muted hover:not-disabled:bg-hover hover:not-disabled:text-text disabled:opacity-40 aria-pressed:bg-selected aria-pressed:text-link [&_svg]:size-3.5 ${className}`}
      {...rest}
    >
      {pending ? <span className="spinner" /> : children}
    </button>
  );
}
