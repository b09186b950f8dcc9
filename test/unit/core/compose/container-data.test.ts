import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { containerData } from "../../../../electron/core/compose/container-data.ts";
import type { ProjectClient } from "../../../../electron/core/compose/project-client.ts";
import type { ProjectContainers } from "../../../../electron/core/compose/project-containers.ts";

interface Mount {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly RW: boolean;
}

/** Docker with these containers, as far as it is asked; `made`: when volumes were made, by name. */
function data(
  containers: Readonly<Record<string, { readonly id: string; readonly mounts: readonly Mount[] }>>,
  services: readonly string[],
  made: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  const byId = new Map(Object.values(containers).map(({ id, mounts }) => [id, mounts]));
  const answer = (argv: readonly string[]) => {
    const asked = argv.slice(argv.indexOf("--format") + 2);
    if (argv[1] === "inspect") return asked.map((id) => JSON.stringify(byId.get(id)));
    return asked.flatMap((name) => (made[name] === undefined ? [] : [`${name}\t${made[name]}`]));
  };
  const client = {
    ready: () => Promise.resolve({ docker: "docker" }),
    run: (_: unknown, argv: readonly string[]) => {
      const lines = answer(argv);
      const code = argv[1] === "volume" && lines.length === 0 ? 1 : 0;
      return Promise.resolve({ code, stdout: `${lines.join("\n")}\n`, stderr: "" });
    },
  } as unknown as ProjectClient;
  const list = new Map(Object.entries(containers).map(([service, { id }]) => [service, { id, running: true }]));
  const known = { list: () => Promise.resolve(list) } as unknown as ProjectContainers;
  return containerData({ client, containers: known }, services);
}

const volume = (Name: string, Destination = "/data"): Mount => ({
  Type: "volume",
  Name,
  Source: "/x",
  Destination,
  RW: true,
});
const bind = (Source: string, Destination: string, RW = true): Mount => ({ Type: "bind", Source, Destination, RW });

test("a volume is another one when it was made anew, whatever container works on it", async () => {
  const of = (id: string, at: string) => data({ db: { id, mounts: [volume("data")] } }, ["db"], { data: at });
  expect(await of("a", "10:00")).toBe(await of("b", "10:00"));
  expect(await of("a", "10:00")).not.toBe(await of("a", "11:00"));
});

test("without a place of its own, data goes with the container; what is only read, or holds no data, is no such place", async () => {
  const of = (id: string, ...mounts: Mount[]) => data({ db: { id, mounts } }, ["db"]);
  expect(await of("a")).not.toBe(await of("b"));
  const scripts = [bind("/scripts", "/docker-entrypoint-initdb.d"), bind("/tmp", "/var/lib/db", false)];
  expect(await of("a", ...scripts)).not.toBe(await of("b", ...scripts));
});

test("a folder with the data is another one when it was made anew", async () => {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-data-"));
  const of = (id: string, source: string) =>
    data({ db: { id, mounts: [bind(source, "/var/lib/postgresql/data")] } }, ["db"]);
  try {
    expect(await of("a", folder)).toBe(await of("b", folder));
    expect(await of("a", folder)).not.toBe(await of("a", tmpdir()));
    // On the machine of an engine that is elsewhere: then only the container is known.
    expect(await of("a", join(folder, "not-here"))).not.toBe(await of("b", join(folder, "not-here")));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("of several all count, in whatever order; of one that is not there nothing can be told", async () => {
  const containers = { db: { id: "a", mounts: [volume("one")] }, redis: { id: "b", mounts: [volume("two")] } };
  const made = { one: "1", two: "2" };
  expect(await data(containers, ["db", "redis"], made)).toBe(await data(containers, ["redis", "db"], made));
  expect(await data(containers, ["db"], made)).not.toBe(await data(containers, ["db", "redis"], made));
  expect(await data(containers, ["db", "nobody"], made)).toBeNull();
  expect(await data(containers, [], made)).toBeNull();
  // Docker does not know the volume any more.
  expect(await data(containers, ["db"], {})).toBeNull();
});
