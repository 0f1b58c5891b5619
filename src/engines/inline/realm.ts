import { constants, Script } from "node:vm";
import { compile } from "./compile.ts";
import { createGlobals, type Globals } from "./globals.ts";
import { catchRejections } from "./rejections.ts";
import { RealmTimers } from "./timers.ts";

/** What the runner's own script is called in stacks. */
export const RUNNER_URL = "isolate:runner";

export type Entry = (...args: never[]) => unknown;
type Evaluate = (exports: object, require: (specifier: string) => unknown) => Promise<void>;

/** Where a guarded call finds what to call. A stack that its author is shown ends at its frame. */
const CALLEE = Symbol.for("isolate.callee");
const CALL = new Script(
  '{ const { entry, args } = globalThis[Symbol.for("isolate.callee")]; entry(...args); }',
  { filename: RUNNER_URL },
);
const IMPORT = new Script("(specifier) => import(specifier)", {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});

/** One execution's realm in this process: its globals, its timers, its deadline. */
export class Realm {
  /** When code that does not return is interrupted, on `performance.now()`'s clock. */
  deadline = Number.MAX_SAFE_INTEGER;
  /** Whether that has happened. */
  interrupted = false;
  readonly #globals: Globals;
  readonly #timers: RealmTimers;

  /** `onFault` is told what callbacks throw, and what promises nobody handles reject with. */
  constructor(onFault: (thrown: unknown) => void) {
    this.#timers = new RealmTimers((callback, args) => {
      try {
        this.call(callback, args);
      } catch (thrown) {
        onFault(thrown);
      }
    });
    this.#globals = createGlobals(this.#timers.globals());
    catchRejections(this.#globals.inside.Promise.prototype, onFault);
  }

  evaluate(script: Script): unknown {
    return script.runInContext(this.#globals.context);
  }

  /** Evaluates a module, and what it imports before; its exports, without a prototype. */
  async load(code: string): Promise<Record<string, unknown>> {
    const { script, specifiers } = await compile(code);
    const modules = new Map<string, unknown>();
    const importer = this.evaluate(IMPORT) as (specifier: string) => Promise<object>;
    for (const specifier of specifiers) modules.set(specifier, await importer(specifier));
    const require = (specifier: string): unknown => {
      const module = modules.get(specifier);
      // Only what was an import statement comes here by right.
      if (module === undefined) throw this.#noRequire();
      return { ...module, __esModule: true };
    };
    const evaluate = this.evaluate(script) as Evaluate;
    const exports = new this.#globals.inside.Object();
    await this.call(evaluate, [exports, require]);
    return Object.assign(Object.create(null), exports);
  }

  /** Calls `entry`; if it has not returned by the deadline, V8 breaks it off and this throws. */
  call(entry: Entry, args: readonly unknown[]): unknown {
    const timeout = Math.max(1, Math.ceil(this.deadline - performance.now()));
    Reflect.set(this.#globals.inside, CALLEE, { entry, args });
    try {
      return CALL.runInContext(this.#globals.context, { timeout, displayErrors: false });
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") {
        this.interrupted = true;
      }
      throw error;
    }
  }

  #noRequire(): ReferenceError {
    const error = new this.#globals.inside.ReferenceError("require is not defined");
    Reflect.deleteProperty(error, "stack");
    return error;
  }

  /** Stops what would wake its code again. */
  end(): void {
    this.#timers.end();
  }
}
