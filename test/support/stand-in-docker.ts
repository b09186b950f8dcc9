/**
 * A `docker` that does what files tell it: for engines that are missing, refuse, hang or fail half way, which a real one does only
 * when it wants to. It knows containers by their service's name, and its state is a folder.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What it is asked to do, in one word; `remove` is `docker compose rm`, `rm` is `docker rm`. */
export type DockerVerb =
  | "version"
  | "compose"
  | "up"
  | "remove"
  | "down"
  | "ps"
  | "inspect"
  | "events"
  | "logs"
  | "stats"
  | "stop"
  | "rm";

export interface StandInDocker {
  /** For PATH. */
  readonly bin: string;
  /** Every call, with what the environment says of the project: `PROJECT|DOCKER_HOST|words`. */
  asked(): string[];
  /** Services that have a container. */
  containers(): string[];
  /** What the client says while it cannot reach the engine; null: it can again. */
  gone(words: string | null): void;
  /** A verb fails with these words on stderr, as long as they are not null. */
  fails(verb: DockerVerb, words: string | null): void;
  /** A verb does not come back. */
  hangs(verb: DockerVerb, does?: boolean): void;
  /** A verb does nothing, and prints this; null: what it prints else. */
  says(verb: DockerVerb, words: string | null): void;
  /** Container states as `docker inspect` prints them, and how often docker has restarted each. */
  state(json: string, restarts?: number): void;
  /** Nothing of it is installed any more. */
  remove(): void;
}

const script = (folder: string) => `#!/bin/sh
PATH=/usr/bin:/bin
cd "${folder}"
echo "$COMPOSE_PROJECT_NAME|$DOCKER_HOST|$*" >> asked
case "$*" in
  "compose version"*) verb=compose ;;
  compose*" up "*) verb=up ;;
  compose*" rm "*) verb=remove ;;
  compose*" down "*) verb=down ;;
  *) verb=$1 ;;
esac
if [ $verb != compose ] && [ -f gone ]; then cat gone >&2; exit 1; fi
if [ -f fail-$verb ]; then cat fail-$verb >&2; exit 1; fi
if [ -f hang-$verb ]; then exec sleep 600; fi
if [ -f say-$verb ]; then cat say-$verb; exit 0; fi
id() { printf '%064d' "$(printf %d "'$1")"; }
operands() { while [ "$1" != "--" ]; do shift; done; shift; echo "$@"; }
case $verb in
  version) echo 28.0.0 ;;
  compose) echo 2.40.0 ;;
  up) for each in $(operands "$@"); do
      if [ "$each" = bad ]; then echo "Error: no such image" >&2; exit 18; fi
      touch containers/$each
    done ;;
  remove) for each in $(operands "$@"); do rm -f containers/$each; done ;;
  down) rm -f containers/* ;;
  ps) for each in $(ls containers); do printf '%s\\trunning\\t%s\\tFalse\\n' "$(id $each)" $each; done ;;
  inspect) for each in $(ls containers); do printf '%s\\t%s\\t%s\\n' "$(id $each)" "$(cat restarts)" "$(cat state)"; done ;;
  rm) for each in $(ls containers); do case "$*" in *$(id $each)*) rm containers/$each ;; esac; done ;;
  events) exec sleep 600 ;;
  logs) while [ -n "$(ls containers)" ]; do sleep 0.1; done ;;
esac
`;

/** Makes one in a folder of its own below `root`. */
export function standInDocker(root: string): StandInDocker {
  const bin = join(root, "machine");
  mkdirSync(join(bin, "containers"), { recursive: true });
  writeFileSync(join(bin, "docker"), script(bin));
  chmodSync(join(bin, "docker"), 0o755);
  const file = (name: string, words: string | null) => {
    if (words === null) rmSync(join(bin, name), { force: true });
    else writeFileSync(join(bin, name), words);
  };
  const docker: StandInDocker = {
    bin,
    asked: () => (existsSync(join(bin, "asked")) ? readFileSync(join(bin, "asked"), "utf8").trim().split("\n") : []),
    containers: () => readdirSync(join(bin, "containers")),
    gone: (words) => file("gone", words),
    fails: (verb, words) => file(`fail-${verb}`, words),
    hangs: (verb, does = true) => file(`hang-${verb}`, does ? "" : null),
    says: (verb, words) => file(`say-${verb}`, words),
    state(json, restarts = 0) {
      file("state", json);
      file("restarts", String(restarts));
    },
    remove: () => rmSync(bin, { recursive: true, force: true }),
  };
  docker.state('{"Running":true}');
  return docker;
}
