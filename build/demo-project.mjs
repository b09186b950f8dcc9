/** The working copy of the sample project that `npm run demo` shows. */
import { cpSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * What a person changed in it is kept; our own files are brought up to date. Answers with its folder.
 *
 * @param top The checkout; the project's two dependencies are among its own.
 */
export function copyProject(home, top) {
  const project = join(home, "demo", "harbour");
  mkdirSync(join(home, "demo"), { recursive: true, mode: 0o700 });
  cpSync(join(top, "test", "fixtures", "projects", "harbour"), project, { recursive: true });
  linkFolder(join(top, "node_modules"), join(project, "node_modules"));
  return project;
}

/** A link of an earlier run may lead into a checkout that was moved or is gone. A folder of the person's own stays. */
function linkFolder(target, link) {
  const facts = lstatSync(link, { throwIfNoEntry: false });
  if (facts !== undefined && (!facts.isSymbolicLink() || readlinkSync(link) === target)) return;
  rmSync(link, { force: true });
  symlinkSync(target, link, "dir");
}
