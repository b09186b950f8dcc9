import { describe, expect, it } from "vitest";
import { renderNotice } from "../../../electron/shell/notice-page.ts";

describe("a notice in place of the page", () => {
  it("shows cause, next step and a link for each action", () => {
    const html = renderNotice(
      {
        title: "Deckhand did not start",
        message: "Another host owns /home/ann.",
        next: "Stop it with `deckhand stop`.",
        actions: [
          { id: "again", label: "Try again" },
          { id: "quit", label: "Quit" },
        ],
      },
      "nonce",
    );
    expect(html).toContain("Another host owns /home/ann.");
    expect(html).toContain("Stop it with `deckhand stop`.");
    expect(html).toContain('<a href="/~act/again">Try again</a><a href="/~act/quit">Quit</a>');
    expect(html).toContain('<style nonce="nonce">');
  });

  it("turns every text into text: no element, attribute or script comes out of it", () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='alert(1)'>&amp;`;
    const html = renderNotice({ title: evil, message: evil, next: evil, actions: [{ id: evil, label: evil }] }, "n");
    expect(html).not.toMatch(/<script|<img|onerror='/);
    expect(html.match(/&#60;script&#62;/g)).toHaveLength(6);
  });

  it("leaves out a next step that is not there", () => {
    expect(renderNotice({ title: "t", message: "m", next: null, actions: [] }, "n").match(/<p/g)).toHaveLength(1);
  });
});
