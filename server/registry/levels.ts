import type { Engine } from "../../src/engines/engine.ts";
import { EngineUnavailable } from "../../src/errors.ts";
import type { Kernel } from "../../src/kernel.ts";
import type { Levels } from "../../src/resourcex/levels.ts";
import type { TypeSandbox } from "../../src/resourcex/type.ts";

/** The engines that this server has anyway, and ends with its kernel. */
export class KernelLevels implements Levels {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async engine(level: TypeSandbox): Promise<Engine> {
    const engine = this.#kernel.engine(level);
    if (engine === undefined) throw new EngineUnavailable("This host runs no containers");
    return engine;
  }

  async close(): Promise<void> {}
}
