/** A Laravel application: what `composer run dev` runs, or its server and queue; its migrations, and its seeders on demand. */
import type { FrameworkFolder, FrameworkReader, FrameworkService } from "./framework.ts";
import { foundPorts, portOf } from "./script-ports.ts";
import { concurrentlyValues } from "./script-parts.ts";
import { shellCommands } from "./shell-words.ts";

export const readLaravel: FrameworkReader = async (folder) => {
  const composer = await folder.text("composer.json");
  if (!(await folder.has("artisan")) || !/"laravel\/(?:framework|lumen-framework)"/.test(composer)) return [];
  const found: FrameworkService[] = [
    {
      service: folder.service({
        name: "migrate",
        command: ["php", "artisan", "migrate", "--no-interaction"],
        file: "artisan",
        role: "migrate",
      }),
      sameAs: /\bartisan\s+migrate\b/,
    },
  ];
  if (await folder.has("database/seeders")) {
    found.push({
      // Seeders are written to be run once; a second run fails, or doubles what is there.
      service: folder.service({
        name: "seed",
        command: ["php", "artisan", "db:seed", "--no-interaction"],
        file: "database/seeders",
        role: "seed",
        disabled: true,
      }),
      sameAs: /\bartisan\s+db:seed\b/,
    });
  }
  const listed = developmentList(folder, composer);
  return [...found, ...(listed.length > 0 ? listed : await usual(folder, composer))];
};

/** The members of `concurrently` in the `dev` script of composer.json, under the names it gives them. */
function developmentList(folder: FrameworkFolder, composer: string): readonly FrameworkService[] {
  const lines = devLines(composer);
  const words = lines.flatMap((line) => shellCommands(line) ?? []).map((command) => command.words);
  const list = words.find((line) => line.includes("concurrently")) ?? [];
  const names: string[] = [];
  const members: string[] = [];
  for (let index = list.indexOf("concurrently") + 1; index < list.length; index += 1) {
    const word = list[index] ?? "";
    const inline = /^--names=(.*)$/.exec(word)?.[1];
    if (inline !== undefined) names.push(...inline.split(","));
    else if (word === "--names" || word === "-n") names.push(...(list[(index += 1)] ?? "").split(","));
    else if (concurrentlyValues.has(word)) index += 1;
    else if (!word.startsWith("-")) members.push(word);
  }
  return members.flatMap((command, index) => {
    // Scripts of package.json are read where they stand; anything but artisan may need what composer sets up.
    if (!/^php artisan [\w:]+(?: [\w:=.-]+)*$/.test(command)) return [];
    const stated = portOf(command);
    const verb = command.split(" ")[2] ?? "artisan";
    return [
      {
        service: folder.service({
          name: names[index]?.trim() || verb,
          command: command.split(" ") as [string, ...string[]],
          file: "composer.json#scripts.dev",
          role: "service",
          ...(stated === null ? {} : { ports: foundPorts(stated) }),
        }),
        sameAs: new RegExp(`\\bartisan\\s+${verb}\\b`),
      },
    ];
  });
}

function devLines(composer: string): readonly string[] {
  try {
    const parsed = JSON.parse(composer) as { scripts?: { dev?: unknown } } | null;
    const dev = parsed?.scripts?.dev;
    return (Array.isArray(dev) ? dev : [dev]).filter((line): line is string => typeof line === "string");
  } catch {
    // composer itself tells what is wrong with the file; the rest of the application is there all the same.
    return [];
  }
}

async function usual(folder: FrameworkFolder, composer: string): Promise<readonly FrameworkService[]> {
  const port = (await folder.dotenvPort("SERVER_PORT")) ?? 8_000;
  const server: FrameworkService = {
    service: folder.service({
      name: "server",
      command: ["php", "artisan", "serve"],
      file: "artisan",
      role: "service",
      ports: [{ name: "http", port, env: "SERVER_PORT" }],
    }),
    sameAs: /\bartisan\s+(?:serve|octane:start)\b|\bphp\s+-S\b/,
  };
  const connection = /^\s*QUEUE_CONNECTION\s*=\s*["']?(\w+)/m.exec(await folder.texts(".env", ".env.example"))?.[1];
  const horizon = /"laravel\/horizon"/.test(composer);
  if (!horizon && (connection === undefined || connection === "sync" || connection === "null")) return [server];
  const command = horizon ? ["horizon"] : ["queue:listen", "--tries=1"];
  const queue = folder.service({
    name: "queue",
    command: ["php", "artisan", ...command],
    file: "artisan",
    role: "service",
  });
  return [server, { service: queue, sameAs: /\bartisan\s+(?:horizon|queue:(?:work|listen))\b/ }];
}
