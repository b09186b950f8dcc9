import { assert, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { readAddressLine } from "../../../../electron/core/opencode/ready-line.ts";

const parseReadyLine = (text: string) => readAddressLine(text, /^opencode server listening on (\S+)$/);
const line = (address: string) => `opencode server listening on ${address}`;

describe("readAddressLine", () => {
  it.each([
    [line("http://127.0.0.1:4096"), 4096, "http://127.0.0.1:4096"],
    [line("http://127.0.0.1:65535/"), 65_535, "http://127.0.0.1:65535"],
    [`\u001b[1m\u001b[32m${line("http://127.0.0.1:40000")}\u001b[0m\r`, 40_000, "http://127.0.0.1:40000"],
    [line("http://localhost:1024"), 1_024, "http://127.0.0.1:1024"],
    [line("http://[::1]:5000"), 5_000, "http://[::1]:5000"],
    [`  ${line("http://127.8.0.1:5000")}  `, 5_000, "http://127.8.0.1:5000"],
  ])("takes %j", (text, port, url) => {
    expect(parseReadyLine(text)).toEqual({ kind: "listening", port, url });
  });

  it.each([
    "http://0.0.0.0:4096",
    "http://192.168.1.5:4096",
    "http://example.com:4096",
    "http://[::]:4096",
    "http://127.0.0.1.evil.com:4096",
  ])("finds %s unsafe", (address) => {
    expect(parseReadyLine(line(address))?.kind).toBe("unsafe");
  });

  it.each([
    "http://127.0.0.1:0",
    "http://127.0.0.1:22",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:4096abc",
    "http://127.0.0.1",
    "https://127.0.0.1:4096",
    "http://a@127.0.0.1:4096",
    "http://127.0.0.1:4096/path",
    "http://127.0.0.1:-1",
    "http://127.0.0.1:٤٠٩٦",
  ])("refuses %s", (address) => {
    expect(parseReadyLine(line(address))?.kind).toBe("invalid");
  });

  it.each([
    "",
    "listening on http://127.0.0.1:4096",
    `noise ${line("http://127.0.0.1:4096")}`,
    `${line("http://127.0.0.1:4096")} now`,
    "Local: http://127.0.0.1:3000",
  ])("does not take %j for the line", (text) => {
    expect(parseReadyLine(text)).toBeNull();
  });

  it("is quick on any line, however long", () => {
    const started = performance.now();
    expect(parseReadyLine(`opencode server listening on ${"\u001b[0m".repeat(300_000)}`)).toBeNull();
    expect(parseReadyLine(`\u001b[${"0;".repeat(250)}x`)).toBeNull();
    expect(performance.now() - started).toBeLessThan(50);
  });

  it("never throws and never names a port out of range", () => {
    assert(
      property(string({ maxLength: 80, unit: "binary" }), integer(), (text, port) => {
        for (const candidate of [text, line(text), line(`http://127.0.0.1:${port}`)]) {
          const found = parseReadyLine(candidate);
          if (found?.kind === "listening") expect(found.port >= 1_024 && found.port <= 65_535).toBe(true);
        }
      }),
    );
  });
});
