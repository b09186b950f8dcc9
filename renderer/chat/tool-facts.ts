/** What a tool call is about, in one line, and what is worth showing of it. Tools differ by version and by plugin. */
import type { Part, PermissionRequest } from "#shared/schema/chat.ts";

export type ToolPart = Extract<Part, { type: "tool" }>;

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** The file a call works on, the pattern it looks for, the command it runs: the one thing that names it. */
export function toolSubject({ tool, state }: Pick<ToolPart, "tool" | "state">): string {
  const { input } = state;
  const named =
    text(input.command) ??
    text(input.filePath) ??
    text(input.path) ??
    text(input.pattern) ??
    text(input.url) ??
    text(input.description) ??
    text(input.query);
  return tool === "bash" ? (named ?? state.title ?? "") : (state.title ?? named ?? "");
}

/** The unified diff of an edit, from wherever this version of OpenCode puts it. */
export function diffOf(metadata: Readonly<Record<string, unknown>>): string | null {
  const direct = text(metadata.diff);
  if (direct) return direct;
  const file = metadata.filediff;
  return typeof file === "object" && file !== null && "patch" in file ? text(file.patch) : null;
}

/** What a permission is asked for, ready to be shown in full. */
export type Asked = {
  readonly title: string;
  readonly command: string | null;
  readonly diff: string | null;
  readonly subjects: readonly string[];
};

export function describePermission(request: Pick<PermissionRequest, "permission" | "patterns" | "metadata">): Asked {
  const { permission, patterns, metadata } = request;
  const command = text(metadata.command);
  const diff = diffOf(metadata);
  const file = text(metadata.filepath);
  switch (permission) {
    case "bash":
      return { title: "Run a command", command: command ?? patterns.join("\n"), diff: null, subjects: [] };
    case "edit":
    case "write":
      return { title: "Change a file", command: null, diff, subjects: file ? [file] : patterns };
    case "external_directory":
      return { title: "Work outside of the project folder", command, diff, subjects: file ? [file] : patterns };
    case "read":
      return { title: "Read a file", command: null, diff: null, subjects: file ? [file] : patterns };
    case "webfetch":
      return {
        title: "Fetch a web page",
        command: null,
        diff: null,
        subjects: [text(metadata.url) ?? patterns.join(", ")],
      };
    default:
      return { title: `Use “${permission}”`, command, diff, subjects: file ? [file] : patterns };
  }
}
