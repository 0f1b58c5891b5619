import type { AnswerMessage } from "../src/protocol/calls.ts";
import type { DatabaseHandle, DatabaseModule } from "../src/protocol/database.ts";
import type { OutputLimits } from "../src/protocol/limits.ts";
import type {
  ChannelMessage,
  ResultForm,
  RunMessage,
  WorkerJob,
  WorkerMessage,
} from "../src/protocol/messages.ts";
import { decodeRichInput, RICH_INPUT, type RichResult } from "../src/protocol/rich.ts";
import type { Work } from "../src/protocol/work.ts";
import type { Call } from "./base/bare-call.ts";
import { EXIT, toFault } from "./base/faults.ts";
import { NativePromise, parseJson, startsWith } from "./base/primordials.ts";
import { ConsoleLog } from "./console/log.ts";
import { calledEntryOf } from "./entry.ts";
import { Exchange } from "./exchange.ts";
import type { Module } from "./modules/virtual.ts";
import { RejectedPart, rejected } from "./rejected-part.ts";
import { encodeRich } from "./rich.ts";
import { serialize } from "./serialize.ts";
import { installCustom, isCustom } from "./tools/custom.ts";
import { installDatabase } from "./tools/database.ts";
import { installTools, type Wires } from "./tools/install.ts";
import { Ungranted } from "./ungranted.ts";
import { finish, type Reasons, turn } from "./work.ts";

/** Chooses the call to a module. */
export type Enter = (module: Module) => Call;

/** Functions that evaluate user code. */
export interface Runtime {
  /** Returns the name under which the job's module appears in a stack. */
  readonly url: (job: WorkerJob) => string;
  /**
   * Evaluates the module, and makes the call that `enter` chooses among its exports. Tells `onUrl` if
   * the module gets another name.
   */
  readonly load: (job: WorkerJob, enter: Enter, onUrl: (url: string) => void) => Promise<unknown>;
  /** Makes a call to a module that is already loaded. */
  readonly again: (module: Module, enter: Enter) => Promise<unknown>;
  /** Loads the module of the database tool. */
  readonly database: () => Promise<DatabaseModule>;
  /** Tells what code has left going on. */
  readonly work: Work;
  /** Calls the listeners that code has given `process` for its end. */
  readonly announce: (event: ProcessEnd) => void;
  /** Calls `call` so that all it starts is known as the owner's, where that can be told. */
  readonly within: (owner: object, call: () => unknown) => unknown;
}

export type ProcessEnd = "beforeExit" | "exit";

/** A module that has been evaluated. */
export interface Loaded {
  readonly url: string;
  readonly module: Module;
  /** Database connection of the module, if it uses the database tool. */
  readonly database: DatabaseHandle | undefined;
}

/** Tools that a run has given its worker. */
export interface InstalledTools {
  readonly database: DatabaseHandle | undefined;
}

/** One execution inside a worker. Sends its log, then exactly one `result` or `error`. */
export class CodeRun {
  readonly log: ConsoleLog;
  readonly ungranted = new Ungranted();
  readonly #job: WorkerJob;
  readonly #send: (message: WorkerMessage) => void;
  #loaded: Loaded | undefined;
  #url: string | undefined;
  #ended = false;
  #onChannel: ((message: ChannelMessage) => void) | undefined;
  #onAnswer: ((answer: AnswerMessage) => void) | undefined;
  #database: DatabaseHandle | undefined;
  /** Number of topics that the code has subscribed to. */
  #topics = 0;
  /** Number of its calls to functions of the caller that have no answer. */
  #calls = 0;
  #finishing = false;
  /** True if an earlier run has failed meanwhile. */
  #isLast = false;
  /** True if a kept module had work under way when its entry was called. */
  #busyBefore = false;
  #wake = (): void => {};
  readonly #exchange: Exchange | undefined;
  #tools: InstalledTools | undefined;

  /**
   * Creates a run after the one `before`. It calls the module of that one, if there is any. In a session it
   * loads its own, and only the tools stay.
   */
  constructor(job: WorkerJob, send: (message: WorkerMessage) => void, before?: CodeRun) {
    this.#job = job;
    this.#send = send;
    const loaded = job.session ? undefined : before?.loaded;
    this.#loaded = loaded;
    this.#tools = job.session ? before?.tools : undefined;
    this.#database = loaded?.database ?? this.#tools?.database;
    const log = (message: WorkerMessage): void => {
      if (!this.#ended) send(message);
    };
    this.log = new ConsoleLog(job.limits, log, () => this.#url);
    this.#exchange =
      job.httpRequest &&
      new Exchange(job.httpRequest, (message) => {
        if (!this.#ended) send(message);
      });
  }

  /** The evaluated module, once a later run may call it again. */
  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  /** The tools that a later run of the session finds. */
  get tools(): InstalledTools | undefined {
    return this.#tools;
  }

  /** True if another run may follow. In a session it needs no module of this one. */
  get #mayGoOn(): boolean {
    return (this.#loaded !== undefined || this.#tools !== undefined) && !this.#isLast;
  }

  /** Loads the code, calls its entry and reports the outcome. Never rejects. */
  async start(runtime: Runtime): Promise<void> {
    const { limits, result } = this.#job;
    try {
      const value = await this.#call(runtime);
      await this.#exchange?.respond(value, this.#job.entry);
      // Written first: promises of the value are taken up before any counts as rejected by nobody.
      const writing = this.#exchange ? undefined : write(value, result, limits);
      const written = writing instanceof NativePromise ? { text: await writing } : writing;
      // An unhandled rejection always surfaces in this turn, before the result counts.
      await turn();
      if (value === undefined) await this.#finish(runtime);
      const reusable = this.#mayGoOn;
      if (!this.#job.reuse) runtime.announce("exit");
      this.log.flush();
      const { dropped } = this.log;
      const ungranted = this.ungranted.take();
      this.#end({ type: "result", text: undefined, ...written, dropped, reusable, ...ungranted });
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Takes a message of the channel, an answer to a call, or credit to send more of the response. */
  receive(message: RunMessage): void {
    if (this.#ended) return;
    if (message.type === "finish") {
      this.#finishing = true;
      this.#exchange?.finish();
      this.#wake();
    } else if (message.type === "credit") this.#exchange?.allow(message.bytes);
    else if (message.type === "socket") this.#exchange?.hear(message);
    else if (message.type === "answer") {
      this.#calls -= 1;
      this.#onAnswer?.(message);
      this.#wake();
    } else this.#onChannel?.(message);
  }

  /**
   * Ends the run with a thrown value, also one thrown in a callback. Returns false if it has ended.
   */
  fail(thrown: unknown): boolean {
    const fault = RejectedPart.is(thrown)
      ? rejected(thrown, this.#url)
      : toFault(thrown, this.#url);
    this.log.flush();
    const reusable = this.#mayGoOn && fault.name !== EXIT;
    const ungranted = this.ungranted.take();
    return this.#end({ type: "error", fault, dropped: this.log.dropped, reusable, ...ungranted });
  }

  /** Has no other run follow this one. Returns false if it has ended. */
  spoil(): boolean {
    this.#isLast = true;
    return !this.#ended;
  }

  /** Closes the database connection. Needed where no sandbox ends together with the run. */
  close(): void {
    this.#database?.close();
  }

  async #call(runtime: Runtime): Promise<unknown> {
    const { entry } = this.#job;
    const exchange = this.#exchange;
    const args = exchange ? [] : argumentsOf(this.#job);
    const enter = (module: Module): Call => {
      const url = this.#url ?? "";
      if (this.#job.reuse) this.#loaded = { url, module, database: this.#database };
      if (exchange === undefined) return { callee: calledEntryOf(module, entry), args };
      return { callee: () => exchange.call(module, entry, this.#job.attachments?.[0]), args };
    };
    runtime.work.forget();
    this.#url = this.#loaded?.url ?? runtime.url(this.#job);
    // Awaited here for the reason given in worker.ts.
    if (this.#loaded !== undefined) {
      this.#database?.reopen();
      this.#busyBefore = runtime.work.others();
      return await this.#enter(runtime, this.#loaded.module, enter);
    }
    if (this.#tools === undefined) await this.#install(runtime);
    else this.#database?.reopen();
    const onUrl = (url: string): void => {
      this.#url = url;
    };
    if (!this.#job.reuse) return await runtime.load(this.#job, enter, onUrl);
    // Loaded apart from the call, because a module that loads is work itself.
    let loaded: Module = {};
    const keep = (module: Module): Call => {
      loaded = module;
      return { callee: () => {}, args };
    };
    await this.#load(runtime, keep, onUrl);
    // Its last steps are over after two turns.
    await turn();
    if (runtime.work.others()) await turn();
    this.#busyBefore = runtime.work.others();
    return await this.#enter(runtime, loaded, enter);
  }

  /** Loads the module. In a session all that it starts is known as this run's. */
  async #load(runtime: Runtime, keep: Enter, onUrl: (url: string) => void): Promise<void> {
    const load = (): Promise<unknown> => runtime.load(this.#job, keep, onUrl);
    await (this.#job.session ? runtime.within(this, load) : load());
  }

  /** Calls a loaded module so that all it starts is known as this run's. */
  #enter(runtime: Runtime, module: Module, enter: Enter): Promise<unknown> {
    return runtime.within(this, () => runtime.again(module, enter)) as Promise<unknown>;
  }

  /**
   * Waits for the work of a function that returned nothing: its effects are all there is of it. With
   * `reuse`, intervals go on between the runs, and so does work from before the call, so no run
   * waits for their end.
   */
  async #finish({ work, announce }: Runtime): Promise<void> {
    const { reuse } = this.#job;
    const isOver = (): boolean => this.#finishing || this.#ended;
    const others = (): boolean => !this.#busyBefore && work.others();
    const reasons: Reasons = {
      isOver,
      goesOn: () =>
        this.#calls > 0 || others() || (!reuse && (this.#topics > 0 || work.intervals())),
      ends: () => work.oneShots() || (this.#busyBefore && work.others()),
      onGoingOn: () => this.#send({ type: "lingering" }),
      wakeBy: (wake) => {
        this.#wake = wake;
      },
    };
    await finish(work, reasons);
    if (!reuse && !isOver()) {
      announce("beforeExit");
      await finish(work, reasons);
    }
    if (!isOver()) await turn();
  }

  async #install(runtime: Runtime): Promise<void> {
    const { tools } = this.#job;
    const channel: Wires["channel"] = {
      send: (request) => {
        if (this.#ended) return;
        if (request.op === "on") this.#topics += 1;
        else if (request.op === "off") {
          this.#topics -= 1;
          this.#wake();
        }
        this.#send({ type: "channel", ...request });
      },
      listen: (listener) => {
        this.#onChannel = listener;
      },
    };
    const calls: Wires["calls"] = {
      call: (request) => {
        if (this.#ended) return;
        this.#calls += 1;
        this.#send({ type: "call", ...request });
      },
      listen: (listener) => {
        this.#onAnswer = listener;
      },
    };
    installTools(tools, { channel, calls });
    const database = tools.find(({ name }) => name === "database");
    if (database !== undefined) {
      this.#database = await installDatabase(database, runtime.database);
    }
    if (tools.some(isCustom)) await installCustom(tools);
    if (this.#job.session) this.#tools = { database: this.#database };
  }

  #end(message: WorkerMessage): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#exchange?.close();
    // The next run reuses the module but not the connection of this run.
    if (this.#job.reuse) this.#database?.close();
    this.#send(message);
    return true;
  }
}

function write(
  value: unknown,
  form: ResultForm = "json",
  limits: OutputLimits,
): RichResult | { text: string | undefined } | Promise<string | undefined> | undefined {
  if (form === "rich") return encodeRich(value, limits);
  const text = serialize(value, limits);
  return text instanceof NativePromise ? text : { text };
}

function readInput(text: string): unknown {
  return startsWith(text, RICH_INPUT) ? decodeRichInput(text) : parseJson(text);
}

/**
 * Returns the input followed by the call's context, or by the attachments; without an input, `undefined`
 * takes its place.
 */
function argumentsOf({ input, callContext, attachments = [] }: WorkerJob): unknown[] {
  if (input === undefined && callContext === undefined && attachments.length === 0) return [];
  const args = [input === undefined ? undefined : readInput(input)];
  if (callContext !== undefined) args[1] = parseJson(callContext);
  for (let i = 0; i < attachments.length; i += 1) args[i + 1] = attachments[i];
  return args;
}
