/**
 * What a folder's own OpenCode configuration would run once a server works in it: MCP servers, plugins, custom tools,
 * formatters and language servers are all programs of the folder. Read here, never executed.
 */
import { createHash } from "node:crypto";
import { parse } from "jsonc-parser";
import type { TrustItem } from "#shared/schema/workspace.ts";
import type { ProjectFiles } from "../environment/detect/project-files.ts";
import type { RunnableContent } from "./trust.ts";

const configFiles = ["opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"];
/** Folders whose files OpenCode loads and runs; both spellings are read by it. */
const codeFolders = [".opencode/plugin", ".opencode/plugins", ".opencode/tool", ".opencode/tools"];

export async function readOpencodeConfig(files: ProjectFiles): Promise<RunnableContent> {
  const items: TrustItem[] = [];
  const hash = createHash("sha256");
  const note = (path: string, text: string) => hash.update(JSON.stringify([path, text]));
  for (const path of configFiles) {
    const file = await files.readText(path);
    if (file.kind === "missing") continue;
    if (file.kind === "problem") {
      note(path, file.problem.message);
      items.push(item(path, "configuration", "cannot be read here, but OpenCode may read it", path));
      continue;
    }
    note(path, file.text);
    items.push(...configItems(path, parse(file.text, [], { allowTrailingComma: true }) as unknown));
  }
  for (const folder of codeFolders) {
    for (const name of await files.list(folder)) {
      const path = `${folder}/${name}`;
      const file = await files.readText(path);
      if (file.kind === "missing" || !/\.[cm]?[jt]s$/.test(name)) continue;
      note(path, file.kind === "text" ? file.text : file.problem.message);
      items.push(item(path, folder.includes("plugin") ? "plugin" : "tool", `runs ${path}`, path));
    }
  }
  return { items, fingerprint: hash.digest("hex") };
}

function configItems(source: string, config: unknown): TrustItem[] {
  const items: TrustItem[] = [];
  for (const [name, server] of entries(field(config, "mcp"))) {
    const command = field(server, "command");
    if (command === undefined) continue;
    items.push(item(`mcp.${name}`, "MCP server", Array.isArray(command) ? command.join(" ") : String(command), source));
  }
  const plugins = field(config, "plugin");
  for (const plugin of Array.isArray(plugins) ? plugins : []) {
    items.push(item(`plugin.${String(plugin)}`, "plugin", `loads ${String(plugin)}`, source));
  }
  for (const section of ["formatter", "lsp"]) {
    for (const [name, tool] of entries(field(config, section))) {
      const command = field(tool, "command");
      if (Array.isArray(command)) items.push(item(`${section}.${name}`, section, command.join(" "), source));
    }
  }
  for (const [event, hooks] of entries(field(field(config, "experimental"), "hook"))) {
    items.push(item(`hook.${event}`, "hook", JSON.stringify(hooks), source));
  }
  if (field(config, "permission") !== undefined) {
    const detail = `sets what agents may do without asking: ${JSON.stringify(field(config, "permission"))}`;
    items.push(item("permission", "permissions", detail, source));
  }
  return items;
}

function item(name: string, what: string, detail: string, source: string): TrustItem {
  return { kind: "opencode", name, detail: `${what}: ${detail}`, source, warnings: [] };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
