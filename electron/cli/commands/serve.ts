import { AppError } from "../../core/lib/error.ts";
import type { Command } from "../command.ts";

/** Runs in this very process, so that a terminal or a service manager owns the host it started. */
export const serveCommand: Command = {
  name: "serve",
  usage: "serve [--port N] [--open]",
  summary: "run a headless host with the window's page for a browser",
  options: { port: { type: "string" }, open: { type: "boolean" } },
  maxPositionals: 0,
  async run(context) {
    const port = Number(context.options["port"] ?? 0);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new AppError(
        "bad_input",
        `--port wants a number from 0 to 65535, not "${String(context.options["port"])}".`,
      );
    }
    const { runHeadless } = await import("../../headless-host.ts");
    return runHeadless({
      home: context.home,
      built: context.built,
      version: context.version,
      directory: null,
      port,
      open: context.options["open"] === true,
      json: context.json,
      untilIdle: false,
      signal: context.signal,
    });
  },
};
