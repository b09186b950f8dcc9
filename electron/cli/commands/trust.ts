import type { TrustReview } from "#shared/schema/workspace.ts";
import { isAgreed } from "../agreement.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { directoryOf, openProject } from "../workspace-of.ts";

export const trustCommand: Command = {
  name: "trust",
  usage: "trust [DIR] [--yes] [--revoke]",
  summary: "show exactly what a folder would run, and approve it (or take that back)",
  options: { yes: { type: "boolean" }, revoke: { type: "boolean" } },
  maxPositionals: 1,
  async run(context) {
    const { client } = await context.connectOrStart();
    const { workspace } = await openProject(client, directoryOf(context));
    if (context.options["revoke"] === true) {
      await client.call("trust.revoke", { workspace });
      const review = await client.call("trust.review", { workspace });
      context.output.document(review);
      if (!context.json) context.output.line(`${review.directory} is not trusted any more.`);
      return exitCode.done;
    }
    const review = await client.call("trust.review", { workspace });
    printReview(context, review);
    const isApproved = () =>
      isAgreed(context, "Trust it and let it run?", "Not approved. Add --yes to approve exactly this.");
    if (review.state === "trusted" || !(await isApproved())) {
      context.output.document(review);
      return review.state === "trusted" ? exitCode.done : exitCode.notTrusted;
    }
    await client.call("trust.grant", { workspace, contentHash: review.contentHash });
    context.output.document({ ...review, state: "trusted" });
    context.output.note("Trusted. If what it would run changes, you are asked again.");
    return exitCode.done;
  },
};

function printReview(context: CommandContext, review: TrustReview): void {
  const { note } = context.output;
  const state = { trusted: "is trusted", never: "is not trusted", changed: "has changed since it was trusted" }[
    review.state
  ];
  note(`${review.directory} ${state}. It would run:`);
  if (review.items.length === 0) note("  nothing of its own");
  for (const item of review.items) {
    note(`  ${item.name}  (${item.source})`);
    note(`    ${item.detail}`);
    for (const warning of item.warnings) note(`    ! ${warning}`);
  }
}
