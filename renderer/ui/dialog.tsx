import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode, RefObject } from "react";

/** A modal dialog. Esc and a click beside it close it; focus goes back to where it was. */
export function Dialog({
  title,
  description,
  children,
  footer,
  onClose,
  initialFocus,
  wide = false,
  alert = false,
}: {
  title: string;
  description?: ReactNode;
  children?: ReactNode;
  footer?: ReactNode;
  onClose: () => void;
  initialFocus?: RefObject<HTMLElement | null>;
  wide?: boolean;
  /** It asks before something that cannot be taken back: a click beside it does not answer. */
  alert?: boolean;
}) {
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()} disablePointerDismissal={alert}>
      <Base.Portal>
        <Base.Backdrop className="fade fixed inset-0 z-40 bg-scrim" />
        <Base.Viewport className="fixed inset-0 z-50 grid place-items-center p-6">
          <Base.Popup
            {...(initialFocus ? { initialFocus } : {})}
            role={alert ? "alertdialog" : "dialog"}
            className={`pop flex max-h-full w-full flex-col overflow-hidden rounded-xl bg-raised shadow-pop inset-ring inset-ring-line ${wide ? "max-w-160" : "max-w-110"}`}
          >
            <header className="px-5 pt-4 pb-3">
              <Base.Title className="text-lg font-semibold">{title}</Base.Title>
              {description && <Base.Description className="mt-1 text-muted">{description}</Base.Description>}
            </header>
            {children && <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-4">{children}</div>}
            {footer && (
              <footer className="flex items-center justify-end gap-2 border-t border-line px-5 py-3">{footer}</footer>
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
