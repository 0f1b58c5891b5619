import type { Engine } from "../../src/engines/contract/contract.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { until } from "../contract/engine-contract.ts";

/** Code that returns when its worker was made, by the clock of this host. */
export const BORN = "performance.timeOrigin";

interface Born {
  readonly born: number;
}

/** Waits until nothing starts or runs and `warm` sandboxes are ready. */
export async function atRest(engine: Engine, warm: number): Promise<void> {
  await until(() => {
    const status = engine.status();
    return status.warm === warm && status.starting + status.leased === 0;
  });
}

/**
 * Executes code that returns `born: BORN` among others. Returns its result, and whether its worker
 * had been made before the request came.
 */
export async function executed<T>(
  kernel: Kernel,
  request: ExecuteRequest,
): Promise<{ isPrepared: boolean; result: T }> {
  const sent = Date.now();
  const output = await kernel.execute({ timeout: 20_000, ...request });
  if (!output.ok) throw new Error(JSON.stringify(output));
  const result = output.result as T & Born;
  return { isPrepared: result.born < sent, result };
}
