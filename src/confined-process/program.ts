import pLimit from "p-limit";
import { HostBusy } from "../base/errors.ts";
import { PerTenantQueue } from "../base/per-tenant-queue.ts";
import { readProgram } from "../base/programs.ts";
import { type ProcessLimits, parserCommand } from "./command.ts";
import { IdleProcesses } from "./idle-processes.ts";
import { type AskLimits, type ClaimedReply, ConfinedProcess } from "./process.ts";

const NOTHING = new Uint8Array();

export interface ProgramLimits extends ProcessLimits, AskLimits {
  /** Number of processes that work at the same time, and of questions that may wait for one. */
  readonly atOnce: number;
  readonly waiting: number;
}

/** A question of one owner. Its processes never get input of another owner. */
export interface ProgramQuestion {
  readonly owner: string;
  /** Queue that it waits in: one question of each is answered at a time. Default: the owner. */
  readonly turn?: string;
  readonly input: unknown;
  readonly payload?: Uint8Array;
}

/**
 * A script of ours that handles untrusted bytes, in a process without file, network or variable.
 * Starting one takes longer than most work. So it is kept some seconds for its owner's next input.
 * A fresh one is started ahead, which has had no input.
 *
 * @example
 * const program = new Program({ script: () => readProgram("confined/compiler"), limits });
 * const { answer } = await program.run({ owner: "acme", input: { question: 1 } });
 */
export class Program {
  readonly #limits: ProgramLimits;
  readonly #limit: ReturnType<typeof pLimit>;
  /** Allows each owner one question at a time, so that no owner takes all processes. */
  readonly #queue: PerTenantQueue;
  readonly #load: () => Promise<Loaded>;
  readonly #idle: IdleProcesses;
  #loaded: Promise<Loaded> | undefined;

  /** Creates a program. `script` resolves with a bundled module that exports a `MakeHandler`. */
  constructor(options: {
    script: () => Promise<string>;
    assets?: () => Promise<readonly Uint8Array[]>;
    limits: ProgramLimits;
  }) {
    const { script, assets = async () => [], limits } = options;
    this.#limits = limits;
    this.#limit = pLimit(limits.atOnce);
    this.#queue = new PerTenantQueue(limits.waiting);
    this.#idle = new IdleProcesses(limits, (isWaitedFor) => this.#start(isWaitedFor));
    this.#load = async () => {
      const main = readProgram("confined/main");
      const [text, given] = await Promise.all([script(), assets()]);
      return { main: await main, script: Buffer.from(text), assets: given };
    };
  }

  /**
   * Asks one question.
   *
   * @throws {ConfinedFailure} If it breaks a limit.
   * @throws {HostBusy} If too many questions wait.
   * @throws {EngineUnavailable} If no process can be started.
   */
  async run({
    owner,
    turn = owner,
    input,
    payload = NOTHING,
  }: ProgramQuestion): Promise<ClaimedReply> {
    if (this.#limit.pendingCount >= this.#limits.waiting) {
      throw new HostBusy("Too many requests like this wait");
    }
    return this.#queue.take(turn, () =>
      this.#limit(async () => {
        const confined = await this.#idle.take(owner);
        try {
          return await confined.ask(input, payload, this.#limits);
        } finally {
          this.#idle.put(owner, confined);
        }
      }),
    );
  }

  async #start(isWaitedFor: boolean): Promise<ConfinedProcess> {
    this.#loaded ??= this.#load();
    // Forgotten after a failure, so that the next question tries again.
    this.#loaded.catch(() => {
      this.#loaded = undefined;
    });
    const { main, ...program } = await this.#loaded;
    return ConfinedProcess.start(await parserCommand(main, this.#limits), program, isWaitedFor);
  }
}

interface Loaded {
  readonly main: string;
  readonly script: Uint8Array;
  readonly assets: readonly Uint8Array[];
}
