import type { ReactNode } from "react";
import { useActions } from "../view/app.ts";

/** A link that the host opens in the person's browser; this page itself never goes anywhere. */
export function Link({ url, children, className = "" }: { url: string; children?: ReactNode; className?: string }) {
  const actions = useActions();
  return (
    <a
      href={url}
      title={url}
      rel="noreferrer"
      className={`rounded-sm text-link underline-offset-2 hover:underline ${className}`}
      onClick={(event) => {
        event.preventDefault();
        event.stopPropagation();
        actions.openLink(url);
      }}
    >
      {children ?? url.replace(/^https?:\/\//, "").replace(/\/$/, "")}
    </a>
  );
}
