/** Tests that nothing of a server grows with the number of executions. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Output } from "../../src/request/types.ts";
import { LEAVING } from "../helpers/leaving.ts";
import { atRest, DESCRIPTORS } from "../helpers/present.ts";
import { TestServer } from "../helpers/server.ts";
import { soakTimes } from "../helpers/soak.ts";

const TIMES = soakTimes(10_000);
const CALLERS = 50;
/** Settings by which the server soon has only what it keeps warm. */
const SETTINGS = { ISOLATE_REUSE_IDLE: "1000", ISOLATE_POOL_IDLE: "1000", ISOLATE_POOL_MAX: "4" };
/** Bytes by which the server may have grown, its store and its compiled code among them. */
const GROWTH = 100 * 1_024 * 1_024;

type Answer = Output & { readonly error?: { readonly code: string } };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start(SETTINGS);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

/** Runs code that leaves something behind, so many times. Returns how many began in a new sandbox. */
async function run(times: number, sandbox: string): Promise<number> {
  let begun = 0;
  let started = 0;
  const caller = async (): Promise<void> => {
    while (begun < times) {
      begun += 1;
      const n = begun;
      const code = LEAVING[n % LEAVING.length];
      const request = { code, input: n, sandbox, reuse: "tenant", timeout: 60_000 };
      const run = async () =>
        (await (await server.post({ ...request, queueTimeout: 60_000 })).json()) as Answer;
      let output = await run();
      // A machine that others use may serve fewer of them in that time.
      while (output.error?.code === "HOST_BUSY") output = await run();
      expect(output).toMatchObject({ ok: true, result: n });
      if (output.ok && output.usage.fresh === "container") started += 1;
      if (n % 1_000 === 0) console.log(`${n} executions at ${sandbox}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return started;
}

it.each(["isolated", "container"])(
  "nothing is left of many at %s",
  async (sandbox) => {
    await run(4 * CALLERS, sandbox);
    const before = await atRest(server);
    const began = performance.now();
    const started = await run(TIMES, sandbox);
    const perSecond = (1_000 * TIMES) / (performance.now() - began);
    const after = await atRest(server, before);
    console.log(`${TIMES} at ${sandbox}, ${perSecond.toFixed(0)} a second, ${started} sandboxes`);
    console.log("before", before, "after", after);
    expect(started).toBeLessThan(TIMES / 4);
    expect(after.sandboxes).toBeLessThanOrEqual(before.sandboxes);
    expect(after.processes).toBeLessThanOrEqual(before.processes);
    expect(after.files).toBeLessThanOrEqual(before.files);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + DESCRIPTORS);
    expect(after.memory - before.memory).toBeLessThan(GROWTH);
  },
  3_600_000,
);
