/** Runs the scripted model by itself: prints one line of JSON with its url and OpenCode's configuration, ends on SIGTERM. */
import { scriptedModelConfig } from "./config.ts";
import { startScriptedModel } from "./server.ts";

const port = Number(process.argv[2] ?? process.env["SCRIPTED_MODEL_PORT"] ?? 0);
const model = await startScriptedModel({ port });
process.stdout.write(`${JSON.stringify({ url: model.url, config: scriptedModelConfig(model.url) })}\n`);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void model.close());
// Whoever started it holds its stdin; when that closes there is nobody left to answer.
if (process.argv.includes("--until-stdin-ends")) process.stdin.once("end", () => void model.close()).resume();
