import { readProgram } from "../../base/programs.ts";
import { type Command, type ProcessLimits, parserCommand } from "../../confined-process/command.ts";
import { type ClaimedReply, ConfinedProcess } from "../../confined-process/process.ts";

export interface BuilderLimits extends ProcessLimits {
  /** Most bytes of an answer, and of its facts as JSON. */
  readonly bytes: number;
  readonly facts: number;
  /** Most milliseconds for an answer. Default: those that the build has left. */
  readonly timeout?: number;
}

/**
 * A confined process for one build. It parses what registries and packages say, without any permission: no file, no
 * network, no variable. So it is given all bytes, and ends with its build.
 */
export class Builder {
  readonly #process: ConfinedProcess;
  readonly #limits: BuilderLimits;
  readonly #signal: AbortSignal;
  readonly #kill = (): void => this.#process.kill();

  private constructor(process: ConfinedProcess, limits: BuilderLimits, signal: AbortSignal) {
    this.#process = process;
    this.#limits = limits;
    this.#signal = signal;
    signal.addEventListener("abort", this.#kill);
    if (signal.aborted) this.#kill();
  }

  /** Starts the process. `script` is the text of a bundled module that exports a `MakeHandler`. */
  static async start(script: string, limits: BuilderLimits, signal: AbortSignal): Promise<Builder> {
    const main = await readProgram("confined/main");
    const command: Command = await parserCommand(main, limits);
    signal.throwIfAborted();
    const program = { script: Buffer.from(script), assets: [] };
    return new Builder(await ConfinedProcess.start(command, program, true), limits, signal);
  }

  /**
   * Asks one question. Rejects with the signal's reason if that has ended the process.
   *
   * @throws {ConfinedFailure} If the process breaks a limit or fails.
   */
  async ask(input: unknown, payload: Uint8Array): Promise<ClaimedReply> {
    this.#signal.throwIfAborted();
    try {
      const { timeout = MOST, ...limits } = this.#limits;
      return await this.#process.ask(input, payload, { timeout, ...limits });
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error;
    }
  }

  end(): void {
    this.#signal.removeEventListener("abort", this.#kill);
    this.#process.kill();
  }
}

/** Milliseconds of one answer, more than a whole build may take. */
const MOST = 600_000;
