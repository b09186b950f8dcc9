import { AppError } from "../lib/error.ts";
import type { Handshake } from "./owned-run.ts";
import { protocolV1 } from "./protocol/v1.ts";

/** The stranger asks first, so that our password goes only to a server that wants one. */
export const meeting: Handshake = {
  readyLine: (line) => protocolV1.readyLine(line),
  async meet(client, signal) {
    if (!(await client.refusesStrangers(signal))) {
      throw new AppError(
        "opencode_unsafe",
        `${client.url} answers without the password: any web page could drive it.`,
        {
          next: "Use the bundled OpenCode: leave its path in the settings empty.",
          details: { url: client.url },
        },
      );
    }
    return { protocol: protocolV1, version: (await protocolV1.health(client, signal)).version };
  },
};
