import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const program = `
import { existsSync } from "node:fs";
import { once } from "node:events";
const lines = Number(process.argv[2]);
while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 20));
let text = "";
for (let line = 1; line <= lines; line += 1) {
  text += \`line \${String(line).padStart(6, "0")} \\u001b[32mshelf\\u001b[0m \${"x".repeat(line % 60)}\\n\`;
  if (text.length < 60_000 && line < lines) continue;
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
  text = "";
}
setInterval(() => {}, 60_000);
`;

/**
 * A project with one service, `dev`, that writes so many numbered lines as fast as it can once a file named `go` is in its
 * folder.
 */
export function writeBurstProject(directory: string, lines: number): { start: () => void } {
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name: "burst", type: "module", scripts: { dev: `node burst.mjs ${lines}` } }),
  );
  writeFileSync(join(directory, "burst.mjs"), program);
  return { start: () => writeFileSync(join(directory, "go"), "") };
}
