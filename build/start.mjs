/** `npm start [-- [--home DIR] [DIR]]`: builds what is stale and opens the app. */
import { buildIfStale } from "./build.mjs";
import { openApp, say } from "./launch.mjs";

try {
  await buildIfStale(say);
  process.exitCode = await openApp({ args: process.argv.slice(2), env: process.env });
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
