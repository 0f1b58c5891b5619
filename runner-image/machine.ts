import { apply, defineProperty, deleteProperty } from "./base/primordials.ts";
import { replace } from "./base/replace.ts";
import type { Changes } from "./late-modules.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Defaults = Readonly<Record<string, (...args: unknown[]) => unknown>>;

const { NotCapable } = Deno.errors;
/** The only place that code can write to, where it can write at all. */
const TEMPORARY = "/tmp";
const HOST = "localhost";
/** User and group of nobody. */
const NOBODY = 65_534;
const USUAL_MASK = 0o022;
const SECOND = 1_000;
const NO_TIMES = { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 };

/**
 * Makes functions of `node:os` and `process` answer where the runtime would refuse. The values are
 * the same in each sandbox, so that they tell nothing of the host. With a permission, the runtime's
 * own answer counts. `Deno`'s functions of that kind still refuse.
 */
export function describeMachine(process: Anything): Changes {
  const { getHeapStatistics } = process.getBuiltinModule("node:v8");
  const memory = (): number => getHeapStatistics().heap_size_limit as number;
  const free = (): number => memory() - (getHeapStatistics().used_heap_size as number);
  answer(process, {
    getuid: () => NOBODY,
    geteuid: () => NOBODY,
    getgid: () => NOBODY,
    getegid: () => NOBODY,
    getgroups: () => [NOBODY],
    umask: () => USUAL_MASK,
    constrainedMemory: memory,
    availableMemory: free,
  });
  withoutParent(process);
  // The runner's own arguments. Code that is started as a program reads those of its caller here.
  replace(process, { argv: [process.argv[0], "main.ts"] });
  defineProperty(Deno, "args", { value: Object.freeze([]), enumerable: true, configurable: true });
  return {
    os: (os) => {
      const { availableParallelism } = os;
      const cpus = (): object[] => {
        const list: object[] = [];
        const count = availableParallelism() as number;
        for (let n = 0; n < count; n += 1) {
          list[n] = { model: "unknown", speed: 0, times: { ...NO_TIMES } };
        }
        return list;
      };
      answer(os, {
        tmpdir: () => TEMPORARY,
        homedir: () => TEMPORARY,
        hostname: () => HOST,
        cpus,
        release: () => "0.0.0",
        version: () => "unknown",
        uptime: () => Math.floor(performance.now() / SECOND),
        loadavg: () => [0, 0, 0],
        totalmem: memory,
        freemem: free,
        networkInterfaces: () => ({}),
        userInfo: () => ({
          uid: NOBODY,
          gid: NOBODY,
          username: "nobody",
          homedir: TEMPORARY,
          shell: null,
        }),
        getPriority: () => 0,
      });
    },
  };
}

/**
 * Removes what a worker's `process` has for a parent and throws at every use, also by `if (process.send)`. A program that
 * nobody has forked has none of it.
 */
function withoutParent(process: Anything): void {
  for (const name of ["send", "disconnect", "channel", "connected"]) {
    for (let owner = process; owner !== null; owner = Object.getPrototypeOf(owner)) {
      deleteProperty(owner, name);
    }
  }
}

/** Makes methods return a default where the runtime refuses. */
function answer(target: Anything, defaults: Defaults): void {
  for (const name of Object.keys(defaults)) {
    const original = target[name] as Method | undefined;
    const otherwise = defaults[name] as Method;
    if (typeof original !== "function") continue;
    const method = {
      [name](this: unknown, ...args: unknown[]) {
        try {
          return apply(original, this, args);
        } catch (thrown) {
          if (thrown instanceof NotCapable) return otherwise();
          throw thrown;
        }
      },
    }[name] as Method;
    const symbols = Object.getOwnPropertySymbols(original);
    for (const key of symbols) defineProperty(method, key, { value: () => method() });
    replace(target, { [name]: method });
  }
}
