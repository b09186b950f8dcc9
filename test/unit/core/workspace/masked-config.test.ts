import { describe, expect, test } from "vitest";
import { maskedTexts } from "../../../../electron/core/workspace/masked-config.ts";

const mask = (text: string) => maskedTexts({ existing: null, text }).text;

describe("a deckhand.yaml on screen", () => {
  test("has no secret in it, and everything else as it is written", () => {
    const text = `# The API.
x-shared: &token "hunter2hunter2" # behind an anchor
profiles:
  dev: { environment: { API_KEY: hunter2, LOG: debug } }
services:
  api:
    command: ./api --pass-through
    environment:
      DB_PASSWORD: "hunter2" # of the database
      DATABASE_URL: postgres://me:hunter2@db/x
      PLAIN_URL: http://127.0.0.1:3000/x
      TOKEN: *token
      BLOCK_SECRET: |
        hunter2
        hunter2
      EMPTY_SECRET: ""
      SESSION:
  list:
    env:
      - LOG=debug
      - "SECRET=hunter2 and more"
      - SECRET_FROM_SHELL
    healthcheck: { http: { url: "http://127.0.0.1:1/", headers: { Authorization: hunter2, Accept: text/html } } }
`;
    const shown = mask(text);
    expect(shown).not.toContain("hunter2");
    expect(shown).toContain("DB_PASSWORD: •••••••• # of the database\n");
    expect(shown).toContain("      BLOCK_SECRET: ••••••••\n      EMPTY_SECRET");
    expect(shown).toContain("- SECRET=••••••••\n");
    for (const kept of [
      "LOG: debug",
      "PLAIN_URL: http://127.0.0.1:3000/x",
      "--pass-through",
      "- SECRET_FROM_SHELL",
      "Accept: text/html",
    ]) {
      expect(shown).toContain(kept);
    }
    // The two lines of a block are one mask.
    expect(shown.split("\n").length).toBe(text.split("\n").length - 2);
  });

  test("shows that a secret is another one, without either", () => {
    const file = (secret: string, other: string) =>
      `services: { a: { environment: { MY_SECRET: ${secret}, OTHER_SECRET: ${other} } } }\n`;
    expect(maskedTexts({ existing: file("hunter2", "same"), text: file("hunter3", "same") })).toEqual({
      existing: "services: { a: { environment: { MY_SECRET: ••••••••, OTHER_SECRET: •••••••• } } }\n",
      text: "services: { a: { environment: { MY_SECRET: •••••••• (new), OTHER_SECRET: •••••••• } } }\n",
    });
  });

  test("two secrets that change places are two changes", () => {
    const file = (one: string, other: string) =>
      `services: { a: { environment: { A_SECRET: ${one}, B_SECRET: ${other} } } }\n`;
    const { text } = maskedTexts({ existing: file("first", "second"), text: file("second", "first") });
    expect(text.match(/\(new\)/g)).toHaveLength(2);
  });

  test("without a secret is the text, to the byte, also where it is no YAML", () => {
    for (const text of [
      "",
      "# only\n",
      "services: [a\n",
      "a: 1\r\nb: 2\r\n",
      "services: { a: { environment: [1, {x: y}] } }",
    ]) {
      expect(mask(text)).toBe(text);
    }
  });
});
