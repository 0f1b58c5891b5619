import { DeadlineError, deadline } from "../../base/deadline.ts";
import type { Command } from "./orders.ts";
import { type SpawnedProcess, SpawnerProcess } from "./spawner-process.ts";

const PATIENCE = 20_000;

/**
 * Starts processes by a small process of its own. A parent's page tables are copied for each child,
 * which takes a control plane several milliseconds in which it does nothing else.
 *
 * A spawner that ends takes its processes with it, and the next start gets another one.
 */
export class Spawner {
  /** Most milliseconds for one order. A spawner that takes longer is killed. */
  patience = PATIENCE;
  #process: SpawnerProcess | undefined;

  /** Process id of the spawner itself; `undefined` while there is none. */
  get pid(): number | undefined {
    return this.#process?.ended === false ? this.#process.pid : undefined;
  }

  /**
   * Starts a process.
   *
   * @throws {Error} If it cannot be started, or the spawner ends or does not answer.
   */
  async start(command: Command): Promise<SpawnedProcess> {
    const usable = this.#process?.ended === false ? this.#process : undefined;
    const spawner = usable ?? new SpawnerProcess(() => this.patience);
    this.#process = spawner;
    try {
      return await deadline(spawner.start(command), this.patience, "Starting a process");
    } catch (error) {
      if (error instanceof DeadlineError) spawner.end();
      throw error;
    }
  }

  /** Ends the spawner and its processes. */
  close(): void {
    this.#process?.end();
    this.#process = undefined;
  }
}
