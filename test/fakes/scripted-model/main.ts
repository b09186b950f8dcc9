/**
 * Runs the scripted model by itself: `main [PORT] [--until-stdin-ends]`. Prints one line of JSON with its url and OpenCode's
 * configuration for it. Ends on SIGTERM or SIGINT.
 */
import { scriptedModelConfig } from "./config.ts";
import { startScriptedModel } from "./server.ts";

const port = process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? process.env["SCRIPTED_MODEL_PORT"];
const model = await startScriptedModel({ port: Number(port ?? 0) });
process.stdout.write(`${JSON.stringify({ url: model.url, config: scriptedModelConfig(model.url) })}\n`);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void model.close());
// Whoever started it holds its stdin; when that closes there is nobody left to answer.
if (process.argv.includes("--until-stdin-ends")) process.stdin.once("end", () => void model.close()).resume();
