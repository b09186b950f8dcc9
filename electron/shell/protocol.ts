/** `app://deckhand/`: the built page, served to the window by ourselves. There is no other address the window can load. */
import { net, protocol } from "electron";
import { answerWithPage } from "../api/page-files.ts";
import { createNonce, pageHeaders, withNonce } from "../api/page-security.ts";
import { errorText } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import { ACTION_PATH, renderNotice, type NoticePage } from "./notice-page.ts";
import { isOwnPage, PAGE_SCHEME } from "./page-address.ts";

/**
 * Must run before the app is ready. `standard` gives the page a real origin; `secure` makes it a secure context. No CORS, no
 * bypass of the policy, no service workers. `codeCache` keeps compiled scripts for the next start.
 */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: PAGE_SCHEME, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

export interface PageSource {
  readonly logger: Logger;
  /** Folder of the built page. */
  readonly folder: string;
  /** Address of Vite's server in development; null in what ships. */
  readonly development: string | null;
}

export interface PageProtocol {
  /** From now on this is shown at every address instead of the page; null: the page again. */
  show(notice: NoticePage | null, onAction?: (id: string) => void): void;
}

export function servePage(source: PageSource): PageProtocol {
  let notice: NoticePage | null = null;
  let act: (id: string) => void = () => undefined;

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    if (!isOwnPage(request.url)) return new Response(null, { status: 404 });
    if (notice !== null) return answerWithNotice(notice, url.pathname, act);
    if (source.development !== null) return answerFromDevelopment(source.development, request);
    return answerWithPage({ folder: source.folder, connect: [] }, { method: request.method, pathname: url.pathname });
  };
  protocol.handle(PAGE_SCHEME, async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      source.logger.error("a part of the page could not be read", { error: errorText(error) });
      return new Response(null, { status: 500 });
    }
  });
  return {
    show(next, onAction = () => undefined) {
      notice = next;
      act = onAction;
    },
  };
}

function answerWithNotice(notice: NoticePage, pathname: string, act: (id: string) => void): Response {
  const nonce = createNonce();
  const headers = pageHeaders({ nonce, connect: [] });
  const wanted = pathname.startsWith(ACTION_PATH) ? pathname.slice(ACTION_PATH.length) : null;
  if (wanted === null) {
    return new Response(renderNotice(notice, nonce), {
      headers: { ...headers, "Content-Type": "text/html; charset=utf-8" },
    });
  }
  if (notice.actions.some((action) => action.id === wanted)) act(wanted);
  // "No content" leaves the window where it is; the action moves it when it is done.
  return new Response(null, { status: 204, headers });
}

/** Hot reload: Vite's answers under our own origin. Its client needs inline scripts (by nonce) and its WebSocket. */
async function answerFromDevelopment(address: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const answer = await net.fetch(new URL(pathname + search, address).href, { bypassCustomProtocolHandlers: true });
  const nonce = createNonce();
  const headers = pageHeaders({ nonce, connect: [address.replace(/^http/, "ws"), address] });
  const type = answer.headers.get("Content-Type") ?? "text/plain";
  const policy = headers["Content-Security-Policy"]?.replace("script-src 'self'", `script-src 'self' 'nonce-${nonce}'`);
  return new Response(type.startsWith("text/html") ? withNonce(await answer.text(), nonce) : answer.body, {
    status: answer.status,
    headers: { ...headers, "Content-Type": type, "Content-Security-Policy": policy ?? "" },
  });
}
