/**
 * How old a token is when it stands in the page, at 2,000 tokens a second: from its frame's write beside the real server
 * (opencode-proxy.ts), through the event stream, the fold, the host's batches and the socket, until the DOM of the headless
 * host's page in Chromium has changed. One clock: both ends are on this machine. Beside it the same to a client of the host
 * that draws nothing.
 */
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import type { SessionId, WorkspaceId } from "#shared/schema/id.ts";
import { electronSwitches } from "../support/electron.ts";
import { printFigure, quantile, round, say } from "./figures.ts";
import { openHostWorld, type HostWorld } from "./host-world.ts";
import { pause } from "./machine.ts";
import { askProxy, PROXY_MODE, runProxy, writeProxyBinary } from "./opencode-proxy.ts";

const PER_SECOND = 2_000;
const TOKENS = 6_000;
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 5);
/** Code is compiled and fonts are loaded at the first turn. */
const WARM_UP = 1;
const MAX_P99_MS = 20;

interface Turn {
  readonly host: HostWorld;
  readonly url: string;
  readonly workspace: WorkspaceId;
  readonly session: SessionId;
  readonly directory: string;
}

function report(name: string, delays: readonly number[], expected: number, more: Record<string, unknown> = {}): void {
  printFigure({
    bench: "token-to-page",
    name,
    unit: "ms",
    perSecond: PER_SECOND,
    tokens: delays.length,
    lost: expected - delays.length,
    p50: round(quantile(delays, 0.5), 1),
    p99: round(quantile(delays, 0.99), 1),
    max: round(Math.max(...delays), 1),
    ...more,
  });
}

function streamTurn({ url, session, directory }: Turn): Promise<unknown> {
  return askProxy(url, "tokens", { sessionId: session, directory, count: TOKENS, perSecond: PER_SECOND });
}

/** To a client that only looks at the time. */
async function toClient(turn: Turn): Promise<number[]> {
  const delays: number[] = [];
  const stop = turn.host.client.subscribe(
    "session.events",
    { workspace: turn.workspace, session: turn.session },
    {
      onBatch(events) {
        const now = Date.now();
        for (const event of events) {
          if (event.kind !== "delta") continue;
          for (const [, time] of event.delta.matchAll(/t\d+x(\d{13})/g)) delays.push(now - Number(time));
        }
      },
    },
  );
  await pause(1_000);
  await streamTurn(turn);
  await pause(1_000);
  stop();
  return delays;
}

/** Watches the page's text; each token counts once, when it first stands there. */
async function watchPage(page: Page): Promise<void> {
  await page.evaluate(() => {
    const delays: number[] = [];
    let last = -1;
    (globalThis as unknown as { take: () => number[] }).take = () => {
      last = -1;
      return delays.splice(0);
    };
    const read = (text: string, now: number) => {
      for (const [, number, time] of text.matchAll(/t(\d+)x(\d{13})/g)) {
        if (Number(number) <= last) continue;
        last = Number(number);
        delays.push(now - Number(time));
      }
    };
    new MutationObserver((records) => {
      const now = Date.now();
      for (const record of records) {
        if (record.type === "characterData") read(record.target.textContent ?? "", now);
        else for (const node of record.addedNodes) read(node.textContent ?? "", now);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

async function toPage(turn: Turn, page: Page): Promise<number[]> {
  await streamTurn(turn);
  await page.waitForTimeout(1_000);
  return page.evaluate(() => (globalThis as unknown as { take: () => number[] }).take());
}

async function main(): Promise<void> {
  const host = await openHostWorld();
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
    args: ["--disable-dev-shm-usage", ...electronSwitches],
  });
  try {
    const binary = join(host.folder, "opencode");
    writeProxyBinary(binary);
    await host.client.call("settings.change", { opencodeBinary: binary });
    const { workspace, directory } = await host.openProject("bench");
    const { url } = await host.client.call("server.start", { workspace });
    if (url === null) throw new Error("a running server has no address");
    const begin = async (title: string): Promise<Turn> => {
      const { id } = await host.client.call("session.create", { workspace, title });
      return { host, url, workspace, session: id, directory };
    };
    const clientTurn = await begin("client");
    const toClients: number[] = [];
    for (let index = -WARM_UP; index < ROUNDS; index += 1) {
      const delays = await toClient(clientTurn);
      if (index >= 0) toClients.push(...delays);
    }
    report("token to a client of the host", toClients, ROUNDS * TOKENS);

    const page = await (await browser.newContext({ viewport: { width: 1_280, height: 820 } })).newPage();
    await page.goto(host.pageUrl);
    await page.getByRole("navigation", { name: "Projects" }).getByLabel("Chat", { exact: true }).click();
    const toPages: number[] = [];
    for (let index = -WARM_UP; index < ROUNDS; index += 1) {
      // A session each: a turn of 6,000 tokens is long already.
      const turn = await begin(`page ${index}`);
      await page.getByText(`page ${index}`, { exact: true }).first().click();
      await page.getByRole("textbox", { name: "Message" }).waitFor();
      if (index === -WARM_UP) await watchPage(page);
      await page.waitForTimeout(1_000);
      const delays = await toPage(turn, page);
      if (index >= 0) toPages.push(...delays);
    }
    const p99 = quantile(toPages, 0.99);
    report("token to the page's DOM", toPages, ROUNDS * TOKENS, {
      target: `p99 <= ${MAX_P99_MS} ms`,
      met: p99 <= MAX_P99_MS,
    });
  } finally {
    await browser.close();
    await host.close();
  }
}

if (process.argv[2] === PROXY_MODE) runProxy(process.argv.slice(3));
else {
  await main();
  say("token-to-page is through.");
}
