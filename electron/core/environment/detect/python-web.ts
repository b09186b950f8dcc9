/** Python servers without a manage.py: FastAPI and its kin behind uvicorn, Flask; and the migrations of Alembic. */
import type { FrameworkFolder, FrameworkReader, FrameworkService } from "./framework.ts";
import { pythonTools, usesPackage } from "./python-tools.ts";

/** Where applications are kept, as a path and as what uvicorn calls it. */
const entries: readonly (readonly [string, string, readonly string[]])[] = [
  ["main.py", "main", []],
  ["app.py", "app", []],
  ["app/main.py", "app.main", []],
  ["api/main.py", "api.main", []],
  ["server/main.py", "server.main", []],
  ["src/main.py", "src.main", []],
  ["src/app/main.py", "app.main", ["--app-dir", "src"]],
];

export const readPythonWeb: FrameworkReader = async (folder) => {
  if (/\bDJANGO_SETTINGS_MODULE\b/.test(await folder.text("manage.py"))) return [];
  const { tool, packages } = await pythonTools(folder);
  if (packages.trim() === "") return [];
  const found: FrameworkService[] = [];
  const server = (await fastApi(folder, tool, packages)) ?? (await flask(folder, tool, packages));
  if (server === null) return [];
  if (await folder.has("alembic.ini")) {
    found.push({
      service: folder.service({
        name: "migrate",
        command: [...tool("alembic"), "upgrade", "head"] as [string, ...string[]],
        file: "alembic.ini",
        role: "migrate",
      }),
      sameAs: /\balembic\b.{0,100}\bupgrade\b/,
    });
  } else if (usesPackage(packages, "flask-migrate") && (await folder.has("migrations/env.py"))) {
    found.push({
      service: folder.service({
        name: "migrate",
        command: [...tool("flask"), "db", "upgrade"] as [string, ...string[]],
        file: "migrations/env.py",
        role: "migrate",
      }),
      sameAs: /\bflask\b.{0,100}\bdb\s+upgrade\b/,
    });
  }
  found.push(server);
  if (usesPackage(packages, "celery")) found.push(...(await celery(folder, tool)));
  return found;
};

type Tool = (name: string) => readonly [string, ...string[]];

async function fastApi(folder: FrameworkFolder, tool: Tool, packages: string): Promise<FrameworkService | null> {
  if (!usesPackage(packages, "fastapi") && !usesPackage(packages, "starlette") && !usesPackage(packages, "litestar")) {
    return null;
  }
  for (const [file, module, options] of entries) {
    const variable = /^([A-Za-z_]\w{0,60})\s*(?::\s*\w+\s*)?=\s*(?:FastAPI|Starlette|Litestar)\(/m.exec(
      await folder.text(file),
    )?.[1];
    if (variable === undefined) continue;
    return {
      service: folder.service({
        name: "api",
        command: [...tool("uvicorn"), `${module}:${variable}`, "--reload", ...options] as [string, ...string[]],
        file,
        role: "service",
        ports: [{ name: "http", port: 8_000, env: "UVICORN_PORT" }],
      }),
      sameAs: /\b(?:uvicorn|gunicorn|hypercorn)\b|\bfastapi\s+(?:dev|run)\b/,
    };
  }
  return null;
}

async function flask(folder: FrameworkFolder, tool: Tool, packages: string): Promise<FrameworkService | null> {
  if (!usesPackage(packages, "flask")) return null;
  const environment = await folder.text(".flaskenv");
  const named = /^\s*FLASK_APP\s*=/m.test(environment);
  const direct = ["app.py", "wsgi.py"];
  const packaged = ["app", "src", "application"].map((name) => `${name}/__init__.py`);
  for (const file of [...direct, ...packaged]) {
    const text = await folder.text(file);
    // wsgi.py usually only imports the application from where it is made.
    if (!/\bFlask\(|\bcreate_app\b/.test(text)) continue;
    const app = named || direct.includes(file) ? [] : ["--app", file.split("/")[0] ?? ""];
    const own = Number(/^\s*FLASK_RUN_PORT\s*=\s*(\d{2,5})\s*$/m.exec(environment)?.[1] ?? 5_000);
    return {
      service: folder.service({
        name: "web",
        command: [...tool("flask"), ...app, "run", "--debug"] as [string, ...string[]],
        file: named ? ".flaskenv" : file,
        role: "service",
        ports: [{ name: "http", port: own, env: "FLASK_RUN_PORT" }],
      }),
      sameAs: /\bflask\b.{0,100}\brun\b|\bgunicorn\b/,
    };
  }
  return null;
}

async function celery(folder: FrameworkFolder, tool: Tool): Promise<readonly FrameworkService[]> {
  for (const module of ["app.celery_app", "app.worker", "app.celery", "app.tasks", "celery_app", "worker", "tasks"]) {
    const file = `${module.replaceAll(".", "/")}.py`;
    if (!/\bCelery\(/.test(await folder.text(file))) continue;
    const command = [...tool("celery"), "-A", module, "worker", "--loglevel", "info"] as [string, ...string[]];
    const service = folder.service({ name: "worker", command, file, role: "service" });
    return [{ service, sameAs: /\bcelery\b.{0,200}\bworker\b/ }];
  }
  return [];
}
