/** Believable log lines, and bursts of them. */
import type { LogLine } from "#shared/schema/log.ts";

const texts: [string, LogLine["stream"], string][] = [
  [
    "dev:web",
    "stdout",
    "\u001b[32m➜\u001b[39m  \u001b[1mLocal\u001b[22m:   \u001b[36mhttp://localhost:5173/\u001b[39m",
  ],
  ["dev:api", "stdout", "\u001b[90mGET\u001b[39m /orders?limit=20 \u001b[32m200\u001b[39m 3.1 ms"],
  ["dev:api", "stdout", "\u001b[90mGET\u001b[39m /healthz \u001b[32m200\u001b[39m 0.4 ms"],
  ["db", "stdout", "2026-11-21 07:44:12.004 UTC [1] LOG:  checkpoint complete: wrote 41 buffers (0.3%)"],
  ["dev:worker", "stderr", "\u001b[33mwarn\u001b[39m  queue “mail” is 12 jobs behind"],
  ["dev:api", "stderr", "\u001b[31mError\u001b[39m: limit must be 1 to 100\n".trim()],
  [
    "dev:api",
    "stderr",
    "    at list (file:///home/kim/projects/harbour/api.mjs:21:11) called from the router of the orders resource, while answering GET /orders?limit=-1 for 127.0.0.1",
  ],
  ["deckhand", "note", "dev:api became healthy again after 4s"],
  ["opencode", "stderr", "INFO  service=server method=POST path=/session status=200 duration=11"],
  ["redis", "stdout", "1:M 21 Nov 2026 07:44:20.118 * Background saving terminated with success"],
];

/** What OpenCode 1.18 writes, at all levels, with a stack that names none. */
const serverTexts: [string, LogLine["stream"], string][] = [
  ["opencode", "stderr", 'timestamp=2026-11-21T07:44:10.004Z level=INFO run=a1 message="server listening" port=41233'],
  [
    "opencode",
    "stderr",
    "timestamp=2026-11-21T07:44:11.120Z level=DEBUG run=a1 service=bus type=session.updated publishing",
  ],
  [
    "opencode",
    "stderr",
    'timestamp=2026-11-21T07:44:12.001Z level=WARN run=a1 service=mcp name=files message="slow to answer"',
  ],
  [
    "opencode",
    "stderr",
    'timestamp=2026-11-21T07:44:14.310Z level=ERROR run=a1 service=provider error="TypeError: undefined is not an object"',
  ],
  ["opencode", "stderr", "      at resolve (/$bunfs/root/src/provider/provider.ts:412:31)"],
  ["opencode", "note", "running → degraded: the event stream has sent nothing for 25 s"],
];

export class FakeLog {
  readonly #lines: LogLine[] = [];
  readonly #followers = new Set<(lines: LogLine[]) => void>();
  #seq = 0;

  write(count: number, of: readonly (typeof texts)[number][] = texts): void {
    const fresh: LogLine[] = [];
    for (let index = 0; index < count; index += 1) {
      const [source, stream, text] = of[this.#seq % of.length] ?? texts[0]!;
      this.#seq += 1;
      fresh.push({
        seq: this.#seq,
        at: Date.now(),
        source,
        stream,
        text: count > 1_000 ? `${text} #${this.#seq}` : text,
        generation: 1,
        cut: false,
      });
    }
    for (const line of fresh) this.#lines.push(line);
    for (const follower of this.#followers) follower(fresh);
  }

  writeServer(count: number): void {
    this.write(count, serverTexts);
  }

  read({
    sources,
    after = 0,
    before = Number.POSITIVE_INFINITY,
    from = "end",
    limit = 1_000,
  }: {
    sources?: string[] | undefined;
    after?: number | undefined;
    before?: number | undefined;
    from?: "start" | "end" | undefined;
    limit?: number | undefined;
  }): LogLine[] {
    const fitting = this.#lines.filter(
      (line) => line.seq > after && line.seq < before && (!sources || sources.includes(line.source)),
    );
    return from === "start" ? fitting.slice(0, limit) : fitting.slice(-limit);
  }

  get lastSeq(): number {
    return this.#seq;
  }

  follow(
    input: { sources?: string[] | undefined; after?: number | undefined; limit?: number | undefined },
    push: (...lines: LogLine[]) => void,
  ): () => void {
    push(...this.read(input));
    const follower = (lines: LogLine[]): void => {
      const fitting = input.sources ? lines.filter((line) => input.sources?.includes(line.source)) : lines;
      for (let at = 0; at < fitting.length; at += 1_000) push(...fitting.slice(at, at + 1_000));
    };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
