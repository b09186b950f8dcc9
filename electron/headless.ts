/** Entry of the headless host, as the command line starts it: `node headless.js --home DIR [--port N] [--open] [--until-idle] [DIR]`. */
import { parseArgs } from "node:util";
import { defaultHome } from "./core/lib/home.ts";
import { toFailure } from "./core/lib/error.ts";
import { endSignal } from "./end-signal.ts";
import { runHeadless } from "./headless-host.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    home: { type: "string" },
    port: { type: "string" },
    open: { type: "boolean" },
    "until-idle": { type: "boolean" },
  },
});

try {
  process.exitCode = await runHeadless({
    home: values.home ?? process.env["DECKHAND_HOME"] ?? defaultHome(),
    built: import.meta.dirname,
    version: __DECKHAND_VERSION__,
    directory: positionals[0] ?? null,
    port: Number(values.port ?? 0),
    open: values.open ?? false,
    json: false,
    untilIdle: values["until-idle"] ?? false,
    signal: endSignal(),
  });
} catch (error) {
  const failure = toFailure(error);
  process.stderr.write(`${failure.message}\n${failure.next ?? ""}\n`);
  process.exitCode = failure.code === "host_running" ? 4 : 1;
}
// Whatever still holds the event loop is nothing that must be waited for: everything owned has ended above.
process.exit();
