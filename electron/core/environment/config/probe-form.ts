/** A health check, as compose, Kubernetes and process-compose write one, and as one may write it here. */
import type { ProbeSpec } from "#shared/schema/service.ts";
import type { ProbeTimings } from "../../service/probe.ts";
import { argument, shellOrArgv } from "./command-form.ts";
import {
  byShape,
  described,
  flag,
  keys,
  listOf,
  mapOf,
  mapped,
  scalar,
  text,
  wholeNumber,
  type Form,
  named,
} from "./form.ts";
import { duration, pattern, seconds } from "./units.ts";

/** A tcp port as written: its number, or the name it has under `ports`. */
export type ProbeTarget =
  | Exclude<ProbeSpec, { kind: "tcp" }>
  | { readonly kind: "tcp"; readonly port: number | string };

export interface ProbeConfig {
  /** `none`: it is to have no probe; null: only times are given. */
  readonly target: ProbeTarget | "none" | null;
  readonly timings: Partial<ProbeTimings>;
}

interface HttpTarget {
  readonly url: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const headersForm = byShape<Readonly<Record<string, string>>>("a map of headers, or a list of `{ name, value }`", {
  map: mapped(mapOf(text("the value of a header")), (map) => Object.fromEntries(map)),
  list: mapped(listOf(keys("a header", { name: text(), value: text() }, { required: ["name", "value"] })), (list) =>
    Object.fromEntries(list.map(({ name = "", value = "" }) => [name, value])),
  ),
});

const portText = scalar("a port, or a variable such as `${PORT}`", { type: ["integer", "string"] }, (value) =>
  /^(?:\d{1,5}|\$\{[A-Za-z_]\w*\})$/.test(String(value)) ? String(value) : undefined,
);

const schemeForm = text("`http`");
const statusForm = wholeNumber(100, 599);

const httpParts = mapped(
  keys("an http check", {
    url: text("a URL"),
    host: text("a host"),
    port: portText,
    num_port: portText,
    path: text("a path"),
    scheme: schemeForm,
    status: statusForm,
    status_code: statusForm,
    statusCode: statusForm,
    headers: headersForm,
    http_headers: headersForm,
    httpHeaders: headersForm,
  }),
  (parts, spot): HttpTarget | undefined => {
    const port = parts.port ?? parts.num_port;
    const path = parts.path ?? "/";
    const scheme = (parts.scheme ?? "http").toLowerCase();
    const url =
      parts.url ??
      `${scheme}://${parts.host ?? "127.0.0.1"}${port === undefined ? "" : `:${port}`}${path.startsWith("/") ? "" : "/"}${path}`;
    if (!isHttpUrl(url)) {
      spot.report(spot.path, notHttp(url));
      return undefined;
    }
    const status = parts.status ?? parts.status_code ?? parts.statusCode;
    const headers = parts.headers ?? parts.http_headers ?? parts.httpHeaders;
    return { url, ...(status === undefined ? {} : { status }), ...(headers === undefined ? {} : { headers }) };
  },
);

const httpForm = byShape<HttpTarget>("a URL such as `http://127.0.0.1:${PORT}/healthz`", {
  single: mapped(text("a URL"), (url, spot): HttpTarget | undefined => {
    if (isHttpUrl(url)) return { url };
    spot.report(spot.path, notHttp(url));
    return undefined;
  }),
  map: httpParts,
});

/** Variables may stand anywhere in it, so only the rest of it is looked at. */
function isHttpUrl(url: string): boolean {
  return /^http:\/\//i.test(url) && URL.canParse(url.replaceAll(/\$\{[^}]*\}/g, "1"));
}

function notHttp(url: string): string {
  return /^https:/i.test(url)
    ? "A check over https is not made, since certificates of development are rarely valid. Use `tcp` with the port instead."
    : `${JSON.stringify(url).slice(0, 80)} is no http URL. Write one such as \`http://127.0.0.1:\${PORT}/healthz\`.`;
}

const tcpForm = byShape<number | string>("a port, or the name of one", {
  single: mapped(text("a port, or the name of one"), (written) => {
    const port = Number(/^(?:(?:127\.0\.0\.1|localhost|\[?::1\]?):)?(\d{1,5})$/.exec(written)?.[1]);
    return port >= 1 && port <= 65_535 ? port : written;
  }),
  map: mapped(
    keys("a tcp check", { port: text("a port"), host: text("a host") }, { required: ["port"] }),
    ({ port = "" }) => (/^\d+$/.test(port) ? Number(port) : port),
  ),
});

const execForm = byShape<readonly [string, ...string[]]>("a command", {
  single: shellOrArgv,
  list: shellOrArgv,
  map: mapped(
    keys("a command", { command: shellOrArgv, working_dir: text("a folder") }, { required: ["command"] }),
    ({ command, working_dir }, spot) => {
      if (working_dir !== undefined) {
        spot.report(
          [...spot.path, "working_dir"],
          "A check runs in the folder of its service; `working_dir` of a check is ignored. Use `cd` in the command.",
          "warning",
        );
      }
      return command;
    },
  ),
});

/** compose's own: `[CMD, …]`, `[CMD-SHELL, line]`, `[NONE]`, or a shell line. */
const testForm: Form<ProbeTarget | "none"> = byShape<ProbeTarget | "none">(
  "a shell line, or a list that begins with CMD, CMD-SHELL or NONE",
  {
    single: mapped(
      scalar("a shell line", { type: ["string", "boolean"] }, (value) => (value === "" ? undefined : String(value))),
      (line) => (line === "NONE" ? "none" : { kind: "exec" as const, command: ["/bin/sh", "-c", line] }),
    ),
    list: mapped(listOf(argument), (list, spot): ProbeTarget | "none" | undefined => {
      const [first, ...rest] = list;
      if (first === "NONE") return "none";
      if (first === "CMD" && rest.length > 0) return { kind: "exec", command: [...rest] };
      if (first === "CMD-SHELL" && rest.length === 1)
        return { kind: "exec", command: ["/bin/sh", "-c", rest[0] ?? ""] };
      spot.report(spot.path, "A `test` as a list begins with CMD, CMD-SHELL (and one shell line) or NONE. Correct it.");
      return undefined;
    }),
  },
);

const logForm = byShape<string>("a regular expression", {
  single: pattern(),
  map: mapped(keys("a log check", { pattern: pattern() }, { required: ["pattern"] }), (read) => read.pattern),
});

const notifyForm = scalar("`true`", { const: true }, (value) => (value === true ? true : undefined));
const count = wholeNumber(1, 10_000);

const fields = keys("a health check", {
  test: described("As in compose.", testForm),
  http: described("Healthy at a status from 200 to 399, or at `status`.", httpForm),
  http_get: httpForm,
  httpGet: httpForm,
  tcp: described("Healthy as soon as the port accepts a connection.", tcpForm),
  tcp_socket: tcpForm,
  tcpSocket: tcpForm,
  exec: described("Healthy when the command ends with 0.", execForm),
  log: described("Healthy once a line of its log matches.", logForm),
  notify: described("It says so itself: `READY=1` to NOTIFY_SOCKET.", notifyForm),
  disable: flag(),
  interval: described("Between checks, once it is healthy.", duration()),
  period: duration(),
  period_seconds: seconds(1),
  periodSeconds: seconds(1),
  timeout: described("Of one check.", duration()),
  timeout_seconds: seconds(1),
  timeoutSeconds: seconds(1),
  retries: described("Failures in a row that make it unhealthy.", count),
  failure_threshold: count,
  failureThreshold: count,
  success_threshold: described("Successes in a row that make it healthy.", count),
  successThreshold: count,
  start_period: described("Failures in it do not count.", duration()),
  start_interval: described("Between checks, until it is healthy.", duration()),
  initial_delay: described("Before the first check.", duration()),
  initial_delay_seconds: seconds(),
  initialDelaySeconds: seconds(),
  deadline: described("It must be healthy by then, counted from its start.", duration()),
});

/** `healthcheck:`, `readiness_probe:` and their kin. */
export const probeForm: Form<ProbeConfig> = named(
  "healthCheck",
  byShape<ProbeConfig>("a health check", {
    single: scalar("a health check, or `false`", { const: false }, (value) =>
      value === false ? { target: "none" as const, timings: {} } : undefined,
    ),
    map: mapped(fields, (read, spot): ProbeConfig | undefined => {
      const targets: (ProbeTarget | "none")[] = [];
      if (read.test !== undefined) targets.push(read.test);
      const http = read.http ?? read.http_get ?? read.httpGet;
      if (http !== undefined) targets.push({ kind: "http", ...http });
      const tcp = read.tcp ?? read.tcp_socket ?? read.tcpSocket;
      if (tcp !== undefined) targets.push({ kind: "tcp", port: tcp });
      if (read.exec !== undefined) targets.push({ kind: "exec", command: [...read.exec] });
      if (read.log !== undefined) targets.push({ kind: "log", pattern: read.log });
      if (read.notify === true) targets.push({ kind: "notify" });
      if (targets.length > 1) {
        spot.report(
          spot.path,
          "A health check is made in one way; the first one counts. Remove the others.",
          "warning",
        );
      }
      const target = read.disable === true ? "none" : (targets[0] ?? null);
      return { target, timings: timingsOf(read) };
    }),
  }),
);

function timingsOf(read: NonNullable<ReturnType<typeof fields.read>>): Partial<ProbeTimings> {
  const given: { readonly [Key in keyof ProbeTimings]?: number | undefined } = {
    initialDelayMs: read.initial_delay ?? read.initial_delay_seconds ?? read.initialDelaySeconds,
    startIntervalMs: read.start_interval,
    startPeriodMs: read.start_period,
    periodMs: read.interval ?? read.period ?? read.period_seconds ?? read.periodSeconds,
    timeoutMs: read.timeout ?? read.timeout_seconds ?? read.timeoutSeconds,
    successThreshold: read.success_threshold ?? read.successThreshold,
    failureThreshold: read.retries ?? read.failure_threshold ?? read.failureThreshold,
    deadlineMs: read.deadline,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
