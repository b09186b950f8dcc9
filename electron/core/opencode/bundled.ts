import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { systemCode } from "../lib/error.ts";

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Its processor knows AVX2. OpenCode's plain x64 build dies of SIGILL without it. */
  readonly avx2: boolean;
  /** Its C library is musl (Alpine). */
  readonly musl: boolean;
}

/** This machine. */
export function thisMachine(): Machine {
  const linux = process.platform === "linux";
  return {
    platform: process.platform,
    arch: process.arch,
    // Elsewhere the plain build is tried first, and the baseline one where it does not run.
    avx2: linux ? /(^|\s)avx2(\s|$)/m.test(readText("/proc/cpuinfo")) : true,
    musl: linux && isMusl(),
  };
}

/**
 * The packages of npm's `opencode-ai` that may hold the binary for a machine, best first. Named as its postinstall script
 * names them: `opencode-<platform>-<arch>[-baseline][-musl]`.
 */
export function bundledPackages(machine: Machine): string[] {
  const platform = machine.platform === "win32" ? "windows" : machine.platform;
  const base = `opencode-${platform}-${machine.arch}`;
  const library = machine.musl ? "-musl" : "";
  if (machine.arch !== "x64") return [`${base}${library}`];
  const plain = `${base}${library}`;
  const baseline = `${base}-baseline${library}`;
  return machine.avx2 ? [plain, baseline] : [baseline];
}

/** The binaries that are installed beside us, best first. */
export function bundledBinaries(machine: Machine): string[] {
  const here = createRequire(import.meta.url);
  const program = machine.platform === "win32" ? "opencode.exe" : "opencode";
  return bundledPackages(machine).flatMap((name) => {
    const manifest = resolve(here, `${name}/package.json`) ?? resolveBeside(here, name);
    return manifest === null ? [] : [unpacked(join(dirname(manifest), "bin", program))];
  });
}

/** The version in the package that a bundled binary came in, which holds nothing else; null where there is none. */
export function packagedVersion(binary: string): string | null {
  const manifest: unknown = parse(readText(join(dirname(dirname(binary)), "package.json")));
  const isOurs = typeof manifest === "object" && manifest !== null && "name" in manifest && "version" in manifest;
  if (!isOurs || typeof manifest.name !== "string" || typeof manifest.version !== "string") return null;
  return manifest.name.startsWith("opencode-") && /^\d+\.\d+\.\d+/.test(manifest.version) ? manifest.version : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No package, or none of npm's: the binary itself is asked.
    return null;
  }
}

/** npm may put the platform's package under `opencode-ai` instead of beside it. */
function resolveBeside(here: NodeJS.Require, name: string): string | null {
  const owner = resolve(here, "opencode-ai/package.json");
  return owner === null ? null : resolve(createRequire(owner), `${name}/package.json`);
}

function resolve(from: NodeJS.Require, request: string): string | null {
  try {
    return from.resolve(request);
  } catch (error) {
    // Not installed: the package is optional, one for each platform.
    if (systemCode(error) === "MODULE_NOT_FOUND" || systemCode(error) === "ERR_PACKAGE_PATH_NOT_EXPORTED") return null;
    throw error;
  }
}

/** In the packaged app programs lie outside the archive, where the system can run them. */
export function unpacked(file: string): string {
  return file.replace(`${sep}app.asar${sep}`, `${sep}app.asar.unpacked${sep}`);
}

function isMusl(): boolean {
  const report = process.report.getReport();
  const header: unknown = typeof report === "object" && report !== null && "header" in report ? report.header : null;
  return !(typeof header === "object" && header !== null && "glibcVersionRuntime" in header);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // No /proc: then the build that runs everywhere is taken. No package: then the binary is asked for its version.
    return "";
  }
}
