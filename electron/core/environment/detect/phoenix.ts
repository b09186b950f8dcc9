/** A Phoenix application: makes and migrates its database, and serves; its seeds on demand. */
import type { FrameworkReader, FrameworkService } from "./framework.ts";

export const readPhoenix: FrameworkReader = async (folder) => {
  const mix = await folder.text("mix.exs");
  if (!/\{\s*:phoenix\s*,/.test(mix)) return [];
  const found: FrameworkService[] = [];
  if (/\{\s*:(?:ecto_sql|phoenix_ecto)\s*,/.test(mix)) {
    found.push({
      service: folder.service({
        name: "ecto.migrate",
        command: ["mix", "do", "ecto.create,", "ecto.migrate"],
        file: "mix.exs",
        role: "migrate",
      }),
      sameAs: /\becto\.(?:migrate|setup)\b/,
    });
    if (await folder.has("priv/repo/seeds.exs")) {
      found.push({
        service: folder.service({
          name: "seed",
          command: ["mix", "run", "priv/repo/seeds.exs"],
          file: "priv/repo/seeds.exs",
          role: "seed",
          disabled: true,
        }),
        sameAs: /\bseeds\.exs\b/,
      });
    }
  }
  const development = await folder.text("config/dev.exs");
  const fixed = /\bhttp:\s*\[[^\]]{0,200}\bport:\s*(\d{2,5})/.exec(development)?.[1];
  const reads = /System\.get_env\("PORT"/.test(
    fixed === undefined ? development + (await folder.text("config/runtime.exs")) : "",
  );
  found.push({
    service: folder.service({
      name: "server",
      command: ["mix", "phx.server"],
      file: "mix.exs",
      role: "service",
      ports: [{ name: "http", port: Number(fixed ?? 4_000), env: reads ? "PORT" : null }],
    }),
    sameAs: /\bphx\.server\b/,
  });
  return found;
};
