/** Tests the published example of a timeout where no sandbox is ready for it. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";

const EXAMPLE = { code: "export default function() { while(true) {} }", timeout: 1_000 };
const EXCEPTION = {
  level: "exception",
  name: "TimeoutError",
  message: "Execution timeout",
  timestamp: expect.any(Number) as unknown,
};

/** Takes a sandbox until its caller goes away. */
const HOLD = { code: "export default () => new Promise(() => {})", timeout: 60_000 };

it("ends code after its own time, in a cold pool and in a busy one", async () => {
  const server = new TestServer(await mkdtemp(join(tmpdir(), "isolate-")), {
    ISOLATE_POOL_MIN: "0",
    ISOLATE_POOL_MAX: "1",
  });
  await server.start();
  try {
    // Before the engine has been looked at.
    const cold = await server.execute(EXAMPLE);
    expect(cold).toMatchObject({ ok: false, outcome: "timeout", logs: [EXCEPTION] });
    expect(cold.logs).toHaveLength(1);
    expect(cold.usage.queued).toBeGreaterThan(0);

    const holder = new AbortController();
    const held = server.post(HOLD, holder.signal).catch(() => "gone");
    await until(async () => {
      const { pool } = (await (await fetch(`${server.url}/readyz`)).json()) as Readiness;
      return pool.leased === 1;
    });
    const busy = server.execute(EXAMPLE);
    const hasty = await server.post({ ...EXAMPLE, queueTimeout: 100 });
    expect(hasty.status).toBe(503);
    expect(hasty.headers.get("retry-after")).toBe("1");
    expect(await hasty.json()).toMatchObject({ error: { code: "HOST_BUSY" } });
    // Longer than the timeout of the code that waits.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    holder.abort();
    expect(await held).toBe("gone");
    const { duration, usage, ...output } = await busy;
    expect(output).toEqual({ ok: false, outcome: "timeout", logs: [EXCEPTION] });
    expect(usage.queued).toBeGreaterThan(1_200);
    for (const ms of [cold.duration, duration]) {
      expect(ms).toBeGreaterThanOrEqual(999);
      expect(ms).toBeLessThan(1_500);
    }
    expect(usage.wall).toBeGreaterThanOrEqual(usage.queued + duration - 2);
  } finally {
    expect(await server.dispose()).toEqual([]);
  }
});

interface Readiness {
  readonly pool: { readonly leased: number };
}
