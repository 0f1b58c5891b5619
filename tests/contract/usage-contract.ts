import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Aborted } from "../../src/base/errors.ts";
import { ChannelRouter } from "../../src/channels/channels.ts";
import type {
  Engine,
  ExecuteOptions,
  IdleUsage,
  JobUsage,
  Outcome,
} from "../../src/engines/contract/contract.ts";
import type { LogEntry } from "../../src/request/types.ts";
import { provedElsewhere } from "./case-choice.ts";
import { job, PROFILE, until } from "./engine-contract.ts";

const MEGABYTE = 1_048_576;
/** Code with a fixed amount of work: some 100 ms of a processor. */
const BURN = `const burn = () => {
  let x = 1; for (let n = 0; n < 8e7; n += 1) x = (Math.imul(x, 31) + n) | 0; return x; };`;
const SLEEP = `const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`;

/**
 * Tests the reports of every engine: while jobs run, and about their use. `sampled`: a further way to the same runner, for
 * which another engine proves the rest.
 */
export function usageContract(
  name: string,
  open: () => Promise<Engine>,
  { measures = true, sampled = false } = {},
): void {
  const further = provedElsewhere(sampled);
  describe(`${name} engine's record`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    async function run(code: string, options: Partial<ExecuteOptions> = {}) {
      await until(() => engine.status().warm > 0);
      return engine.execute(job(code), { profile: PROFILE, timeout: 20_000, ...options });
    }
    const usageOf = ({ usage }: Outcome): JobUsage => {
      if (usage === undefined) throw new Error("Nothing was measured");
      return usage;
    };

    further("counts the bytes of a result, of logs and of an exception", async () => {
      const code = `export default () => { console.log("äö"); return "ü"; }`;
      expect(usageOf(await run(code))).toMatchObject({ bytesOut: 4 + 4, egressBytes: 0 });
      const failing = `export default () => { const e = new Error("ü!"); e.stack = ""; throw e; }`;
      const failed = await run(failing);
      expect(usageOf(failed).bytesOut).toBe(3 + (failed.fault?.stack?.length ?? 0));
    });

    further(
      "tells of each entry while the code runs, in the order they have at the end",
      async () => {
        const seen: LogEntry[] = [];
        let over = false;
        let early = false;
        const onLog = (entry: LogEntry): void => {
          seen.push(entry);
          if (!over && seen.length === 1) early = true;
        };
        const code = `${SLEEP} export default async () => {
        console.log("a"); await sleep(200); console.warn("b"); throw new TypeError("c"); }`;
        const outcome = run(code, { observer: { onLog } }).finally(() => {
          over = true;
        });
        await until(() => seen.length === 1);
        expect([over, early]).toEqual([false, true]);
        expect((await outcome).logs).toEqual(seen);
        expect(seen.map(({ level }) => level)).toEqual(["log", "warn", "exception"]);
      },
    );

    further("tells of what the code emits, and of what it is denied", async () => {
      const emitted: unknown[] = [];
      const denials: unknown[] = [];
      const channel = new ChannelRouter().join("acme");
      const observer = {
        onChannel: (...message: unknown[]) => void emitted.push(message),
        onDenied: (denial: unknown) => void denials.push(denial),
      };
      const code = `export default () => {
        channel.on("t", () => {}); channel.emit("t", { n: 1 });
        const e = new Error('Requires env access to "TOKEN"'); e.name = "NotCapable"; throw e; }`;
      const asked = { ...job(code), tools: [{ name: "channel", config: {} }] };
      const options = { profile: PROFILE, timeout: 20_000, channel, observer };
      const outcome = await engine.execute(asked, options);
      channel.leave();
      expect(emitted).toEqual([["t", '{"n":1}']]);
      expect(outcome.denied).toHaveLength(1);
      expect(denials).toMatchObject([{ kind: "env", value: "TOKEN", by: "worker" }]);
    });

    if (!measures) {
      it("says so of what it cannot measure", async () => {
        expect(usageOf(await run("export default () => 1"))).toMatchObject({
          cpu: null,
          peakMemory: null,
        });
      });
      return;
    }

    it("measures what a job computes, and not what it waits or what came before it", async () => {
      const busy = usageOf(await run(`${BURN} export default () => burn()`));
      expect(busy.cpu).toBeGreaterThan(40);
      expect(busy.cpu).toBeLessThan(1_500);
      const idle = usageOf(await run(`${SLEEP} export default () => sleep(100)`));
      expect(idle.cpu).toBeLessThan(Math.min(100, Number(busy.cpu)));
    });

    it("measures the most memory there was", async () => {
      const hoard = (megabytes: number) => `export default () => {
        const all = new Uint8Array(${megabytes} * ${MEGABYTE}).fill(1); return all[7]; }`;
      const [little, much] = [await run(hoard(1)), await run(hoard(30))].map(usageOf);
      expect(little?.peakMemory).toBeGreaterThan(10 * MEGABYTE);
      expect(Number(much?.peakMemory) - Number(little?.peakMemory)).toBeGreaterThan(20 * MEGABYTE);
      expect(much?.peakMemory).toBeLessThanOrEqual(2 * PROFILE.memory * MEGABYTE);
    });

    it("measures what ran into its timeout, and what was aborted", async () => {
      const late = await run("export default () => { while (true) {} }", { timeout: 500 });
      expect(late.status).toBe("timeout");
      // Other processes use the processor, too.
      expect(usageOf(late).cpu).toBeGreaterThan(10);
      const stop = new AbortController();
      const code = `${BURN} export default () => { burn(); console.log("x"); while (true) {} }`;
      const observer = { onLog: () => stop.abort() };
      const error: unknown = await run(code, { observer, signal: stop.signal }).catch((e) => e);
      expect(error).toBeInstanceOf(Aborted);
      expect((error as Aborted).usage).toMatchObject({ cpu: expect.any(Number), bytesOut: 1 });
      expect((error as Aborted).usage?.cpu).toBeGreaterThan(20);
    });

    it("measures each job of a sandbox by itself, with what it did after the one before", async () => {
      const reuse = { key: "measured" };
      const code = `${BURN} let calls = 0; export default () => {
        calls += 1;
        if (calls === 1) burn();
        if (calls === 2) setTimeout(() => burn(), 1);
        return calls; }`;
      const outcomes: Outcome[] = [];
      for (let n = 0; n < 3; n += 1) {
        outcomes.push(await run(code, { reuse }));
        // Waits long enough for the leftovers of the second one.
        if (n === 1) await new Promise((resolve) => setTimeout(resolve, 500));
      }
      expect(outcomes.map(({ result }) => result)).toEqual([1, 2, 3]);
      const [first, second, third] = outcomes.map((outcome) => Number(usageOf(outcome).cpu));
      expect(first).toBeGreaterThan(40);
      expect(second).toBeLessThan(Number(first));
      expect(third).toBeGreaterThan(40);
    });

    /** Code that computes after its first answer until it is called again. */
    const SPIN = `let calls = 0;
      const spin = () => {
        for (const end = performance.now() + 20; performance.now() < end; );
        if (calls === 1) setTimeout(spin, 0);
      };
      export default () => { calls += 1; if (calls === 1) setTimeout(spin, 1); return calls; }`;

    it("holds what is kept to next to nothing, and tells of that with the next job", async () => {
      const reuse = { key: "spins" };
      expect((await run(SPIN, { reuse })).result).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      const second = await run(SPIN, { reuse });
      expect(second.result).toBe(2);
      expect(usageOf(second).cpu).toBeGreaterThan(40);
      expect(usageOf(second).cpu).toBeLessThan(700);
      // It has its full share of the processor again.
      const burning = await run(`${BURN} export default () => burn()`, { reuse: { key: "burns" } });
      const again = await run(SPIN, { reuse });
      expect(again).toMatchObject({ status: "ok", result: 3 });
      expect(again.duration).toBeLessThan(burning.duration + 500);
    });

    it("tells whose it was what a sandbox took after its last outcome, once it has ended", async () => {
      const other = await open();
      const told: IdleUsage[] = [];
      other.onIdleUsage((usage) => told.push(usage));
      try {
        await until(() => other.status().warm > 0);
        const options = { profile: PROFILE, timeout: 20_000, reuse: { key: "left" } };
        const outcome = await other.execute(job(SPIN), { ...options, tenant: "acme" });
        expect(outcome.result).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      } finally {
        await other.close();
      }
      const acme = told.filter(({ tenant }) => tenant === "acme");
      const cpu = acme.reduce((sum, usage) => sum + usage.cpu, 0);
      expect(cpu).toBeGreaterThan(40);
      expect(cpu).toBeLessThan(700);
      expect(acme[0]?.level).toBe(other.level);
    });

    it("measures what took more memory than it may have, as far as its end lets it", async () => {
      const outcome = await run(`${BURN} export default () => {
        burn(); burn(); const all = []; for (;;) all.push(new Uint8Array(8 * ${MEGABYTE}).fill(1)); }`);
      expect(outcome.fault?.name).toBe("MemoryError");
      // The kernel deletes all figures at once.
      expect(usageOf(outcome).cpu).toBeGreaterThan(0);
      expect(usageOf(outcome).peakMemory).toBeGreaterThan(10 * MEGABYTE);
    });
  });
}
