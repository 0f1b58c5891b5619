import { Aborted, IsolateError, PluginError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Wrapper } from "./hooks.ts";
import type { Hooks, PluginApi } from "./plugin.ts";

/**
 * A plugin's own view of the hooks: whatever its functions throw carries its name, and fails the
 * one execution they were called for.
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

/** A wrapper answers for what it throws itself, not for what the work it wraps has thrown. */
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

/** What a plugin's failure is to the caller: ours are meant for it, an abort is nobody's fault. */
function blame(name: string, error: unknown): unknown {
  if (error instanceof IsolateError || error instanceof Aborted) return error;
  return new PluginError(name, error);
}

/** No execution depends on who watches sandboxes start. */
function silenced<A>(each: (value: A) => void | Promise<void>): (value: A) => void {
  return (value) => {
    (async () => each(value))().catch(console.error);
  };
}
