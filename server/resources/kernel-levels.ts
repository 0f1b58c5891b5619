import { EngineUnavailable } from "../../src/base/errors.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Levels, TypeEngine } from "../../src/resourcex/types/levels.ts";
import type { SandboxType } from "../../src/resourcex/types/type.ts";

/** Provides the server's own levels, so that its kernel runs types, too. */
export class KernelLevels implements Levels {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async engine(level: SandboxType): Promise<TypeEngine> {
    if (this.#kernel.engine(level) === undefined) {
      throw new EngineUnavailable("This host runs no containers");
    }
    return { execute: (job, options) => this.#kernel.runJob(level, job, options) };
  }

  async close(): Promise<void> {}
}
