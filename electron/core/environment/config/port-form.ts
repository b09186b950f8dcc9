/** `ports` of a service that is a process: which it wants, and how it is told which it got. */
import { composePorts } from "../detect/compose-ports.ts";
import type { YamlValue } from "../detect/yaml-values.ts";
import {
  byShape,
  described,
  flag,
  inside,
  keys,
  mapOf,
  mapped,
  orNull,
  shown,
  text,
  wholeNumber,
  type Form,
  named,
} from "./form.ts";

export interface PortConfig {
  readonly name: string;
  readonly port: number;
  /** The variable that carries it; null: none. */
  readonly env: string | null;
  /** What is put behind the command to tell it. */
  readonly option?: string;
  readonly strict?: boolean;
  /** Nobody said how it is told: `env` is the usual variable. */
  readonly usual?: true;
}

const portNumber = wholeNumber(1, 65_535);

const variableName = mapped(text("the name of a variable"), (name, spot) => {
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  spot.report(spot.path, `${shown(name)} is no name of a variable. Use letters, digits and underscores.`);
  return undefined;
});

interface NamedPort {
  readonly port: number;
  /** Absent: the usual one, or none where there is an option. */
  readonly env?: string | null;
  readonly option?: string;
  readonly strict?: boolean;
}

/** Longer than any option by far; the plan's own limit. */
const MAX_OPTION = 200;

const optionForm = mapped(text("an option such as `--port`"), (option, spot) => {
  if (option.length <= MAX_OPTION && !/\p{C}/u.test(option)) return option;
  spot.report(
    spot.path,
    `${shown(option)} is no option. Write one such as \`--port\`, or \`-- --port\` behind \`npm run\`.`,
  );
  return undefined;
});

const oneForm = byShape<NamedPort>("a port, or `{ prefer, env, option, strict }`", {
  // Without a word about a variable, there is no way to tell it about another port.
  single: mapped(portNumber, (port): NamedPort => ({ port, env: null })),
  map: mapped(
    keys(
      "a port",
      {
        prefer: described("Used if it is free, else the next one that is.", portNumber),
        env: described(
          "The variable that carries it to the process; empty: the command fixes it.",
          orNull(variableName),
        ),
        option: described(
          "What is put behind the command to tell it, such as `--port`; `{port}` in it is the number, else it follows.",
          optionForm,
        ),
        strict: described("Another port is no help: it waits until this one is free.", flag()),
      },
      { required: ["prefer"] },
    ),
    ({ prefer = 0, env, option, strict }): NamedPort => ({
      port: prefer,
      ...(env === undefined ? {} : { env }),
      ...(option === undefined ? {} : { option }),
      ...(strict === undefined ? {} : { strict }),
    }),
  ),
});

/** `PORT` for the first, as everybody expects; the others cannot have it, too. */
function usualVariable(name: string, index: number): string {
  return index === 0 ? "PORT" : `${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}_PORT`;
}

const composeList: Form<readonly PortConfig[]> = {
  says: "a list of ports",
  schema: { type: "array", items: { type: ["integer", "string", "object"] } },
  read(value, spot) {
    const entries: readonly YamlValue[] = Array.isArray(value) ? value : [];
    return entries.flatMap((entry, index): PortConfig[] => {
      // Alone it is the container's port in compose, which here is the process's own.
      const alone = Number(entry);
      if ((typeof entry === "number" || /^\d+$/.test(String(entry))) && alone >= 1 && alone <= 65_535) {
        return [{ name: String(alone), port: alone, env: null }];
      }
      const { ports, bad, chosenByDocker } = composePorts([entry]);
      if (bad.length > 0 || chosenByDocker > 0) {
        const message = `${shown(entry)} says no port of this machine. Write one such as \`3000\`, or \`http: { prefer: 3000, env: PORT }\`.`;
        spot.report(inside(spot, index).path, message);
      }
      return ports.map(({ name, port }) => ({ name, port, env: null }));
    });
  },
};

export const portsForm = named(
  "ports",
  byShape<readonly PortConfig[]>("a map (name: port), or a list of ports", {
    single: mapped(portNumber, (port): readonly PortConfig[] => [{ name: "http", port, env: null }]),
    list: composeList,
    map: mapped(mapOf(oneForm), (given): readonly PortConfig[] =>
      [...given].map(([name, { port, env, option, strict }], index) => ({
        name,
        port,
        env: env === undefined ? (option === undefined ? usualVariable(name, index) : null) : env,
        ...(env === undefined && option === undefined ? { usual: true as const } : {}),
        ...(option === undefined ? {} : { option }),
        ...(strict === undefined ? {} : { strict }),
      })),
    ),
  }),
);
