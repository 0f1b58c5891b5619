import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Aborted,
  BadRequest,
  HostBusy,
  PayloadTooLarge,
  ShuttingDown,
} from "../../src/base/errors.ts";
import type { Engine, ExecuteOptions, Job, Outcome } from "../../src/engines/contract/contract.ts";
import { MAX_RESULT_BYTES, OUTPUT_LIMITS } from "../../src/protocol/limits.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import { writeInput } from "../../src/request/write-input.ts";
import { SOAK } from "../helpers/soak.ts";
import { ATTACHMENTS } from "./attachment-cases.ts";
import { provedElsewhere, sample } from "./case-choice.ts";
import { type Case, FAILURES, VALUES } from "./cases.ts";
import { CHANNEL } from "./channel-cases.ts";
import { CONSOLE, STREAMS } from "./console-cases.ts";
import { CRYPTO } from "./crypto-cases.ts";
import { CUSTOM_TOOLS } from "./custom-tool-cases.ts";
import { INPUTS } from "./input-cases.ts";
import { LINGERING } from "./lingering-cases.ts";
import { MODULES } from "./module-cases.ts";
import { RESULTS } from "./result-cases.ts";
import { RICH } from "./rich-cases.ts";
import { LIMITS, LOGS, TAMPERING } from "./run-cases.ts";
import { RUNTIME } from "./runtime-cases.ts";

export const PROFILE = { memory: 128, cpus: 1 };

/** Pool settings of every engine under contract. The cases about queueing depend on `max`. */
export const CONTRACT_POOL = {
  profile: PROFILE,
  min: 1,
  max: 3,
  idle: 60_000,
  startConcurrency: 2,
  maxWaiting: 2,
  healthInterval: 60_000,
};

export function job(
  code: string,
  input?: unknown,
  entry = "default",
  tools: readonly ToolUse[] = [],
): Job {
  return { code, entry, input: writeInput(input), tools, limits: OUTPUT_LIMITS };
}

export function execute(
  engine: Engine,
  item: Case,
  options: Partial<ExecuteOptions> = {},
): Promise<Outcome> {
  const { code, input, entry, tools, attachments, rich, resultBytes, timeout = 20_000 } = item;
  const { language, callContext } = item;
  const limits = { ...OUTPUT_LIMITS, ...(resultBytes && { resultBytes }) };
  const asked = {
    ...job(code, input, entry, tools),
    ...(language && { language }),
    limits,
    ...(attachments && { attachments }),
    ...(callContext && { callContext: JSON.stringify(callContext) }),
    ...(rich && { result: "rich" as const }),
  };
  return engine.execute(asked, { profile: PROFILE, timeout, ...options });
}

/** Groups whose cases look at what their code does, and neither at their process nor at what they leave in it. */
const BY_CODE = new Set([
  ...["VALUES", "FAILURES", "LOGS", "CONSOLE", "CRYPTO", "CHANNEL", "CUSTOM_TOOLS"],
  ...["RESULTS", "RICH", "INPUTS", "MODULES"],
]);

/** Characters of code beyond which what is left of it leaves the next case too little memory. */
const LARGE = 1_000_000;

/**
 * Options of cases that run after each other in a sandbox of one tenant. A worker for each costs a tenth of a process.
 * A soak gives each a sandbox of its own.
 */
export const SHARED: Partial<ExecuteOptions> = SOAK
  ? {}
  : { reuse: { key: "cases", scope: "tenant" } };

interface ContractOptions {
  readonly isolation?: boolean;
  /**
   * True if code runs in the real runtime. Attacks on the runtime's internals run only there, because they write to
   * every descriptor of their process.
   */
  readonly deno?: boolean;
  /** Tells of a case that it also runs another way, by the same runtime and the same runner. */
  readonly elsewhere?: (item: Case) => boolean;
  /** True if cases share sandboxes where they can. A sample of each group has sandboxes of its own. */
  readonly shared?: boolean;
  /** True for a further way to the same pool and runner, for which another engine proves the rest of the life cycle. */
  readonly sampled?: boolean;
}

/** Tests that all engines behave alike. */
export function engineContract(
  name: string,
  open: () => Promise<Engine>,
  {
    isolation = true,
    deno = isolation,
    elsewhere = () => false,
    shared = false,
    sampled: isSampled = false,
  }: ContractOptions = {},
): void {
  describe(`${name} engine`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    const groups = Object.entries({
      VALUES,
      FAILURES,
      LOGS,
      CONSOLE,
      ...(deno && { STREAMS }),
      TAMPERING,
      LIMITS,
      CRYPTO,
      CHANNEL,
      CUSTOM_TOOLS,
      ATTACHMENTS,
      RESULTS,
      RICH,
      INPUTS,
      LINGERING,
      ...(deno && { RUNTIME }),
      // The sandboxes of unit tests have a loader of their own.
      ...((deno || !isolation) && { MODULES }),
    });
    for (const [group, all] of groups) {
      const sampled = sample(all);
      const cases = all.filter((item) => !elsewhere(item) || sampled.includes(item));
      const possible = cases.filter((item) => isolation || item.isolation !== true);
      // Without a boundary, all cases of a group may be impossible.
      if (possible.length === 0) continue;
      describe(group.toLowerCase().replace("_", " "), () => {
        it.each(possible.map((item) => [item.name, item] as const))("%s", async (_name, item) => {
          const isShared =
            shared && BY_CODE.has(group) && !sampled.includes(item) && item.code.length < LARGE;
          // The short timeout must count only the code, not the start of a sandbox.
          await until(() => {
            const { warm, kept, leased } = engine.status();
            return isShared ? leased === 0 && warm + kept > 0 : warm > 0;
          });
          verify(await execute(engine, item, isShared ? SHARED : {}), item);
        });
      });
    }
    const further = provedElsewhere(isSampled);
    describe("life cycle", () => lifeCycle(() => engine, open, isolation ? BUSY : IDLE, further));
  });
}

/** Compares an outcome with the case's expectations. */
export function verify(outcome: Outcome, item: Case): void {
  expect(outcome).toMatchObject({ status: item.status });
  if ("result" in item) expect(outcome.result).toEqual(item.result);
  if (item.fault !== undefined) {
    const [name, message] = item.fault;
    expect(outcome.fault?.name).toBe(name);
    expect(outcome.fault?.message).toMatch(message);
    expect(outcome.logs.at(-1)).toMatchObject({ level: "exception", name });
    expect(outcome.logs.at(-1)?.hint).toBe(item.hint);
  }
  if (item.logs !== undefined) {
    const entries = outcome.logs.filter(({ level }) => level !== "exception");
    expect(entries.map(({ level, message }) => [level, message])).toEqual(item.logs);
  }
  expect(outcome.duration).toBeGreaterThanOrEqual(0);
  item.check?.(outcome);
}

/** Code that never ends. On level `none`, it must not block the only thread. */
const BUSY = job("export default () => { while (true) {} }");
const IDLE = job("export default () => new Promise(() => {})");

function lifeCycle(
  current: () => Engine,
  open: () => Promise<Engine>,
  endless: Job,
  further: typeof it,
): void {
  const quick = job("export default () => globalThis.mark = (globalThis.mark ?? 0) + 1");
  const options = { profile: PROFILE, timeout: 20_000 };

  it("never hands out a used sandbox", async () => {
    for (let round = 0; round < 4; round += 1) {
      expect(await current().execute(quick, options)).toMatchObject({ status: "ok", result: 1 });
    }
  });

  it("rejects with Aborted at once when its caller goes away", async () => {
    const caller = new AbortController();
    const execution = current().execute(endless, { ...options, signal: caller.signal });
    await until(() => current().status().leased === 1);
    caller.abort();
    await expect(execution).rejects.toBeInstanceOf(Aborted);
    await until(() => current().status().leased === 0);
    expect(await current().execute(quick, options)).toMatchObject({ status: "ok" });
  });

  further("does not start for a caller who is gone already", async () => {
    const signal = AbortSignal.abort();
    await expect(current().execute(quick, { ...options, signal })).rejects.toBeInstanceOf(Aborted);
  });

  further("refuses a job of more than 64 MB before it takes a sandbox", async () => {
    const attachments = [new Uint8Array(67_108_864)];
    await until(() => current().status().leased === 0);
    const execution = current().execute({ ...quick, attachments }, options);
    await expect(execution).rejects.toBeInstanceOf(PayloadTooLarge);
    expect(current().status().leased).toBe(0);
  });

  further("refuses results of more than 16 MB", async () => {
    const limits = { ...OUTPUT_LIMITS, resultBytes: MAX_RESULT_BYTES + 1 };
    const execution = current().execute({ ...quick, limits }, options);
    await expect(execution).rejects.toBeInstanceOf(BadRequest);
  });

  further("queues beyond its maximum, and refuses beyond its queue", async () => {
    const caller = new AbortController();
    await until(() => current().status().warm === 1);
    const running = [1, 2, 3].map(() =>
      current()
        .execute(endless, { ...options, signal: caller.signal })
        .catch(() => "aborted"),
    );
    await until(() => current().status().leased === CONTRACT_POOL.max);
    const queued = [1, 2].map(() => current().execute(quick, options));
    await expect(current().execute(quick, options)).rejects.toBeInstanceOf(HostBusy);
    caller.abort();
    expect(await Promise.all(running)).toEqual(["aborted", "aborted", "aborted"]);
    for (const outcome of await Promise.all(queued)) expect(outcome.status).toBe("ok");
  });

  /** Takes all sandboxes until the returned function is called. */
  const takeAll = async (): Promise<() => Promise<void>> => {
    const caller = new AbortController();
    await until(() => current().status().warm === 1);
    const running = [1, 2, 3].map(() =>
      current()
        .execute(endless, { ...options, signal: caller.signal })
        .catch(() => {}),
    );
    await until(() => current().status().leased === CONTRACT_POOL.max);
    return async () => {
      caller.abort();
      await Promise.all(running);
    };
  };

  further("waits for a sandbox as long as queueTimeout says, whatever the timeout", async () => {
    const giveBack = await takeAll();
    const late = current().execute(quick, { ...options, queueTimeout: 200 });
    await expect(late).rejects.toBeInstanceOf(HostBusy);
    await giveBack();
  });

  further(
    "gives the code all of its timeout, however long it has waited, and tells of the wait",
    async () => {
      const giveBack = await takeAll();
      const asked = performance.now();
      const late = current().execute(endless, { ...options, timeout: 300 });
      const caller = new AbortController();
      const gone = current().execute(quick, { ...options, signal: caller.signal });
      await new Promise((resolve) => setTimeout(resolve, 400));
      caller.abort();
      await expect(gone).rejects.toMatchObject({ usage: { cpu: 0, bytesOut: 0 } });
      await giveBack();
      const { status, duration, usage } = await late;
      const passed = performance.now() - asked;
      expect(status).toBe("timeout");
      expect(duration).toBeGreaterThanOrEqual(299);
      expect(usage?.queued).toBeGreaterThanOrEqual(399);
      expect(usage?.queued).toBeLessThanOrEqual(Math.ceil(passed - 299));
    },
  );

  further("tells of no wait where a sandbox is warm", async () => {
    await until(() => current().status().warm === 1);
    const { usage } = await current().execute(quick, options);
    expect(usage?.queued).toBeLessThan(50);
  });

  it("serves another profile beside its own", async () => {
    const profile = { ...PROFILE, memory: 192 };
    const outcome = await current().execute(quick, { profile, timeout: 20_000 });
    expect(outcome).toMatchObject({ status: "ok", result: 1 });
  });

  it("takes 16 MB in a sandbox of 256 MB, and gives as much", async () => {
    const attachments = [new Uint8Array(16_777_216).fill(1)];
    const sum = job("export default (_, bytes) => bytes.reduce((sum, byte) => sum + byte)");
    const profile = { ...PROFILE, memory: 256 };
    const outcome = await current().execute({ ...sum, attachments }, { profile, timeout: 20_000 });
    expect(outcome).toMatchObject({ status: "ok", result: 16_777_216 });
    const back = {
      ...job("export default (_, bytes) => bytes.subarray(1_000)"),
      attachments,
      result: "rich" as const,
      limits: { ...OUTPUT_LIMITS, resultBytes: MAX_RESULT_BYTES },
    };
    const { status, result } = await current().execute(back, { profile, timeout: 20_000 });
    expect([status, (result as Uint8Array).length]).toEqual(["ok", 16_776_216]);
  });

  it("ends what runs and refuses the rest once it is closed", async () => {
    const engine = await open();
    await until(() => engine.status().warm === 1);
    const execution = engine.execute(endless, options);
    const refused = expect(execution).rejects.toBeInstanceOf(ShuttingDown);
    await until(() => engine.status().leased === 1);
    await engine.close();
    await refused;
    await expect(engine.execute(quick, options)).rejects.toBeInstanceOf(ShuttingDown);
    expect(engine.status()).toMatchObject({ ready: false, warm: 0, starting: 0, leased: 0 });
  });
}

/** Seconds until a condition counts as lost. They measure nothing: a busy machine may take long to start sandboxes. */
const LOST_AFTER = 50;

/** Resolves once `condition` is true, which is tried `every` so many ms. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  every = 10,
): Promise<void> {
  const begun = performance.now();
  do {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, every));
  } while (performance.now() - begun < LOST_AFTER * 1_000);
  throw new Error(`The condition did not come true within ${LOST_AFTER} s`);
}
