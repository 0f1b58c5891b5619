import { afterAll, beforeAll, describe, expect } from "vitest";
import { TenantBusy } from "../../src/base/errors.ts";
import type { Engine, Outcome } from "../../src/engines/contract/contract.ts";
import { provedElsewhere } from "./case-choice.ts";
import { job, PROFILE, until } from "./engine-contract.ts";

const MAX = 3;
const ENDLESS = job("export default () => new Promise((resolve) => setTimeout(resolve, 60_000))");
const QUICK = job("export default () => 1");

/**
 * Tests tenants that share an engine. `sampled`: a further way to the same pool, for which another engine proves it.
 */
export function tenantContract(
  name: string,
  open: (pool?: object) => Promise<Engine>,
  { sampled = false } = {},
): void {
  const further = provedElsewhere(sampled);
  describe(`${name} engine's tenants`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open({ max: MAX, maxWaiting: 3 });
    });
    afterAll(() => engine.close());

    further("are served in turn, and one that has all cannot have it so again", async () => {
      const options = { profile: PROFILE, timeout: 30_000 };
      const done: string[] = [];
      const quick = async (tenant: string): Promise<Outcome> => {
        const outcome = await engine.execute(QUICK, { ...options, tenant });
        done.push(tenant);
        return outcome;
      };
      const callers = Array.from({ length: MAX }, () => new AbortController());
      const flood = callers.map(({ signal }) =>
        engine.execute(ENDLESS, { ...options, tenant: "a", signal }).catch(() => {}),
      );
      await until(() => engine.status().leased === MAX);
      const queued = [quick("a"), quick("a"), quick("b")];
      await expect(quick("a")).rejects.toBeInstanceOf(TenantBusy);
      callers[0]?.abort();
      expect(await queued[2]).toMatchObject({ status: "ok", result: 1 });
      // Free sandboxes go first to the next tenant that has none.
      await until(() => engine.status().warm === 1);
      expect(await quick("b")).toMatchObject({ status: "ok", result: 1 });
      expect(done).toEqual(["b", "b"]);
      for (const caller of callers) caller.abort();
      expect(await Promise.all(queued)).toMatchObject([{ result: 1 }, { result: 1 }, {}]);
      await Promise.all(flood);
    });
  });
}
