import { EventEmitter } from "node:events";
import { isBuiltin } from "node:module";
import { types } from "node:util";
import { constants, Script } from "node:vm";
import type { DatabaseModule } from "../../protocol/database.ts";
import { DRIZZLE_MODULES } from "../../protocol/drizzle-specifiers.ts";
import type { Loading, Module, Source } from "../../protocol/in-process.ts";
import { MODULE_NAME, MODULE_URL } from "../../protocol/messages.ts";
import type { Work } from "../../protocol/work.ts";
import { compile } from "./compile.ts";
import { databaseScript } from "./database.ts";
import { createGlobals, type Globals } from "./globals.ts";
import { catchRejections } from "./rejections.ts";
import { RUNNER_URL } from "./runner-url.ts";
import { type Entry, RealmTimers } from "./timers.ts";

type FailureEvent = "uncaughtException" | "unhandledRejection";
type Evaluate = (
  imported: readonly unknown[],
  use: (module: Module) => void,
  meta: object,
) => Promise<void>;

const DRIZZLE: ReadonlySet<string> = new Set(DRIZZLE_MODULES);

/** Makes what the code finds as `import.meta`, as in a sandbox. */
const metaOf = (): object => ({
  __proto__: null,
  url: MODULE_URL,
  main: false,
  filename: `/${MODULE_NAME}`,
  dirname: "/",
  resolve: (specifier: string) => {
    return isBuiltin(specifier)
      ? `node:${specifier.replace(/^node:/, "")}`
      : new URL(specifier, MODULE_URL).href;
  },
});

const unset: Promise<unknown> = Promise.resolve();

/**
 * Property with the function of a guarded call. Stacks shown to the author end at the call's frame.
 */
const CALLEE = Symbol.for("isolate.callee");
const CALL = new Script(
  '{ const { entry, args } = this[Symbol.for("isolate.callee")]; entry(...args); }',
  { filename: RUNNER_URL },
);
const IMPORT = new Script("(specifier) => import(specifier)", {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});

/** Realm of one execution in this process: its globals, timers and deadline. */
export class Realm {
  /** Time on `performance.now()`'s clock at which running code is interrupted. */
  deadline = Number.MAX_SAFE_INTEGER;
  /** True if code has been interrupted. */
  interrupted = false;
  /** Value of the runner's script. */
  readonly runner: unknown;
  readonly #globals: Globals;
  readonly #timers: RealmTimers;
  /** Modules in place of Node's own ones, by their names without `node:`. */
  readonly #modules: Readonly<Record<string, object>>;
  readonly #onFault: (thrown: unknown) => void;
  /** A bound function, which adds no frame to a stack. */
  readonly #emitOfProcess: Entry;
  #database: Promise<DatabaseModule> | undefined;

  /** `onFault` receives errors thrown by callbacks, and reasons of unhandled rejections. */
  constructor(runner: Script, onFault: (thrown: unknown) => void) {
    this.#onFault = onFault;
    this.#timers = new RealmTimers((callback, args) => {
      try {
        this.call(callback, args);
      } catch (thrown) {
        this.#fail("uncaughtException", thrown);
      }
    });
    const all = this.#timers.globals();
    const { setImmediate, ...timers } = all;
    this.#modules = this.#timers.modules(all);
    this.#globals = createGlobals(timers);
    const { process } = this.#globals;
    this.#emitOfProcess = EventEmitter.prototype.emit.bind(process) as Entry;
    this.runner = this.#evaluate(runner);
    // After the runner has taken the plain one: a guard would cost it a tenth of a millisecond.
    Object.assign(this.#globals.inside, { setImmediate });
    catchRejections(this.#globals.inside.Promise.prototype, (reason, promise) => {
      this.#fail("unhandledRejection", reason, promise);
    });
  }

  #evaluate(script: Script): unknown {
    return script.runInContext(this.#globals.context);
  }

  /** Evaluates a module after its imports, and calls `call` with its exports. */
  async load(source: Source, call: (module: Module) => unknown): Promise<Loading> {
    const { script, specifiers } = compile(source);
    const imported = specifiers.length > 0 ? await this.#import(specifiers) : [];
    const evaluate = this.#evaluate(script) as Evaluate;
    const loading = { done: unset, value: undefined as unknown };
    let guarded = true;
    const use = (module: Module): void => {
      // After a top-level `await`, the module runs outside of the guarded call.
      loading.value = guarded ? call(module) : this.call(call, [module]);
    };
    loading.done = this.call(evaluate, [imported, use, metaOf()]) as Promise<unknown>;
    guarded = false;
    return loading;
  }

  /**
   * Calls `call` with a module's exports once more. The value is wrapped in an object, because it
   * may be a promise.
   */
  again(module: Module, call: (module: Module) => unknown): Pick<Loading, "value"> {
    return { value: this.call(call, [module]) };
  }

  async #import(specifiers: readonly string[]): Promise<object[]> {
    const importer = this.#evaluate(IMPORT) as (specifier: string) => Promise<object>;
    const modules: object[] = [];
    for (const specifier of specifiers) {
      const own = DRIZZLE.has(specifier)
        ? (await this.database()).MODULES[specifier]
        : this.#modules[specifier.replace(/^node:/, "")];
      modules.push(own ?? (await importer(specifier)));
    }
    return modules;
  }

  /** Work that its code has left going on. */
  get work(): Work {
    return this.#timers;
  }

  /** Returns the module of the database tool, which contains the realm's only copy of Drizzle. */
  database(): Promise<DatabaseModule> {
    this.#database ??= databaseScript().then((script) => this.#evaluate(script) as DatabaseModule);
    return this.#database;
  }

  /** Calls `entry`. If it has not returned by the deadline, V8 interrupts it and this throws. */
  call(entry: Entry, args: readonly unknown[]): unknown {
    const timeout = Math.max(1, Math.ceil(this.deadline - performance.now()));
    Reflect.set(this.#globals.inside, CALLEE, { entry, args });
    try {
      return CALL.runInContext(this.#globals.context, { timeout, displayErrors: false });
    } catch (error) {
      if (isInterruption(error)) this.interrupted = true;
      throw error;
    }
  }

  /** Calls the listeners of the code's `process`. Throws their errors. */
  announce(event: "beforeExit" | "exit"): void {
    const { process } = this.#globals;
    if (process.listenerCount(event) > 0) this.#emit(event, process.exitCode ?? 0);
  }

  /** Hands an error that nobody has caught to the code's listeners for such, or else to the host. */
  #fail(event: FailureEvent, thrown: unknown, promise?: Promise<unknown>): void {
    const { process } = this.#globals;
    try {
      if (process.listenerCount(event) > 0) this.#emit(event, thrown, promise ?? event);
      else if (event === "unhandledRejection" && process.listenerCount("uncaughtException") > 0) {
        this.#emit("uncaughtException", thrown, event);
      } else this.#onFault(thrown);
    } catch (error) {
      this.#onFault(error);
    }
  }

  #emit(...args: readonly unknown[]): void {
    this.call(this.#emitOfProcess, args);
  }

  /** Stops the timers of its code. */
  end(): void {
    this.#timers.end();
  }
}

/** Tells the error of V8's interruption, without running getters or traps of code. */
function isInterruption(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code: unknown = Object.getOwnPropertyDescriptor(error, "code")?.value;
  return code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
