import { useRef } from "react";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { useApp } from "../view/app.ts";
import type { Dialog as DialogState } from "../view/view.ts";

/** Asks before something is lost. Names the thing and the consequence; Enter means no. */
export function ConfirmDialog({ dialog }: { dialog: Extract<DialogState, { kind: "confirm" }> }) {
  const { view } = useApp();
  const cancel = useRef<HTMLButtonElement>(null);
  const close = () => view.set({ dialog: null });
  return (
    <Dialog
      alert
      title={dialog.title}
      description={dialog.consequence}
      onClose={close}
      initialFocus={cancel}
      footer={
        <>
          <Button ref={cancel} onClick={close}>
            Cancel
          </Button>
          <Button
            kind="danger"
            onClick={() => {
              close();
              dialog.run();
            }}
          >
            {dialog.action}
          </Button>
        </>
      }
    />
  );
}
