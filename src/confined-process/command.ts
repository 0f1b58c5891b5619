import { denoBinary, HOST_ENVIRONMENT, RUN_ALONE } from "../deno/deno.ts";
import { canUse, confinable, confinedCommand, newUser } from "./host-confinement.ts";

/** Limits of one confined process, enforced by the kernel. */
export interface ProcessLimits {
  /** Megabytes of data beside those of the runtime itself. */
  readonly memory: number;
  /** Megabytes of JavaScript objects, which are a part of `memory`. Default 128. */
  readonly heap?: number | undefined;
  /** Seconds of processor time, the start included. */
  readonly cpu: number;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Kilobytes that the runtime reserves for machine code. The kernel counts them as data. */
const RESERVED = 573_440;
/** Default of `heap`. Buffers and WebAssembly memory are not part of it. */
const HEAP = 128;
const OPEN_FILES = 64;

/**
 * Builds the command line of the process that parses untrusted bytes. It is Deno without any
 * permission and with no variable but its own. Where the host allows that, it has no network, a
 * user of its own and no way to privileges. The shell sets limits and then becomes Deno, so that
 * they hold from the first instruction. `main` is the text of the main module.
 */
export async function parserCommand(
  main: string,
  { memory, heap = HEAP, cpu }: ProcessLimits,
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
      `--v8-flags=--max-old-space-size=${heap},--liftoff-only`,
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
