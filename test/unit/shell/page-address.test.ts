import { describe, expect, it } from "vitest";
import { isOwnPage } from "../../../electron/shell/page-address.ts";

describe("the page's own address", () => {
  it.each(["app://deckhand/", "app://deckhand/index.html", "app://deckhand/assets/a.js?x#y", "app://deckhand"])(
    "is %s",
    (url) => expect(isOwnPage(url)).toBe(true),
  );

  it.each([
    "app://deckhand.evil.com/",
    "app://evil/deckhand",
    "app://deckhand@evil/",
    "app://user@deckhand/",
    "app://deckhand:80/",
    "app:deckhand",
    "app:///deckhand",
    "https://deckhand/",
    "http://app//deckhand",
    "file:///deckhand",
    "data:text/html,app://deckhand/",
    "javascript:app://deckhand/",
    "about:blank",
    "about:srcdoc",
    "blob:app://deckhand/uuid",
    "null",
    "",
  ])("is not %j", (url) => expect(isOwnPage(url)).toBe(false));
});
