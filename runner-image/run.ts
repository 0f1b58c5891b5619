import type { DatabaseModule } from "../src/protocol/database.ts";
import type { ChannelMessage, WorkerJob, WorkerMessage } from "../src/protocol/messages.ts";
import { ConsoleLog } from "./console.ts";
import { RunnerFault, toFault } from "./faults.ts";
import type { Module } from "./load.ts";
import { apply, parseJson } from "./primordials.ts";
import { encodeRich } from "./rich.ts";
import { serialize } from "./serialize.ts";
import { settle } from "./timers.ts";
import { installCustom, isCustom } from "./tools/custom.ts";
import { installDatabase } from "./tools/database.ts";
import { installTools } from "./tools/install.ts";

/** What evaluates user code. */
export interface Runtime {
  /** What the module made of `code` is called. */
  readonly url: (code: string) => string;
  /** Evaluates the module and hands its exports on: resolves with what `call` returns. */
  readonly load: (url: string, call: (module: Module) => unknown) => Promise<unknown>;
  /** Loads the module of the database tool. */
  readonly database: () => Promise<DatabaseModule>;
}

/** One execution inside a worker: says exactly one `result` or `error`, logs before it. */
export class Run {
  readonly log: ConsoleLog;
  readonly #job: WorkerJob;
  readonly #send: (message: WorkerMessage) => void;
  #url: string | undefined;
  #ended = false;
  #onChannel: ((message: ChannelMessage) => void) | undefined;
  #closeDatabase: (() => void) | undefined;

  constructor(job: WorkerJob, send: (message: WorkerMessage) => void) {
    this.#job = job;
    this.#send = send;
    this.log = new ConsoleLog(job.limits, (message) => {
      if (!this.#ended) send(message);
    });
  }

  /** Loads the code, calls its entry and reports the outcome. Never rejects. */
  async start(runtime: Runtime): Promise<void> {
    const { code, entry, tools, limits, result } = this.#job;
    try {
      installTools(tools, {
        send: (request) => {
          if (!this.#ended) this.#send({ type: "channel", ...request });
        },
        listen: (listener) => {
          this.#onChannel = listener;
        },
      });
      const database = tools.find(({ name }) => name === "database");
      if (database !== undefined) {
        this.#closeDatabase = await installDatabase(database, runtime.database);
      }
      if (tools.some(isCustom)) await installCustom(tools);
      const args = argumentsOf(this.#job);
      this.#url = runtime.url(code);
      const value = await runtime.load(this.#url, (module) => {
        const main = module[entry];
        if (typeof main === "function") return apply(main, undefined, args);
        throw new RunnerFault("EntryError", `Entry "${entry}" is not a function`);
      });
      await settle(value);
      const written =
        result === "rich" ? encodeRich(value, limits) : { text: serialize(value, limits) };
      this.#end({ type: "result", text: undefined, ...written, dropped: this.log.dropped });
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Takes a message of the channel. */
  receive(message: ChannelMessage): void {
    if (!this.#ended) this.#onChannel?.(message);
  }

  /** Ends the run with what was thrown, here or in a callback nobody awaits. */
  fail(thrown: unknown): void {
    const fault = toFault(thrown, this.#url);
    this.#end({ type: "error", fault, dropped: this.log.dropped });
  }

  /** Gives back what the run has taken, where no sandbox ends with it. */
  close(): void {
    this.#closeDatabase?.();
  }

  #end(message: WorkerMessage): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#send(message);
  }
}

/** The input, if there is one, and the attachments behind its place. */
function argumentsOf({ input, attachments = [] }: WorkerJob): unknown[] {
  if (input === undefined && attachments.length === 0) return [];
  const args = [input === undefined ? undefined : parseJson(input)];
  for (let i = 0; i < attachments.length; i += 1) args[i + 1] = attachments[i];
  return args;
}
