import { describe, expect, it } from "vitest";
import { isOwnMainFrame, type Frame } from "../../../electron/shell/sender.ts";

const main: Frame = { origin: "app://deckhand", parent: null, processId: 5, routingId: 4 };

describe("who asks for a connection", () => {
  it("is accepted when it is our main frame at our origin", () => {
    expect(isOwnMainFrame({ ...main }, main)).toBe(true);
  });

  it.each([
    ["a frame that is gone", null, main],
    ["a window that is gone", main, null],
    ["a frame inside the page", { ...main, parent: main, routingId: 7 }, main],
    ["another process", { ...main, processId: 6 }, main],
    ["the page before a navigation", { ...main, routingId: 3 }, main],
    ["another origin", { ...main, origin: "https://example.com" }, main],
    ["an origin that only begins like ours", { ...main, origin: "app://deckhand.evil.com" }, main],
    ["an opaque origin", { ...main, origin: "null" }, main],
    ["the developer tools", { ...main, origin: "devtools://devtools" }, main],
  ])("is refused when it is %s", (_what, sender, frame) => {
    expect(isOwnMainFrame(sender, frame)).toBe(false);
  });

  it("is refused when asking the frame throws because it was disposed", () => {
    const disposed = {
      get origin(): string {
        throw new Error("Render frame was disposed before WebFrameMain could be accessed");
      },
      parent: null,
      processId: 5,
      routingId: 4,
    };
    expect(isOwnMainFrame(disposed, main)).toBe(false);
  });
});
