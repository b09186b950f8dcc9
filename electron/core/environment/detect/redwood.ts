/** A Redwood project, which has no scripts: its own command line serves both of its sides. */
import type { FrameworkReader } from "./framework.ts";

export const readRedwood: FrameworkReader = async (folder) => {
  const settings = await folder.text("redwood.toml");
  if (settings === "" || !/"@redwoodjs\/core"/.test(await folder.text("package.json"))) return [];
  const port = (side: string) =>
    Number(new RegExp(`^\\[${side}\\][^[]{0,500}?\\bport\\s*=\\s*(\\d{2,5})`, "m").exec(settings)?.[1] ?? 0);
  const service = folder.service({
    name: "dev",
    command: ["yarn", "rw", "dev"],
    file: "redwood.toml",
    role: "service",
    ports: [
      { name: "web", port: port("web") || 8_910, env: null },
      { name: "api", port: port("api") || 8_911, env: null },
    ],
  });
  return [{ service, sameAs: /\b(?:rw|redwood)\s+dev\b/ }];
};
