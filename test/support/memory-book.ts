import type { LogLine } from "#shared/schema/log.ts";
import { eachLine } from "../../electron/core/process/lines.ts";
import type { LogBook } from "../../electron/core/log/types.ts";

/** A log in memory, for tests of what writes to one. */
export class MemoryBook implements LogBook {
  readonly lines: LogLine[] = [];
  readonly secrets: string[] = [];

  append(source: string, line: { stream: LogLine["stream"]; text: string; generation: number; cut: boolean }): void {
    const text = this.secrets.reduce((rest, secret) => rest.replaceAll(secret, "•••"), line.text);
    this.lines.push({ ...line, text, source, seq: this.lines.length + 1, at: Date.now() });
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

  follow(): () => void {
    throw new Error("not in a test");
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
