import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BadRequest, HostBusy } from "../../src/base/errors.ts";
import type { Engine, ExecuteOptions, Job, Outcome } from "../../src/engines/contract/contract.ts";
import { SOAK } from "../helpers/soak.ts";
import { provedElsewhere } from "./case-choice.ts";
import { job, PROFILE } from "./engine-contract.ts";

/** Code that counts its calls and reports traces of earlier ones. */
const COUNTER = `console.log("loaded");
let calls = 0;
export default (input, bytes) => {
  const seen = globalThis.mark ?? null;
  globalThis.mark = input;
  console.log("called");
  return [++calls, seen, bytes?.length ?? 0];
}`;
/** Places for kept sandboxes, beside a warm one of each of two profiles. */
const MAX = 5;
const SOON = "await new Promise((resolve) => setTimeout(resolve, 50));";

/** Retries while the queue is full. */
async function patiently(run: () => Promise<Outcome>): Promise<Outcome> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof HostBusy)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Tries what a timer does between two executions with longer and longer delays. On a busy machine, an answer may take
 * longer than the delay, and a timer longer than the pause. `attempt` tells whether it was between them.
 */
async function between(attempt: (delay: number) => Promise<boolean>): Promise<void> {
  const delays = [20, 80, 320, 1_280, 5_120];
  for (const delay of delays) if (await attempt(delay)) return;
  throw new Error(`Nothing came between the executions, whatever the delay: ${delays.join()} ms`);
}

/**
 * Tests reuse on every engine: a sandbox serves only one key. `sampled`: a further way to the same runner, for which another
 * engine proves the rest.
 */
export function reuseContract(
  name: string,
  open: (pool?: object) => Promise<Engine>,
  { sampled = false } = {},
): void {
  const further = provedElsewhere(sampled);
  describe(`${name} engine's reuse`, () => {
    let engine: Engine;
    let keys = 0;
    beforeAll(async () => {
      engine = await open({ max: MAX });
    });
    afterAll(() => engine.close());

    /** Makes a new key, and returns a function that runs code under it. */
    function fresh(): (asked: Job | string, options?: Partial<ExecuteOptions>) => Promise<Outcome> {
      keys += 1;
      const reuse = { key: `key-${keys}` };
      return (asked, options) =>
        engine.execute(typeof asked === "string" ? job(asked) : asked, {
          profile: PROFILE,
          timeout: 20_000,
          reuse,
          ...options,
        });
    }
    const messages = ({ logs }: Outcome) => logs.map(({ message }) => message);

    it("calls the module that is loaded, with all the state it has", async () => {
      const run = fresh();
      const first = await run(job(COUNTER, "a"));
      expect(first).toMatchObject({ status: "ok", result: [1, null, 0] });
      expect(messages(first)).toEqual(["loaded", "called"]);
      expect(engine.status()).toMatchObject({ leased: 0 });
      expect(engine.status().kept).toBeGreaterThan(0);
      const second = await run({ ...job(COUNTER, "b"), attachments: [new Uint8Array(3)] });
      expect(second).toMatchObject({ status: "ok", result: [2, "a", 3] });
      expect(messages(second)).toEqual(["called"]);
    });

    it("shows nothing of it to another key, another profile, or an execution without a key", async () => {
      const [run, other] = [fresh(), fresh()];
      const profile = { ...PROFILE, memory: 192 };
      await run(job(COUNTER, "secret"));
      const strangers = [
        () => other(job(COUNTER)),
        () => run(job(COUNTER), { profile }),
        () => run(job(COUNTER), { reuse: undefined }),
      ];
      for (const [n, stranger] of strangers.entries()) {
        expect((await stranger()).result).toEqual([1, null, 0]);
        expect((await run(job(COUNTER, "secret"))).result).toEqual([n + 2, "secret", 0]);
      }
    });

    further("runs executions at the same time in several sandboxes", async () => {
      const run = fresh();
      const code = `let running = 0, calls = 0;
        export default async () => { running++; calls++; ${SOON} return [running--, calls] }`;
      const all = await Promise.all([1, 2, 3, 4].map(() => patiently(() => run(code))));
      for (const { result } of all) expect(result).toMatchObject([1, expect.any(Number)]);
    });

    further("serves those who wait for the same key with what becomes free", async () => {
      const run = fresh();
      const code = `let calls = 0; export default async () => { ${SOON} return ++calls }`;
      const all = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => patiently(() => run(code))));
      const calls = all.map(({ result }) => result as number);
      expect(calls.filter((count) => count === 1).length).toBeLessThanOrEqual(MAX);
      expect(Math.max(...calls)).toBeGreaterThan(1);
    });

    further("starts none for callers that come again and again", async () => {
      const run = fresh();
      let firsts = 0;
      const caller = async (): Promise<void> => {
        for (let call = 0; call < (SOAK ? 60 : 12); call += 1) {
          const { result } = await patiently(() => run("let n = 0; export default () => ++n"));
          if (result === 1) firsts += 1;
        }
      };
      await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(caller));
      expect(firsts).toBeLessThanOrEqual(MAX);
    });

    further("keeps what fails, and its state", async () => {
      const run = fresh();
      const code = `let calls = 0;
        export default (fail) => { calls++; if (fail) throw new RangeError("mine"); return calls }`;
      const failed = await run(job(code, true));
      expect(failed).toMatchObject({ status: "error", fault: { name: "RangeError" } });
      expect(failed.fault?.stack).toContain("main.ts:");
      expect(await run(job(code, true))).toMatchObject({ fault: failed.fault });
      expect((await run(job(code, false))).result).toBe(3);
    });

    it.each([
      ["runs into its timeout", "await new Promise(() => {})", "timeout"],
      ["asks to be ended", "process.exit(1)", "error"],
      ["does not even load", "}", "error"],
    ])("does not keep what %s", async (_how, how, status) => {
      const run = fresh();
      const code = `let calls = 0;
        export default async (bad) => { calls++; if (bad) { ${how} } return calls }`;
      const timeout = status === "timeout" ? 1_000 : 20_000;
      const outcome = await run(job(code, true), { timeout });
      expect(outcome.status).toBe(status);
      if (how !== "}") expect((await run(job(code, false))).result).toBe(1);
      else expect((await run("export default () => 'whole'")).result).toBe("whole");
    });

    it("drops what code logs between its executions", async () => {
      const code = `let fired = false;
        export default (delay) => {
          console.log("own");
          setTimeout(() => { console.log("late"); fired = true }, delay);
          return fired;
        }`;
      await between(async (delay) => {
        const run = fresh();
        const first = await run(job(code, delay));
        await pause(delay + 200);
        const second = await run(job(code, 60_000));
        if (messages(first).length > 1 || second.result === false) return false;
        expect([messages(first), messages(second)]).toEqual([["own"], ["own"]]);
        return true;
      });
    });

    // Node has no such workers.
    it.skipIf(name === "inline" || name === "fake")(
      "drops what a worker of an earlier one logs",
      async () => {
        const run = fresh();
        const code = `let worker;
        const inside = "onmessage = ({ data }) => { console.log(data); process.stdout.write(data); postMessage(data) }";
        const blob = new Blob([inside], { type: "text/javascript" });
        export default (call) => new Promise((resolve) => {
          worker ??= new Worker(URL.createObjectURL(blob), { type: "module" });
          // The answer to a second message comes after all output of the first.
          worker.onmessage = ({ data }) => data === "end" ? resolve(call) : worker.postMessage("end");
          worker.postMessage("x" + call);
        });`;
        expect(messages(await run(job(code, 1)))).toContain("x1");
        expect(await run(job(code, 2))).toMatchObject({ result: 2, logs: [] });
      },
    );

    it("ends a sandbox whose code fails between two executions, and no answer with it", async () => {
      const code = `let calls = 0;
        export default (delay) => {
          if (calls === 0) setTimeout(() => Promise.reject(new Error("late")), delay);
          return ++calls;
        }`;
      await between(async (delay) => {
        const run = fresh();
        const first = await run(job(code, delay));
        await pause(delay + 300);
        const second = await run(job(code, 60_000));
        if (first.status === "error" || second.result === 2) return false;
        expect([first.result, second]).toMatchObject([1, { status: "ok", result: 1, logs: [] }]);
        return true;
      });
    });

    further("gives the answer of an execution that comes while its sandbox fails", async () => {
      const run = fresh();
      const code = `let calls = 0;
        export default () => { setImmediate(() => setImmediate(() => Promise.reject(new Error("late")))); return ++calls }`;
      for (let n = 0; n < (SOAK ? 10 : 3); n += 1) {
        const outcome = await run(code);
        // It may fail this execution. It must neither be a crash, nor fail without an execution.
        expect(["ok", "error"]).toContain(outcome.status);
        if (outcome.status === "error") expect(outcome.fault?.message).toBe("late");
      }
    });

    further("waits for no timer of an earlier execution", async () => {
      const run = fresh();
      const code = "export default (ms) => { setTimeout(() => {}, ms) }";
      await run(job(code, 60_000));
      const durations: number[] = [];
      for (let n = 0; n < 8; n += 1) durations.push((await run(job(code, 0))).duration);
      expect(Math.min(...durations)).toBeLessThan(90);
    });

    further("does not wait for an interval, which goes on between executions", async () => {
      const run = fresh();
      const code = job("let n = 0; export default () => { setInterval(() => { n += 1 }, 5); }");
      for (let round = 0; round < 2; round += 1) {
        const outcome = await run(code);
        expect(outcome).toMatchObject({ status: "ok" });
        expect(outcome.duration).toBeLessThan(10_000);
      }
    });

    it("makes room for others who wait", async () => {
      const run = fresh();
      await run(job(COUNTER, "a"));
      const slow = `export default async () => { ${SOON} return 1 }`;
      const others = Array.from({ length: MAX }, () =>
        patiently(() => fresh()(slow, { reuse: undefined })),
      );
      for (const { status } of await Promise.all(others)) expect(status).toBe("ok");
    });

    further.each(["channel", "mine"])("is refused with the tool %s", async (tool) => {
      const asked = job(COUNTER, "a", "default", [{ name: tool, config: {} }]);
      await expect(fresh()(asked)).rejects.toBeInstanceOf(BadRequest);
    });

    it("ends for one tenant alone what is kept for it", async () => {
      const [run, other] = [fresh(), fresh()];
      const [gone, stays] = [{ tenant: "gone" }, { tenant: "stays" }];
      for (let n = 0; n < 2; n += 1) {
        await run(COUNTER, gone);
        await other(COUNTER, stays);
      }
      engine.endIdle("gone");
      expect((await other(job(COUNTER), stays)).result).toEqual([3, null, 0]);
      expect((await run(job(COUNTER), gone)).result).toEqual([1, null, 0]);
    });
  });
}
