import { chmodSync, copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join, resolve } from "node:path";

/** How one request is answered; without a field, as the real one does. */
export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  /** Default `application/json`. */
  readonly type?: string;
  readonly location?: string;
  /** Of the password it asks for. */
  readonly realm?: string;
  /** The connection is taken and nothing ever comes. */
  readonly hang?: boolean;
  readonly afterMs?: number;
  /** The connection is cut instead. */
  readonly destroy?: boolean;
  /** Instead of an answer these bytes (base64), outside of HTTP, and the end. */
  readonly raw?: string;
  /** A header of this size. */
  readonly headerBytes?: number;
  /** A body that unpacks to this size. */
  readonly gzipBytes?: number;
}

/** A step of what an event stream sends; after the last one it stays open and silent. */
export interface StreamStep {
  /** As it is, also half a line. */
  readonly text?: string;
  /** Base64. */
  readonly bytes?: string;
  /** Text in pieces of `size` bytes. */
  readonly chunks?: { readonly text: string; readonly size: number };
  /** The event that every connection begins with. */
  readonly connected?: boolean;
  /** One event, as JSON in a frame. */
  readonly event?: unknown;
  /** From here on a heartbeat every so many ms. */
  readonly beatMs?: number;
  /** From here on a comment every so many ms. */
  readonly commentMs?: number;
  /** One event of this size in pieces; `end: false`: its line never ends. */
  readonly large?: { readonly bytes: number; readonly chunk: number; readonly end?: boolean };
  /** The event so many times, numbered in `properties.number`. */
  readonly flood?: {
    readonly count: number;
    readonly perSecond: number;
    readonly event: { readonly payload: { readonly type: string; readonly properties: object } };
  };
  /** Bytes (base64) into the connection, past the framing of HTTP. */
  readonly raw?: string;
  readonly waitMs?: number;
  /** The whole server ends with this code. */
  readonly crash?: number;
  /** The connection is cut. */
  readonly destroy?: boolean;
  /** The answer ends in order. */
  readonly close?: boolean;
}

/** What the fake does wrong. Without anything it starts and answers as the real one does. */
export interface Fault {
  /** What `--version` prints. */
  readonly version?: string;
  /** It is a program without the command `serve`. */
  readonly noServe?: boolean;
  /** Its stdout; `PORT` stands for its port. */
  readonly lines?: readonly string[];
  readonly byteByByte?: boolean;
  readonly stderr?: string;
  /** Where it listens; default 127.0.0.1. */
  readonly bind?: string;
  readonly port?: number;
  /** It listens only after so many ms. */
  readonly readyAfterMs?: number;
  /** `open`: no password needed. `refuse`: none is right. `hang`: never answers. `silent`: no event ever. */
  readonly serve?: "open" | "refuse" | "hang" | "page" | "redirect" | "silent";
  /** By path; `*` is every path but that of the events. Only for requests with the right password. */
  readonly answers?: Readonly<Record<string, Answer>>;
  /** Requests without the right password; default 401. */
  readonly strangers?: Answer;
  /** How the event stream is opened: status, type, size of headers. */
  readonly opening?: Answer;
  /** What the first, second, … event stream sends; the last one is for all that follow. */
  readonly streams?: readonly (readonly StreamStep[])[];
  readonly dieAtOnce?: boolean;
  readonly dieAfterLine?: boolean;
  /** After the event stream is connected. */
  readonly crashAfterMs?: number;
  readonly exit?: number;
  /** SIGTERM does nothing; a number: so many times. */
  readonly ignoreTerm?: boolean | number;
}

/** What a running fake has seen since its start. */
export interface Seen {
  /** Requests by path; those without the right password are under `stranger`. */
  readonly seen: Readonly<Record<string, number>>;
  /** Event streams that are open now. */
  readonly streams: number;
  /** Event streams opened ever. */
  readonly opened: number;
  /** How often it was told to end. */
  readonly terms: number;
  readonly pid: number;
}

/** A fake in a folder of its own, and the way to change it. */
export class FakeOpencode {
  /** Ends in `/opencode`. */
  readonly path: string;
  readonly #folder: string;
  #fault: Fault;

  constructor(folder: string, fault: Fault) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#fault = fault;
    this.path = join(folder, "opencode");
    copyFileSync(resolve(import.meta.dirname, "fake-opencode.mjs"), this.path);
    chmodSync(this.path, 0o755);
    this.#write();
    // Without it Node would take a file that has no ending for CommonJS.
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  }

  /** For the next start; one that runs goes on as it was. `undefined` takes a fault away. */
  next(change: { readonly [Name in keyof Fault]?: Fault[Name] | undefined }): void {
    this.#fault = JSON.parse(JSON.stringify({ ...this.#fault, ...change })) as Fault;
    this.#write();
  }

  /** At once, and for every start to come. */
  async set(change: { readonly [Name in keyof Fault]?: Fault[Name] | undefined }): Promise<Seen> {
    this.next(change);
    return this.#ask("/fault");
  }

  /** Lets every open event stream send this now. */
  emit(steps: readonly StreamStep[]): Promise<Seen> {
    return this.#ask("/emit", JSON.stringify(steps));
  }

  seen(): Promise<Seen> {
    return this.#ask("/seen");
  }

  /** It ends by itself with this code. */
  exit(code: number): Promise<Seen> {
    return this.#ask("/exit", String(code));
  }

  /** It ends by SIGABRT. */
  abort(): Promise<Seen> {
    return this.#ask("/abort");
  }

  #write(): void {
    const path = join(this.#folder, "fault.json");
    writeFileSync(`${path}.new`, JSON.stringify(this.#fault));
    renameSync(`${path}.new`, path);
  }

  #ask(path: string, body = ""): Promise<Seen> {
    return new Promise((done, fail) => {
      const call = request({ socketPath: join(this.#folder, "control.sock"), path, method: "POST", agent: false });
      call.once("error", fail);
      call.once("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.once("end", () => done(JSON.parse(text) as Seen));
        response.once("error", fail);
      });
      call.end(body);
    });
  }
}

/** Puts a fake into a folder of its own and answers its path, which ends in `/opencode`. */
export function fakeOpencode(folder: string, fault: Fault): string {
  return new FakeOpencode(folder, fault).path;
}
