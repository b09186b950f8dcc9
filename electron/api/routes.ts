import type { HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errorText } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import { isOurOwnRequest } from "./access.ts";
import { answerWithPage } from "./page-files.ts";

type Environment = { Bindings: HttpBindings };

export interface RouteOptions {
  /** The port that is really listened on; known only after listening. */
  readonly port: () => number;
  /** Folder of the built page; null: none is served. */
  readonly page: string | null;
  readonly logger: Logger;
  /** Null while the host can work; else one sentence why not. */
  readonly notReady: () => string | null;
}

/** The plain HTTP side of the loopback server. Every request passes the Host and Origin check first. */
export function apiRoutes(options: RouteOptions): Hono<Environment> {
  const routes = new Hono<Environment>();
  routes.use(async (context, next) => {
    if (!isOurOwnRequest(context.env.incoming, options.port())) return refuse(context, 403, "forbidden");
    await next();
    context.res.headers.set("x-content-type-options", "nosniff");
    return undefined;
  });
  for (const path of ["/healthz", "/health"]) routes.get(path, (context) => context.json({ status: "ok" }));
  routes.get("/ready", (context) => {
    const reason = options.notReady();
    return reason === null ? context.json({ status: "ready" }) : refuse(context, 503, "not_ready", reason);
  });
  routes.get("*", async (context): Promise<Response> => {
    if (options.page === null) return refuse(context, 404, "not_found");
    const connect = [`ws://127.0.0.1:${options.port()}`];
    return answerWithPage(
      { folder: options.page, connect },
      { method: context.req.method, pathname: rawPath(context) },
    );
  });
  routes.all("*", (context) => refuse(context, 405, "method_not_allowed"));
  routes.onError((error, context) => {
    options.logger.error("A request failed", { error: errorText(error) });
    return refuse(context, 500, "internal");
  });
  return routes;
}

/** As it stands in the request, percent-encoding included: decoding is the page's own, stricter business. */
function rawPath(context: Context<Environment>): string {
  return (context.env.incoming.url ?? "/").split(/[?#]/, 1)[0] ?? "/";
}

function refuse(
  context: Context<Environment>,
  status: ContentfulStatusCode,
  error: string,
  details: string | null = null,
) {
  return context.json({ error, details, timestamp: new Date().toISOString() }, status);
}
