/** ASP.NET projects, run with `dotnet watch`. */
import type { FrameworkReader, FrameworkService } from "./framework.ts";

const MAX_PROJECTS = 50;

export const readDotnet: FrameworkReader = async (folder) => {
  const own = await folder.list(".");
  // Only beside a project or a solution file is `src` worth a look.
  if (!own.some((name) => /\.(?:csproj|fsproj|sln|slnx)$/.test(name))) return [];
  const places = [".", ...(await folder.list("src")).slice(0, MAX_PROJECTS).map((name) => `src/${name}`)];
  const found: FrameworkService[] = [];
  for (const place of places) {
    const project = (place === "." ? own : await folder.list(place)).find((name) => /\.(?:cs|fs)proj$/.test(name));
    if (project === undefined) continue;
    const path = place === "." ? project : `${place}/${project}`;
    if (!/Sdk="Microsoft\.NET\.Sdk\.Web"/.test(await folder.text(path))) continue;
    const settings = await folder.text(`${place === "." ? "" : `${place}/`}Properties/launchSettings.json`);
    const port = Number(/http:\/\/(?:localhost|\[::\]|0\.0\.0\.0|127\.0\.0\.1):(\d{2,5})/.exec(settings)?.[1] ?? 5_000);
    const service = folder.service({
      name: project.replace(/\.\w+$/, ""),
      command: ["dotnet", "watch", "--project", path, "run"],
      file: path,
      role: "service",
      // What stands on the command line beats ASPNETCORE_URLS, which a launch profile sets.
      ports: [{ name: "http", port, env: null, option: "-- --urls http://localhost:{port}" }],
      portAssumed: settings === "",
    });
    found.push({ service, sameAs: /\bdotnet\s+(?:watch|run)\b/ });
  }
  return found;
};
