import { FolderOpen } from "lucide-react";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { useActions, usePending } from "../view/app.ts";

/** The first screen: no project is open yet. */
export function Welcome() {
  const { item: host } = useLive("host.watch", {});
  const actions = useActions();
  const pending = usePending("pick");
  return (
    <Empty
      heading="h1"
      title="Open a project folder"
      icon={<FolderOpen />}
      action={
        <Button kind="primary" pending={pending} onClick={() => void actions.openFolder(host?.folderDialog ?? false)}>
          Open folder
        </Button>
      }
    >
      Deckhand reads its package.json scripts, compose files and Procfile, and shows what it would start. Nothing runs
      before you have seen it and said yes.
    </Empty>
  );
}
