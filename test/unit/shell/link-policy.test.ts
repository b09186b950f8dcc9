import { describe, expect, it } from "vitest";
import { judgeLink } from "../../../electron/shell/link-policy.ts";

describe("a link that wants to leave the app", () => {
  it.each([
    ["https://opencode.ai/docs", "https://opencode.ai/docs", false],
    ["https://example.com", "https://example.com/", false],
    ["HTTPS://EXAMPLE.com/A?b=c#d", "https://example.com/A?b=c#d", false],
    ["https://bücher.example/", "https://xn--bcher-kva.example/", false],
    ["http://127.0.0.1:4310/health", "http://127.0.0.1:4310/health", true],
    ["http://localhost:3000/", "http://localhost:3000/", true],
    ["http://[::1]:8080/", "http://[::1]:8080/", true],
    ["http://2130706433/", "http://127.0.0.1/", true],
    ["https://127.0.0.1/", "https://127.0.0.1/", true],
  ])("may be opened: %s", (text, url, loopback) => {
    expect(judgeLink(text)).toEqual({ ok: true, url, loopback });
  });

  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "file://host/share",
    "smb://host/share",
    "ms-msdt:/id PCWDiagnostic",
    "ms-officecmd:x",
    "vscode://file/etc/passwd",
    "mailto:a@example.com",
    "ftp://example.com/",
    "ssh://example.com",
    "app://deckhand/",
    "blob:https://example.com/x",
    "view-source:https://example.com",
    "about:blank",
    "//example.com/x",
    "/etc/passwd",
    "example.com",
    "",
    " https://example.com",
    "https://example.com\n",
    "https://exa\tmple.com",
    "java\nscript:alert(1)",
    "https:\\\\example.com",
    "https://example.com\\@evil.com",
    "https://user@example.com/",
    "https://user:pass@example.com/",
    "https://127.0.0.1@evil.com/",
    "http://example.com/",
    "http://127.0.0.1.evil.com/",
    "http://localhost.evil.com/",
    "http://localhost./",
    "http://0.0.0.0:3000/",
    "http://[::]/",
    "http://192.168.0.1/",
    "http://10.0.0.1/",
    "http://[::ffff:10.0.0.1]/",
    "http://169.254.169.254/latest/meta-data",
    "https://exa\u202emple.com/",
    "https://example.com/\u200b",
    "https://example.com/\u0000",
    "https://\u{E0041}example.com",
    `https://example.com/${"a".repeat(2_048)}`,
    "https://",
    "https://exa mple.com",
    "-https://example.com",
    "--help",
  ])("is refused: %j", (text) => {
    const verdict = judgeLink(text);
    expect(verdict.ok).toBe(false);
    if (!verdict.ok) expect(verdict.reason).not.toBe("");
  });
});
