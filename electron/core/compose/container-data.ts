/** Which data containers work on: their volumes as they were made, so that an emptied database is another one. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { z } from "zod";
import type { ProjectClient } from "./project-client.ts";
import type { ProjectContainers } from "./project-containers.ts";

const ASK_MS = 10_000;
/** Where databases of images that name no volume keep their data. */
const dataPlace = /\/(?:data|lib|db|storage|mysql|postgres\w*|mongo\w*)(?:\/|$)/i;

const mountsSchema = z.array(
  z.object({
    Type: z.string(),
    Name: z.string().optional(),
    Source: z.string(),
    Destination: z.string(),
    RW: z.boolean(),
  }),
);

/**
 * Stands for the data of these services of a compose project; it is another text as soon as one of them works on other data, also
 * where that has the same name. Null: one of them has no container, or docker does not say.
 */
export async function containerData(
  { client, containers }: { readonly client: ProjectClient; readonly containers: ProjectContainers },
  services: readonly string[],
): Promise<string | null> {
  const engine = await client.ready();
  const known = await containers.list(engine);
  const ids = services.toSorted().map((service) => known.get(service)?.id);
  if (ids.length === 0 || !ids.every((id) => id !== undefined)) return null;
  const format = "{{json .Mounts}}";
  const argv = [engine.docker, "inspect", "--type", "container", "--format", format, ...ids] as const;
  const inspected = await client.run(engine, argv, ASK_MS);
  const lines = inspected.stdout.trim().split("\n");
  if (inspected.code !== 0 || lines.length !== ids.length) return null;
  const mounts = lines.map((line) => mountsSchema.parse(JSON.parse(line)).filter(({ RW }) => RW));
  const names = mounts.flat().flatMap(({ Type, Name }) => (Type === "volume" && Name !== undefined ? [Name] : []));
  const made = new Map<string, string>();
  if (names.length > 0) {
    const asked = [engine.docker, "volume", "inspect", "--format", "{{.Name}}\t{{.CreatedAt}}", ...names] as const;
    const volumes = await client.run(engine, asked, ASK_MS);
    if (volumes.code !== 0) return null;
    for (const line of volumes.stdout.trim().split("\n")) {
      const [name = "", createdAt = ""] = line.split("\t");
      made.set(name, createdAt);
    }
  }
  const parts = mounts.map((ofOne, index) => {
    const data = ofOne.flatMap(({ Type, Name = "", Source, Destination }) => {
      if (Type === "volume") return [`${Name} ${made.get(Name) ?? ""}`];
      return Type === "bind" && dataPlace.test(Destination) ? (folderStamp(Source) ?? []) : [];
    });
    // Without a place of its own the data goes with the container.
    return data.length === 0 ? [ids[index]] : data.sort();
  });
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** A folder that was removed and made again is another one. */
function folderStamp(path: string): string | null {
  try {
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${path} ${dev} ${ino} ${birthtimeMs}`;
  } catch {
    // It is on the engine's machine, which is another one, or not ours to look at.
    return null;
  }
}
