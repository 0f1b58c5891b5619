import pLimit from "p-limit";
import { HostBusy } from "../base/errors.ts";
import { PerTenantQueue } from "../base/per-tenant-queue.ts";
import { readProgram } from "../base/programs.ts";
import { type ProcessLimits, parserCommand } from "./command.ts";
import { IdleProcesses } from "./idle-processes.ts";
import { type AskLimits, type ClaimedReply, ConfinedProcess } from "./process.ts";

const NOTHING = new Uint8Array();

export interface ProgramLimits extends ProcessLimits, AskLimits {
  /** Processes that work at the same time, and questions that wait for one. */
  readonly atOnce: number;
  readonly waiting: number;
}

/** A question of one owner, whose processes nobody else's bytes get into. */
export interface ProgramQuestion {
  readonly owner: string;
  readonly input: unknown;
  readonly payload?: Uint8Array;
}

/**
 * A script of ours that untrusted bytes are given to, in a process that has no file, no network and no
 * variable. Starting one takes longer than most work: its owner's next bytes find it for a few seconds, and
 * another one is made ahead, which nobody's bytes have been in.
 *
 * @example
 * const program = new Program({ script: () => readProgram("confined/compiler"), limits });
 * const { answer } = await program.run({ owner: "acme", input: { question: 1 } });
 */
export class Program {
  readonly #limits: ProgramLimits;
  readonly #limit: ReturnType<typeof pLimit>;
  /** One question of an owner at a time, or whoever asks most would have all processes. */
  readonly #turns: PerTenantQueue;
  readonly #load: () => Promise<Loaded>;
  readonly #profileSandboxes: IdleProcesses;
  #loaded: Promise<Loaded> | undefined;

  /** `script` resolves with a module whose default export is a `MakeHandler`, with all it imports. */
  constructor(options: {
    script: () => Promise<string>;
    assets?: () => Promise<readonly Uint8Array[]>;
    limits: ProgramLimits;
  }) {
    const { script, assets = async () => [], limits } = options;
    this.#limits = limits;
    this.#limit = pLimit(limits.atOnce);
    this.#turns = new PerTenantQueue(limits.waiting);
    this.#profileSandboxes = new IdleProcesses(limits, (isWaitedFor) => this.#start(isWaitedFor));
    this.#load = async () => {
      const main = readProgram("confined/main");
      const [text, given] = await Promise.all([script(), assets()]);
      return { main: await main, script: Buffer.from(text), assets: given };
    };
  }

  /**
   * Asks one question. Rejects with a `ConfinedFailure` if that breaks a bound, `HostBusy` if too many
   * wait, and `EngineUnavailable` if there is no process to be had.
   */
  async run({ owner, input, payload = NOTHING }: ProgramQuestion): Promise<ClaimedReply> {
    if (this.#limit.pendingCount >= this.#limits.waiting) {
      throw new HostBusy("Too many requests like this wait");
    }
    return this.#turns.take(owner, () =>
      this.#limit(async () => {
        const one = await this.#profileSandboxes.take(owner);
        try {
          return await one.ask(input, payload, this.#limits);
        } finally {
          this.#profileSandboxes.put(owner, one);
        }
      }),
    );
  }

  async #start(isWaitedFor: boolean): Promise<ConfinedProcess> {
    this.#loaded ??= this.#load();
    // A failure may be over next time.
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
