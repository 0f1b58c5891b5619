import { Aborted, IsolateError, PluginError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Wrapper } from "./hooks.ts";
import type { Hooks, PluginApi } from "./plugin.ts";

/**
 * Gives a plugin access to the hooks. An error of its functions carries its name, and fails only
 * the execution they were called for.
 */
export function pluginApi(name: string, hooks: Hooks, config: Config): PluginApi {
  return {
    config,
    onValidate: { tap: (each) => hooks.onValidate.tap(contained(name, each)) },
    onLoad: { tap: (each) => hooks.onLoad.tap(contained(name, each)) },
    onSpawn: { tap: (each) => hooks.onSpawn.tap(silenced(each)) },
    onExecute: { tap: (wrapper) => hooks.onExecute.tap(containedWrapper(name, wrapper)) },
    onFormat: { tap: (each) => hooks.onFormat.tap(contained(name, each)) },
    onWorker: hooks.onWorker,
    onToolset: hooks.onToolset,
    onLogger: hooks.onLogger,
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
function containedWrapper<C, T>(name: string, wrapper: Wrapper<C, T>): Wrapper<C, T> {
  return async (context, next) => {
    const passedOn = new Set<unknown>();
    const watched = (): Promise<T> =>
      next().catch((error: unknown) => {
        passedOn.add(error);
        throw error;
      });
    try {
      return await wrapper(context, watched);
    } catch (error) {
      throw passedOn.has(error) ? error : blame(name, error);
    }
  };
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
function silenced<A>(each: (value: A) => void | Promise<void>): (value: A) => void {
  return (value) => {
    (async () => each(value))().catch(console.error);
  };
}
