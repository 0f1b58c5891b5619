import { Aborted, IsolateError, messageOf, PluginError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Output } from "../request/types.ts";
import type { Offer, Wrapper } from "./hooks.ts";
import type {
  Context,
  ExecuteTap,
  Hooks,
  Host,
  IsolatePlugin,
  Logger,
  PluginApi,
} from "./plugin.ts";

interface SetUpOptions {
  readonly hooks: Hooks;
  readonly config: Config;
  readonly host: Host;
}

/**
 * Sets up plugins, one after the other. Returns a promise for those whose setup is asynchronous; it
 * rejects with a `PluginError`, which fails the executions that wait for it.
 *
 * @throws {Error} that names the plugin, if a setup throws.
 */
export function setUp(
  plugins: readonly IsolatePlugin[],
  options: SetUpOptions,
): Promise<void> | undefined {
  const pending: Promise<void>[] = [];
  for (const plugin of plugins) {
    const { name } = plugin;
    try {
      const result: unknown = plugin.setup(pluginApi(name, options));
      if (result instanceof Promise) pending.push(contained(name, () => result)());
    } catch (cause) {
      throw new Error(`Plugin "${name}" failed in its setup: ${messageOf(cause)}`, { cause });
    }
  }
  if (pending.length === 0) return undefined;
  const ready = Promise.all(pending).then(() => {});
  // Unhandled before the first execution, the rejection would end the process.
  ready.catch(() => {});
  return ready;
}

/**
 * Gives a plugin access to the hooks. An error of its functions carries its name, and fails only
 * the execution they were called for.
 */
function pluginApi(name: string, { hooks, config, host }: SetUpOptions): PluginApi {
  return {
    config,
    host,
    onValidate: { tap: (each) => hooks.onValidate.tap(contained(name, each)) },
    onLoad: { tap: (each) => hooks.onLoad.tap(contained(name, each)) },
    onSpawn: { tap: (each) => hooks.onSpawn.tap(silenced(name, each)) },
    onExecute: { tap: (each) => hooks.onExecute.tap(containedWrapper(name, each)) },
    onFormat: { tap: (each) => hooks.onFormat.tap(contained(name, each)) },
    onWorker: containedOffer(name, hooks.onWorker),
    onToolset: containedOffer(name, hooks.onToolset),
    onLogger: containedOffer(name, hooks.onLogger, (logger) => containedLogger(name, logger)),
  };
}

function contained<A extends unknown[], R>(
  name: string,
  work: (...args: A) => R | Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      throw blame(name, error);
    }
  };
}

/** Blames a plugin for errors of its wrapper, but not for errors of the work it wraps. */
function containedWrapper(name: string, tap: ExecuteTap): Wrapper<Context, Output> {
  return async (context, next) => {
    const passedOn = new Set<unknown>();
    let latest: Promise<Output> | undefined;
    const goOn = (changed: Context = context): Promise<Output> => {
      latest = next(changed).catch((error: unknown) => {
        passedOn.add(error);
        throw error;
      });
      return latest;
    };
    try {
      const answer = (await tap(context, goOn)) ?? undefined;
      if (answer === undefined || isContext(answer)) return await (latest ?? goOn(answer));
      if (isOutput(answer)) return answer;
      throw new TypeError("onExecute takes an output, a context or nothing in return");
    } catch (error) {
      throw passedOn.has(error) ? error : blame(name, error);
    }
  };
}

function isOutput(answer: Output | Context): answer is Output {
  return typeof answer === "object" && "ok" in answer;
}

function isContext(answer: Output | Context): answer is Context {
  return typeof answer === "object" && "request" in answer && "account" in answer;
}

/** Blames a plugin for errors of what it offers. */
function containedOffer<T>(
  name: string,
  hook: Offer<T>,
  wrap = (offered: T): T => offered,
): Offer<T> {
  return {
    tap: (offer) => hook.tap(() => wrap(attempt(name, offer))),
    call: () => hook.call(),
  };
}

function containedLogger(name: string, logger: Logger): Logger {
  const filter: Logger["filter"] = (logs, options) =>
    attempt(name, () => {
      const left: unknown = logger.filter(logs, options);
      if (!Array.isArray(left)) throw new TypeError("Its filter returned no array");
      return left;
    });
  return { filter };
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw blame(name, error);
  }
}

/**
 * Turns a plugin's error into the caller's. Errors of Isolate and aborts stay as they are; all
 * others become a `PluginError`.
 */
function blame(name: string, error: unknown): unknown {
  if (error instanceof IsolateError || error instanceof Aborted) return error;
  return new PluginError(name, error);
}

/** Logs errors of a listener for started sandboxes, because no execution depends on it. */
function silenced<A>(name: string, each: (value: A) => void | Promise<void>): (value: A) => void {
  const listen = contained(name, each);
  return (value) => void listen(value).catch(console.error);
}
