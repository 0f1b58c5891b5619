import { type ExecuteOptions, profileKey, type Sandbox, type Spawn } from "../contract/contract.ts";

/** Sandboxes that were leased by `spawn()` and have run nothing yet. */
export class SpawnedSandboxes {
  readonly #sandboxes = new WeakMap<Spawn, Sandbox>();

  /**
   * Wraps a leased sandbox. `discard` gives it back to the pool, which ends it. That happens by itself
   * if it ends before it has run anything.
   */
  add(sandbox: Sandbox, level: Spawn["level"], discard: () => Promise<void>): Spawn {
    const { id, profile } = sandbox;
    const kill = async (): Promise<void> => {
      this.#sandboxes.delete(spawn);
      await discard();
    };
    const spawn: Spawn = { id, level, profile, kill };
    this.#sandboxes.set(spawn, sandbox);
    void sandbox.closed.then(() => {
      if (this.#sandboxes.delete(spawn)) void discard();
    });
    return spawn;
  }

  /**
   * Takes the sandbox out, so that it runs one job.
   *
   * @throws {Error} if it has run one or was killed, or if the job needs another profile.
   */
  take(spawn: Spawn, { profile }: Pick<ExecuteOptions, "profile">): Sandbox {
    const sandbox = this.#sandboxes.get(spawn);
    if (sandbox === undefined) throw new Error("The process has run a job already, or was killed");
    const [needed, given] = [profileKey(profile), profileKey(spawn.profile)];
    if (needed !== given) {
      throw new Error(`The execution needs a process of ${needed}, and this one has ${given}`);
    }
    this.#sandboxes.delete(spawn);
    return sandbox;
  }
}
