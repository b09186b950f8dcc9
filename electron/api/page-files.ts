/**
 * The files of the built page, and the answer to a request for one of them. Shared by the window's app:// handler and the
 * loopback server, so that both are equally closed.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { systemCode } from "../core/lib/error.ts";
import { createNonce, pageHeaders, withNonce } from "./page-security.ts";

export interface PageFile {
  /** Real path, inside the page's folder. */
  readonly path: string;
  /** Its Content-Type. */
  readonly type: string;
  /** Its name holds a hash of its content, so that it can be kept for ever. */
  readonly immutable: boolean;
}

/** The kinds of files a build of the page holds. Anything else is not part of the page and is not served. */
const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** Longer paths than any file of a build has are refused before they are looked at. */
const MAX_PATH = 512;

/**
 * The file of the page that a URL's path names, or null: not there, not a plain file, or not inside `folder` once every
 * symbolic link is resolved.
 *
 * @param pathname As it stands in the URL, percent-encoding included. `/` is `index.html`.
 */
export async function findPageFile(folder: string, pathname: string): Promise<PageFile | null> {
  const segments = plainSegments(pathname);
  if (segments === null) return null;
  const wanted = segments.length === 0 ? ["index.html"] : segments;
  const type = contentTypes[extname(wanted.at(-1) ?? "").toLowerCase()];
  if (type === undefined) return null;
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, ...wanted));
    if (!path.startsWith(root + sep) || !(await stat(path)).isFile()) return null;
    return { path, type, immutable: wanted[0] === "assets" };
  } catch (error) {
    // The codes of a path that names nothing; any other is a real fault of the disk and is told.
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(systemCode(error) ?? "")) return null;
    throw error;
  }
}

/** The decoded parts of a path that consists of ordinary names only, else null. Decoded once: `%252e` stays a name. */
function plainSegments(pathname: string): string[] | null {
  if (!pathname.startsWith("/") || pathname.length > MAX_PATH) return null;
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname.slice(1));
  } catch {
    // Not valid percent-encoding: no file has that name.
    return null;
  }
  // Only what a build names its files by: no backslash, colon, control character, leading dot or empty part.
  if (decoded === "") return [];
  const segments = decoded.split("/");
  return segments.every((segment) => /^[\w@$+~-][\w@$+~.() -]*$/.test(segment)) ? segments : null;
}

/**
 * Answers a request for a part of the page.
 *
 * @param page.folder Folder of the built page.
 * @param page.connect See {@link pageHeaders}.
 */
export async function answerWithPage(
  page: { readonly folder: string; readonly connect: readonly string[] },
  request: { readonly method: string; readonly pathname: string },
): Promise<Response> {
  const nonce = createNonce();
  const headers = pageHeaders({ nonce, connect: page.connect });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { ...headers, Allow: "GET, HEAD" } });
  }
  const file = await findPageFile(page.folder, request.pathname);
  if (file === null) return plainAnswer(404, "There is no such page.", headers, request.method);
  const bytes = await readFile(file.path);
  // Only html carries the nonce; the answer that holds one must not be kept.
  const html = file.type.startsWith("text/html");
  const body = html ? withNonce(bytes.toString("utf8"), nonce) : bytes;
  return new Response(request.method === "HEAD" ? null : body, {
    status: 200,
    headers: {
      ...headers,
      "Content-Type": file.type,
      "Cache-Control": file.immutable && !html ? "public, max-age=31536000, immutable" : "no-store",
    },
  });
}

function plainAnswer(status: number, text: string, headers: Record<string, string>, method: string): Response {
  return new Response(method === "HEAD" ? null : text, {
    status,
    headers: { ...headers, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
  });
}
