/** A Django project: migrates, serves, and runs its Celery workers. */
import type { FrameworkReader, FrameworkService } from "./framework.ts";
import { pythonTools, usesPackage } from "./python-tools.ts";

const DEFAULT_PORT = 8_000;

export const readDjango: FrameworkReader = async (folder) => {
  const manage = await folder.text("manage.py");
  if (!/\bDJANGO_SETTINGS_MODULE\b|\bexecute_from_command_line\b/.test(manage)) return [];
  const { python, tool, packages } = await pythonTools(folder);
  const found: FrameworkService[] = [
    {
      service: folder.service({
        name: "migrate",
        command: [...python, "manage.py", "migrate", "--noinput"],
        file: "manage.py",
        role: "migrate",
      }),
      sameAs: /\bmanage\.py\s+migrate\b/,
    },
    {
      service: folder.service({
        name: "web",
        // It reads its port from nowhere but its command line.
        command: `${python.join(" ")} manage.py runserver \${PORT:-${DEFAULT_PORT}}`,
        file: "manage.py",
        role: "service",
        ports: [{ name: "http", port: DEFAULT_PORT, env: "PORT" }],
      }),
      sameAs: /\bmanage\.py\s+runserver|\b(?:gunicorn|daphne|uvicorn|hypercorn)\b/,
    },
  ];
  if (!usesPackage(packages, "celery")) return found;
  const settings = /DJANGO_SETTINGS_MODULE["'],\s*["']([A-Za-z_]\w*)/.exec(manage)?.[1];
  const modules = [
    settings,
    "config",
    ...(await folder.list(".")).filter((name) => /^[A-Za-z_]\w*$/.test(name)).slice(0, 100),
  ];
  for (const module of modules) {
    if (module === undefined) continue;
    const text = await folder.text(`${module}/celery.py`);
    const inside = text === "" ? await folder.text(`${module}/celery_app.py`) : text;
    if (!/\bCelery\(/.test(inside)) continue;
    const app = text === "" ? `${module}.celery_app` : module;
    const file = `${module}/${text === "" ? "celery_app" : "celery"}.py`;
    const celery = [...tool("celery"), "-A", app] as [string, ...string[]];
    found.push({
      service: folder.service({
        name: "worker",
        command: [...celery, "worker", "--loglevel", "info"],
        file,
        role: "service",
      }),
      sameAs: /\bcelery\b.{0,200}\bworker\b/,
    });
    const beat = /\bbeat_schedule\b|\bCELERY_BEAT_SCHEDULE\b/.test(
      `${inside}${await folder.texts(`${settings}/settings.py`, "config/settings/base.py")}`,
    );
    if (beat || usesPackage(packages, "django-celery-beat")) {
      found.push({
        service: folder.service({
          name: "beat",
          command: [...celery, "beat", "--loglevel", "info"],
          file,
          role: "service",
        }),
        sameAs: /\bcelery\b.{0,200}\bbeat\b/,
      });
    }
    break;
  }
  return found;
};
