import { constants, Script } from "node:vm";
import type { DatabaseModule } from "../../protocol/database.ts";
import { DRIZZLE_MODULES } from "../../protocol/drizzle-specifiers.ts";
import type { Loading, Module } from "../../protocol/in-process.ts";
import { compile } from "./compile.ts";
import { databaseScript } from "./database.ts";
import { createGlobals, type Globals } from "./globals.ts";
import { catchRejections } from "./rejections.ts";
import { type Entry, RealmTimers } from "./timers.ts";

/** What the runner's own script is called in stacks. */
export const RUNNER_URL = "isolate:runner";

type Evaluate = (imported: readonly unknown[], use: (module: Module) => void) => Promise<void>;

const DRIZZLE: ReadonlySet<string> = new Set(DRIZZLE_MODULES);

const unset: Promise<unknown> = Promise.resolve();

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
  /** What the runner's script evaluates to. */
  readonly runner: unknown;
  readonly #globals: Globals;
  readonly #timers: RealmTimers;
  #database: Promise<DatabaseModule> | undefined;

  /** `onFault` is told what callbacks throw, and what promises nobody handles reject with. */
  constructor(runner: Script, onFault: (thrown: unknown) => void) {
    this.#timers = new RealmTimers((callback, args) => {
      try {
        this.call(callback, args);
      } catch (thrown) {
        onFault(thrown);
      }
    });
    const { setImmediate, ...timers } = this.#timers.globals();
    this.#globals = createGlobals(timers);
    this.runner = this.#evaluate(runner);
    // After the runner has taken the plain one: a guard costs it a tenth of a millisecond.
    Object.assign(this.#globals.inside, { setImmediate });
    catchRejections(this.#globals.inside.Promise.prototype, onFault);
  }

  #evaluate(script: Script): unknown {
    return script.runInContext(this.#globals.context);
  }

  /** Evaluates a module, after what it imports, and has `call` called with its exports. */
  async load(code: string, call: (module: Module) => unknown): Promise<Loading> {
    const { script, specifiers } = compile(code);
    const imported = specifiers.length > 0 ? await this.#import(specifiers) : [];
    const evaluate = this.#evaluate(script) as Evaluate;
    const loading = { done: unset, value: undefined as unknown };
    let guarded = true;
    const use = (module: Module): void => {
      // A module that has awaited something gets here on its own.
      loading.value = guarded ? call(module) : this.call(call, [module]);
    };
    loading.done = this.call(evaluate, [imported, use]) as Promise<unknown>;
    guarded = false;
    return loading;
  }

  /** Has `call` called with a module's exports once more. In an object: it may be a promise. */
  again(module: Module, call: (module: Module) => unknown): Pick<Loading, "value"> {
    return { value: this.call(call, [module]) };
  }

  async #import(specifiers: readonly string[]): Promise<object[]> {
    const importer = this.#evaluate(IMPORT) as (specifier: string) => Promise<object>;
    const modules: object[] = [];
    for (const specifier of specifiers) {
      const own = DRIZZLE.has(specifier) ? (await this.database()).MODULES[specifier] : undefined;
      modules.push(own ?? (await importer(specifier)));
    }
    return modules;
  }

  /** The module of the database tool, and with it the one copy of Drizzle in here. */
  database(): Promise<DatabaseModule> {
    this.#database ??= databaseScript().then((script) => this.#evaluate(script) as DatabaseModule);
    return this.#database;
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

  /** Stops what would wake its code again. */
  end(): void {
    this.#timers.end();
  }
}
