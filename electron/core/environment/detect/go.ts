/** Servers of a Go module: with air where it is set up, else `go run`. A module that serves nothing is left alone. */
import type { ServicePort } from "#shared/schema/service.ts";
import type { FrameworkFolder, FrameworkReader, FrameworkService } from "./framework.ts";

const serves =
  /\bListenAndServe\b|\bhttp\.(?:Server\{|Handle(?:Func)?\()|"google\.golang\.org\/grpc"|github\.com\/(?:gin-gonic\/gin|labstack\/echo|gofiber\/fiber|go-chi\/chi|gorilla\/mux|valyala\/fasthttp)/;
/** Programs below `cmd` that run while one works; others are tools. */
const running =
  /^(?:api|app|server|web|http|httpd|gateway|backend|service|worker|consumer|scheduler|.*-?(?:api|server|worker|service))$/;

export const readGo: FrameworkReader = async (folder) => {
  const module = await folder.text("go.mod");
  if (module === "") return [];
  if ((await folder.has(".air.toml")) || (await folder.has("air.toml"))) {
    const config = (await folder.has(".air.toml")) ? ".air.toml" : "air.toml";
    const built = /\bcmd\s*=\s*["'][^"'\n]{0,200}\s\.?\/?(cmd\/[\w-]+)/.exec(await folder.text(config))?.[1];
    const ports = await portsOf(folder, built === undefined ? "main.go" : `${built}/main.go`);
    const command = config === ".air.toml" ? (["air"] as const) : (["air", "-c", config] as const);
    return [server(folder, "server", [...command], config, ports)];
  }
  if (serves.test((await folder.text("main.go")) + module) && (await folder.has("main.go"))) {
    return [server(folder, "server", ["go", "run", "."], "main.go", await portsOf(folder, "main.go"))];
  }
  const found: FrameworkService[] = [];
  const programs: string[] = [];
  for (const name of (await folder.list("cmd")).slice(0, 50)) {
    if (/^[\w-]+$/.test(name) && (await folder.has(`cmd/${name}/main.go`))) programs.push(name);
  }
  const own = /^module\s+(\S+)/m.exec(module)?.[1]?.split("/").at(-1);
  for (const name of programs) {
    const main = `cmd/${name}/main.go`;
    const text = await folder.text(main);
    if (!running.test(name) && !((name === own || programs.length === 1) && serves.test(text + module))) continue;
    found.push(server(folder, name, ["go", "run", `./cmd/${name}`], main, await portsOf(folder, main)));
  }
  return found;
};

function server(
  folder: FrameworkFolder,
  name: string,
  command: [string, ...string[]],
  file: string,
  ports: readonly ServicePort[],
): FrameworkService {
  const service = folder.service({ name, command, file, role: "service", ...(ports.length > 0 ? { ports } : {}) });
  return { service, sameAs: /^(?:air\b|go\s+run\b)/ };
}

/** The port in the text of the file with `main`: a variable with its default, or the address that is listened on. */
async function portsOf(folder: FrameworkFolder, main: string): Promise<readonly ServicePort[]> {
  const text = (await folder.text(main)).replaceAll(/^\s*\/\/.*$/gm, "");
  const variable = /\b(?:Getenv|LookupEnv|getEnv|GetEnv|getenv|envOr)\(\s*"((?:[A-Z]+_)?PORT)"/.exec(text)?.[1];
  const literal =
    /\b(?:ListenAndServe(?:TLS)?|Run|Start|Listen|Serve)\(\s*"[\w.]*:(\d{2,5})"|\bAddr:\s*"[\w.]*:(\d{2,5})"/.exec(
      text,
    );
  const port = Number(literal?.[1] ?? literal?.[2] ?? /"(?:[\w.]*:)?(\d{4,5})"/.exec(text)?.[1] ?? 0);
  if (variable !== undefined) {
    const own = await folder.dotenvPort(variable);
    return [{ name: "http", port: own ?? (port > 0 && port <= 65_535 ? port : 8_080), env: variable }];
  }
  return literal !== null && port > 0 && port <= 65_535 ? [{ name: "http", port, env: null }] : [];
}
