/** Globs of folders and package names, as workspaces and their filters use them. */

/** More stars than any real glob has; each of them multiplies the time that matching may take. */
const MAX_STARS = 6;
const MAX_LENGTH = 256;

/** `./apps/web/` is `apps/web`. */
export function tidyPath(path: string): string {
  return path.replace(/^\.\//, "").replace(/\/+$/, "");
}

/** `*` stands for anything but a slash, `**` for anything. A glob that is longer than any real one matches nothing. */
export function globExpression(glob: string): RegExp {
  if (glob.length > MAX_LENGTH || glob.split("*").length - 1 > MAX_STARS) return /(?!)/;
  const source = tidyPath(glob)
    .split(/(\*\*|\*)/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^/]*" : part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&")))
    .join("");
  return new RegExp(`^${source}$`);
}
