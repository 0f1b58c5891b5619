import { denoBinary, HOST_ENVIRONMENT, RUN_ALONE } from "../deno/deno.ts";
import { canUse, confinable, confinedCommand, newUser } from "./host-confinement.ts";

/** Bounds that the kernel keeps for one confined process. */
export interface ProcessLimits {
  /** Megabytes of data beside what the runtime takes for itself. */
  readonly memory: number;
  /** Seconds of processor time, the start included. */
  readonly cpu: number;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Kilobytes the runtime reserves for machine code, which the kernel counts as data. */
const RESERVED = 573_440;
/** Megabytes of JavaScript objects, which buffers and WebAssembly's memory are not part of. */
const HEAP = 128;
const OPEN_FILES = 64;

/**
 * Returns the one command line by which untrusted bytes are parsed: Deno without any permission, with
 * no variable but its own; without a network, as a user of its own and without a way to privileges where
 * the host allows that. The shell sets limits and then becomes Deno, so that they hold from the first
 * instruction on. `main` is the text of the main module.
 */
export async function parserCommand(
  main: string,
  { memory, cpu }: ProcessLimits,
): Promise<Command> {
  const limits = [
    "ulimit -c 0",
    "ulimit -f 0",
    `ulimit -n ${OPEN_FILES}`,
    `ulimit -d ${RESERVED + memory * 1_024}`,
    `ulimit -t ${cpu}`,
  ];
  const host = await confinable();
  const user = newUser(host);
  const isReachable = await canUse(host, "-x", denoBinary(), { user });
  const [file = "", ...args] = confinedCommand(
    host,
    [
      "/bin/sh",
      "-c",
      `${limits.join(" && ")} && exec "$0" "$@"`,
      denoBinary(),
      ...RUN_ALONE,
      "--deny-import",
      // Optimizing WebAssembly takes longer than the short programs here run.
      `--v8-flags=--max-old-space-size=${HEAP},--liftoff-only`,
      `data:text/javascript;base64,${Buffer.from(main).toString("base64")}`,
    ],
    { user: isReachable ? user : undefined },
  );
  return {
    file,
    args,
    cwd: "/",
    env: { ...HOST_ENVIRONMENT },
  };
}
