import { join } from "node:path";
import { connectToHost } from "../../electron/cli/host-connection.ts";
import { writeBurstProject } from "../support/burst-project.ts";
import { expect, test } from "./app.ts";

const LINES = 200_000;

test("200,000 lines in one burst are all accounted for: on screen, or there to be loaded", async ({
  deckhand,
  home,
}) => {
  const burst = writeBurstProject(join(home, "..", "burst"), LINES);
  await deckhand.openFolder(join(home, "..", "burst"));
  await deckhand.startEnvironment();
  await expect(deckhand.environmentState).toContainText(/ready/i, { timeout: 60_000 });
  await deckhand.go("Logs");
  await expect(deckhand.logLines).toContainText("started");
  burst.start();
  await expect(deckhand.logLines).toContainText(`line ${LINES}`, { timeout: 60_000 });

  // What the page does not hold any more is a click away.
  await deckhand.logLines.focus();
  await deckhand.page.keyboard.press("Home");
  await deckhand.logLines
    .getByRole("button", { name: /earlier|load/i })
    .first()
    .click();
  await expect(deckhand.logLines).toContainText(/line 0|line 1/);

  // And the host has every single line, in order.
  const { client } = await connectToHost(home);
  const status = await new Promise<{ workspace: never }>((resolve) => {
    const stop = client.subscribe(
      "project.watch",
      {},
      {
        onBatch: (items) => {
          stop();
          resolve({ workspace: items[0]?.[0]?.workspace as never });
        },
      },
    );
  });
  let next = 1;
  for (let after = 0; ;) {
    const { lines } = await client.call("log.read", {
      workspace: status.workspace,
      sources: ["dev"],
      after,
      from: "start",
      limit: 5_000,
    });
    const last = lines.at(-1);
    if (last === undefined) break;
    for (const line of lines) {
      const number = /^line (\d{6})/.exec(line.text)?.[1];
      // One comparison a line: an expectation each would take minutes.
      if (number !== undefined && Number(number) === next) next += 1;
    }
    after = last.seq;
  }
  client.close();
  expect(next - 1).toBe(LINES);
});
