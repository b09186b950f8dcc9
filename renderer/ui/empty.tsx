import type { ReactNode } from "react";

/** A calm place where nothing is yet: what it is for, and the one thing to do. */
export function Empty({
  title,
  heading: Heading = "h2",
  children,
  action,
  icon,
}: {
  title: string;
  /** `h1` where it is the whole page. */
  heading?: "h1" | "h2";
  children?: ReactNode;
  action?: ReactNode;
  icon?: ReactNode;
}) {
  return (
    <div className="grid h-full min-h-50 place-items-center p-8">
      <div className="flex max-w-90 flex-col items-center text-center">
        {icon && <div className="mb-3 text-faint [&_svg]:size-6 [&_svg]:stroke-[1.5]">{icon}</div>}
        <Heading className="font-semibold">{title}</Heading>
        {children && <div className="mt-1 text-muted">{children}</div>}
        {action && <div className="mt-4 flex gap-2">{action}</div>}
      </div>
    </div>
  );
}
