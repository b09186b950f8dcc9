import type { LogLine } from "#shared/schema/log.ts";
import { eachLine } from "../../electron/core/process/lines.ts";
import type { LogBook } from "../../electron/core/log/types.ts";

/** A log in memory, for tests of what writes to one. */
export class MemoryBook implements LogBook {
  readonly lines: LogLine[] = [];
  readonly secrets: string[] = [];
  readonly #listeners = new Set<(line: LogLine) => unknown>();

  append(source: string, line: { stream: LogLine["stream"]; text: string; generation: number; cut: boolean }): void {
    const text = this.secrets.reduce((rest, secret) => rest.replaceAll(secret, "•••"), line.text);
    const stored = { ...line, text, source, seq: this.lines.length + 1, at: Date.now() };
    this.lines.push(stored);
    for (const hear of this.#listeners) hear(stored);
  }

  appendLines(
    source: string,
    { bytes, cut, ...line }: { stream: LogLine["stream"]; bytes: Buffer; generation: number; cut: boolean },
  ): void {
    eachLine(bytes, cut, (text, isCut) => this.append(source, { ...line, text, cut: isCut }));
  }

  read(): Promise<never> {
    return Promise.reject(new Error("not in a test"));
  }

  /** Only what is new. */
  follow({ sources }: { readonly sources?: readonly string[] }, listener: (line: LogLine) => void): () => void {
    const hear = (line: LogLine) => (sources === undefined || sources.includes(line.source)) && listener(line);
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }

  sources(): string[] {
    return [...new Set(this.lines.map((line) => line.source))];
  }

  tail(source: string, count: number): LogLine[] {
    return this.lines.filter((line) => line.source === source).slice(-count);
  }

  addSecret(secret: string): void {
    this.secrets.push(secret);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  text(): string {
    return this.lines.map((line) => `${line.stream}: ${line.text}`).join("\n");
  }
}
