/** How states look and what they are called: a shape, a word and a colour each, so that no one of them is the message alone. */
import type { EnvironmentPhase } from "#shared/schema/environment.ts";
import type { ServerState } from "#shared/schema/server.ts";
import type { Health, ServiceStatus } from "#shared/schema/service.ts";

/** `full` ●, `half` ◐, `alert` ▲, `ring` ○. */
export type Shape = "full" | "half" | "alert" | "ring";
export type Tone = "good" | "busy" | "bad" | "quiet";
export type Look = { readonly shape: Shape; readonly tone: Tone; readonly word: string };

const look = (shape: Shape, tone: Tone, word: string): Look => ({ shape, tone, word });

/** What a service is doing. `Up` (spawned) and `Ready` (usable) are different words on purpose. */
export function serviceLook(service: Pick<ServiceStatus, "phase" | "ready" | "kind">): Look {
  switch (service.phase) {
    case "running":
      if (service.ready) return look("full", "good", "Ready");
      // A task is expected to end; any other service that is not ready is up all the same.
      return look("half", "busy", service.kind === "task" ? "Running" : "Up");
    case "completed":
      return look("full", "good", "Done");
    case "external":
      return look("full", "good", "External");
    case "pending":
      return look("half", "busy", "Pending");
    case "waiting":
      return look("half", "busy", "Waiting");
    case "starting":
      return look("half", "busy", "Starting");
    case "backoff":
      return look("half", "busy", "Retrying");
    case "stopping":
      return look("half", "busy", "Stopping");
    case "failed":
      return look("alert", "bad", "Failed");
    case "crash_loop":
      return look("alert", "bad", "Crash loop");
    case "blocked":
      return look("alert", "bad", "Blocked");
    case "orphaned":
      return look("alert", "bad", "Orphaned");
    case "skipped":
      return look("ring", "quiet", "Skipped");
    case "stopped":
      return look("ring", "quiet", "Stopped");
    case "disabled":
      return look("ring", "quiet", "Disabled");
  }
}

/** Whether its probe passes; null where it has none. */
export function healthLook(health: Health): Look | null {
  switch (health) {
    case "none":
      return null;
    case "starting":
      return look("half", "busy", "Checking");
    case "healthy":
      return look("full", "good", "Healthy");
    case "unhealthy":
      return look("alert", "bad", "Unhealthy");
  }
}

export function environmentLook(phase: EnvironmentPhase): Look {
  switch (phase) {
    case "stopped":
      return look("ring", "quiet", "Stopped");
    case "starting":
      return look("half", "busy", "Starting");
    case "ready":
      return look("full", "good", "Ready");
    case "degraded":
      return look("alert", "busy", "Degraded");
    case "stopping":
      return look("half", "busy", "Stopping");
    case "failed":
      return look("alert", "bad", "Failed");
  }
}

export function serverLook(state: ServerState): Look {
  switch (state) {
    case "stopped":
      return look("ring", "quiet", "Stopped");
    case "starting":
    case "waiting_ready":
      return look("half", "busy", "Starting");
    case "running":
      return look("full", "good", "Running");
    case "degraded":
      // The word of the environment, for the same thing: it runs, and something that should be there is not.
      return look("alert", "busy", "Degraded");
    case "auth":
      return look("alert", "bad", "Locked out");
    case "stopping":
      return look("half", "busy", "Stopping");
    case "crashed":
      return look("alert", "bad", "Crashed");
    case "gave_up":
      return look("alert", "bad", "Gave up");
  }
}
