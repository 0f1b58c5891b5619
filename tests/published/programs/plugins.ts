/** Plugins of one's own, the built-in ones by name, and the hooks of all. */
import { createIsolate, type Isolate, type LibraryOutput } from "isolate";
import { create } from "isolate/kernel";
import { ClusterPlugin, SandboxPlugin } from "isolate/plugins";
import type {
  AsyncHook,
  Context,
  ExecuteRequest,
  FilterOptions,
  IsolateHooks,
  IsolatePlugin,
  LogEntry,
  Output,
  Process,
  SyncHook,
} from "isolate/types";

/** Measures what comes in, behind the guard. */
export const measuring: IsolatePlugin = {
  name: "measuring",
  required: ["guard"],
  setup(api) {
    api.onValidate.tap(async (request) => {
      console.log("Characters:", request.code.length);
      return request;
    });
  },
};

/** Keeps the last entries of a log. */
export const brief: IsolatePlugin = {
  name: "brief",
  setup(api) {
    api.onFormat.tap((output: Output) => {
      if (output.logs && output.logs.length > 100) {
        return { ...output, logs: output.logs.slice(-100) };
      }
      return output;
    });
  },
};

/** Filters the log as the built-in logger does. */
export const quiet: IsolatePlugin = {
  name: "quiet",
  required: ["logger"],
  setup(api) {
    const limits: FilterOptions = { minLevel: "warn", maxEntries: 1_000 };
    api.onFormat.tap((output) => {
      const logs: LogEntry[] = api.onLogger.call().filter(output.logs ?? [], limits);
      return { ...output, logs };
    });
  },
};

/** Goes on with the context, sees each process, and changes nothing. */
export const watching: IsolatePlugin = {
  name: "watching",
  setup(api) {
    const hooks: IsolateHooks = api;
    hooks.onLoad.tap(async (context: Context) => context);
    hooks.onSpawn.tap((process: Process) => console.log(process.level));
    hooks.onExecute.tap(async (context: Context) => context);
  },
};

/** Hooks by their kinds. */
export interface Kinds {
  onValidate: AsyncHook<ExecuteRequest>;
  onLoad: AsyncHook<Context>;
  onSpawn: SyncHook<Process>;
  onFormat: AsyncHook<Output>;
}

export const openers = {
  own: () => create({ plugins: [measuring, brief, quiet, watching] }),
  alone: () => createIsolate({ plugins: [SandboxPlugin] }),
  pooled: () =>
    createIsolate({
      plugins: [ClusterPlugin],
      config: { cluster: { min: 4, max: 16, idle: 60_000 } },
    }),
};

export async function nameOfFailure(isolate: Isolate): Promise<string | undefined> {
  const output: LibraryOutput = await isolate.execute({ code: "throw 1" });
  return output.ok ? undefined : output.error.name;
}
