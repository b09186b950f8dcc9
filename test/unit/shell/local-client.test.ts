import { describe, expect, it } from "vitest";
import type { Channel } from "../../../electron/ipc/channel.ts";
import { createLocalClient } from "../../../electron/shell/local-client.ts";

/** Answers every call with its own input. */
function echo() {
  const channels: Channel[] = [];
  return {
    channels,
    connect(channel: Channel) {
      channels.push(channel);
      channel.onFrame((frame) => {
        const { id, name, input } = frame as { id: number; name: string; input: unknown };
        if (name === "host.stop") return channel.close();
        channel.send({ t: "reply", id, reply: { ok: true, value: input } });
      });
    },
  };
}

describe("the shell's own client", () => {
  it("asks through the contract and is answered", async () => {
    const host = echo();
    const client = createLocalClient(host);
    expect(await client.call("project.open", { directory: "/shop" })).toEqual({ directory: "/shop" });
    expect(host.channels[0]?.trusted()).toBe(true);
    client.close();
  });

  it("fails its calls when the host ends the connection", async () => {
    const client = createLocalClient(echo());
    await expect(client.call("host.stop", {})).rejects.toThrow("lost before");
    expect(client.state()).toBe("closed");
  });

  it("tells the host once when it closes", () => {
    const host = echo();
    const client = createLocalClient(host);
    let closed = 0;
    host.channels[0]?.onClose(() => (closed += 1));
    client.close();
    client.close();
    expect(closed).toBe(1);
  });
});
