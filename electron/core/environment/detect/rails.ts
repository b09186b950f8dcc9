/** A Rails application: prepares its database, serves, and works off its queue. */
import type { FrameworkReader, FrameworkService } from "./framework.ts";

export const readRails: FrameworkReader = async (folder) => {
  const gemfile = await folder.text("Gemfile");
  const hasBin = await folder.has("bin/rails");
  const isRails = /^\s*gem\s+["']rails["']/m.test(gemfile) && (await folder.has("config/application.rb"));
  if (!isRails && !(hasBin && (await folder.has("config/application.rb")))) return [];
  const rails = hasBin ? (["bin/rails"] as const) : (["bundle", "exec", "rails"] as const);
  const file = hasBin ? "bin/rails" : "Gemfile";
  const found: FrameworkService[] = [];
  if ((await folder.has("config/database.yml")) || (await folder.has("db"))) {
    // Makes the database where there is none, and fills it only then; otherwise it migrates. It drops nothing.
    const command = [...rails, "db:prepare"] as const;
    found.push({
      service: folder.service({ name: "db:prepare", command: [...command], file, role: "migrate" }),
      sameAs: /\bdb:(?:migrate|prepare|setup)\b/,
    });
  }
  const port = Number(/\bport\b[^\n]{0,60}["'( ,](\d{4,5})\b/.exec(await folder.text("config/puma.rb"))?.[1] ?? 3_000);
  found.push({
    service: folder.service({
      name: "web",
      command: [...rails, "server"],
      file,
      role: "service",
      ports: [{ name: "http", port, env: "PORT" }],
    }),
    sameAs: /\brails\s+(?:s|server)\b|\b(?:puma|unicorn|falcon|passenger|thin)\b/,
  });
  if (/^\s*gem\s+["']sidekiq["']/m.test(gemfile)) {
    found.push({
      service: folder.service({
        name: "worker",
        command: ["bundle", "exec", "sidekiq"],
        file: "Gemfile",
        role: "service",
      }),
      sameAs: /\bsidekiq\b/,
    });
  }
  return found;
};
