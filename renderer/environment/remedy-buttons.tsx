import type { FailureCode } from "#shared/failure.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { Button } from "../ui/button.tsx";
import { useApp } from "../view/app.ts";
import { remediesFor, type Remedy } from "./remedies.ts";

const none: readonly Remedy[] = [];

/** The buttons that do what a failure's next step says. */
export function RemedyButtons({
  code,
  name,
  source,
  workspace,
  pending,
  verb = "Try again",
  url = "",
  without = none,
  onRetry,
}: {
  code: FailureCode;
  /** As it is called on screen. */
  name: string;
  /** As its log lines are marked. */
  source: string;
  workspace: WorkspaceId;
  pending: boolean;
  /** What trying again is called where something still runs, or is not started by itself any more. */
  verb?: "Try again" | "Restart" | "Start";
  /** Where a server listens that could be adopted. */
  url?: string;
  /** What stands beside them already. */
  without?: readonly Remedy[];
  onRetry: () => void;
}) {
  const { actions, view } = useApp();
  const remedies = remediesFor(code).filter((remedy) => !without.includes(remedy));
  return remedies.map((remedy) => {
    switch (remedy) {
      case "retry":
        return (
          <Button
            key={remedy}
            small
            kind={verb === "Start" ? "primary" : "plain"}
            pending={pending}
            aria-label={verb === "Try again" ? `Try ${name} again` : `${verb} ${name}`}
            onClick={onRetry}
          >
            {verb}
          </Button>
        );
      case "logs":
        return (
          <Button
            key={remedy}
            small
            aria-label={`Show logs of ${name}`}
            onClick={() => actions.showLogs(workspace, [source])}
          >
            Logs
          </Button>
        );
      case "review-trust":
        return (
          <Button key={remedy} small onClick={() => actions.reviewTrust(workspace)}>
            Review what runs
          </Button>
        );
      case "adopt":
        return (
          <Button key={remedy} small onClick={() => actions.adoptServer(workspace, url)}>
            Use that server…
          </Button>
        );
      case "settings":
        return (
          <Button key={remedy} small onClick={() => view.set({ dialog: { kind: "settings" } })}>
            Settings
          </Button>
        );
    }
  });
}
