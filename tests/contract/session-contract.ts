import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BadRequest, type SessionEnded } from "../../src/base/errors.ts";
import type { Engine, EngineSession, Job, Outcome } from "../../src/engines/contract/contract.ts";
import { job, PROFILE, until } from "./engine-contract.ts";

/** Code that replaces whatever a later execution's answer could be made with, and goes on afterwards. */
const HOSTILE = `
const forged = { type: "result", text: '"forged"', dropped: 0, reusable: true };
globalThis.posted = 0;
const post = () => {
  globalThis.posted += 1;
  try { globalThis.postMessage?.(forged); } catch {}
  try { self.dispatchEvent(new MessageEvent("message", { data: forged })); } catch {}
};
setInterval(post, 1);
const nothing = () => "forged";
for (const { prototype } of [Array, Promise, Map, Set, String, Function]) {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name === "constructor" || name === "length") continue;
    try { Object.defineProperty(prototype, name, { value: nothing, configurable: true, writable: true }); } catch {}
  }
}
for (const key of ["parse", "stringify"]) JSON[key] = nothing;
for (const key of ["apply", "construct", "defineProperty", "get", "ownKeys"]) Reflect[key] = nothing;
for (const key of ["Promise", "Error", "Date", "performance", "setTimeout", "MessagePort", "Blob", "URL", "Proxy", "queueMicrotask"]) {
  try { globalThis[key] = nothing; } catch {}
}
globalThis.console = { log() {} };
Object.defineProperty(Object.prototype, "type", { get: () => "result", set() {}, configurable: true });
Object.defineProperty(Object.prototype, "then", { get: () => undefined, set() {}, configurable: true });
export default () => 1;`;

/** Tests sessions on every engine: executions that share a realm, one after the other. */
export function sessionContract(name: string, open: () => Promise<Engine>, isReal = true): void {
  describe(`${name} engine's sessions`, () => {
    let engine: Engine;
    const sessions: EngineSession[] = [];
    beforeAll(async () => {
      engine = await open();
    });
    afterEach(() => Promise.all(sessions.splice(0).map((session) => session.end("closed"))));
    afterAll(() => engine.close());

    async function begin(): Promise<EngineSession> {
      const session = await engine.openSession({ profile: PROFILE });
      sessions.push(session);
      return session;
    }
    const run = (session: EngineSession, asked: Job | string, timeout = 20_000) =>
      engine.execute(typeof asked === "string" ? job(asked) : asked, {
        profile: PROFILE,
        timeout,
        session,
      });
    const messages = ({ logs }: Outcome) => logs.map(({ message }) => message);
    /** Tells how a call was refused: by its class and its reason. */
    const refusal = (promise: Promise<unknown>) =>
      promise.then(
        () => "none",
        (error: SessionEnded) => `${error.name} ${error.reason ?? ""}`.trim(),
      );

    it("keeps globals and imported modules, and runs other code each time", async () => {
      const [one, other] = await Promise.all([begin(), begin()]);
      const first = await run(
        one,
        `import { EventEmitter } from "node:events"; EventEmitter.mark = 7;
        console.log("first"); globalThis.n = 20; let own = 1; export default () => own;`,
      );
      expect(first).toMatchObject({ status: "ok", result: 1, usage: { fresh: "container" } });
      const second = await run(
        one,
        job(
          `import { EventEmitter } from "node:events";
          export default async (x: number) => { console.log("second"); return [n + x, typeof own, EventEmitter.mark]; }`,
          3,
        ),
      );
      expect(second).toMatchObject({ result: [23, "undefined", 7], usage: { fresh: "none" } });
      expect([messages(first), messages(second)]).toEqual([["first"], ["second"]]);
      expect(await run(other, "export default () => typeof n")).toMatchObject({
        result: "undefined",
      });
    });

    // At level `none` there are no workers.
    it.runIf(isReal)("has the worker of its grants before the first execution", async () => {
      const none = { env: false, net: false, read: false, write: false, sys: false } as const;
      const worker = { ...none, run: false, ffi: false, import: false } as const;
      const grants = { worker, env: {}, egress: null };
      const session = await engine.openSession({ profile: PROFILE, worker });
      sessions.push(session);
      await sleep(500);
      // Counted from the start of the worker.
      const aged = await run(session, { ...job("export default () => performance.now()"), grants });
      expect(aged.result).toBeGreaterThan(450);
    });

    it("goes on after failures of the code, and tells their places", async () => {
      const session = await begin();
      const failing = [
        ["export default () => { throw new TypeError('no') }", "TypeError"],
        ["throw new RangeError('at the top')", "RangeError"],
        ["export default (", "SyntaxError"],
        ["export const other = 1;", "EntryError"],
        ["export default () => 1n", "SerializationError"],
      ] as const;
      for (const [code, fault] of failing) {
        const failed = await run(session, code);
        expect(failed).toMatchObject({ status: "error", fault: { name: fault } });
        if (fault === "TypeError") expect(failed.fault?.stack).toContain("(main.ts:1:");
      }
      const stack = await run(
        session,
        "globalThis.fail = () => { throw new Error('late') }; export default () => fail()",
      );
      expect(stack.fault?.stack).toMatch(/main.ts:1:/);
      expect(await run(session, "export default () => 5")).toMatchObject({ result: 5 });
    });

    it("runs one at a time, with tools that need nothing new", async () => {
      const session = await begin();
      const running = run(
        session,
        "export default () => new Promise((r) => setTimeout(r, 300, 1))",
      );
      expect(await refusal(run(session, "export default () => 2"))).toBe("SessionBusy");
      expect(await running).toMatchObject({ result: 1 });
      const channel = job("export default () => 1", undefined, "default", [
        { name: "channel", config: {} },
      ]);
      await expect(run(session, channel)).rejects.toThrow(BadRequest);
      expect(await run(session, "export default () => 3")).toMatchObject({ result: 3 });
    });

    it("ends with a timeout, an exit, a failure of earlier work and an abort, and says why", async () => {
      const ends = async (code: string, timeout?: number): Promise<string> => {
        const session = await begin();
        await run(session, "export default () => 1");
        await run(session, code, timeout);
        const reason = await session.ended;
        expect(await refusal(run(session, "export default () => 1"))).toBe(
          `SessionEnded ${reason}`,
        );
        return reason;
      };
      const forever = "export default () => { for (;;); }";
      expect(await ends(forever, 300)).toBe("timeout");
      if (isReal) expect(await ends("export default () => Deno.exit(0)")).toBe("exit");
      const session = await begin();
      const running = run(
        session,
        "export default () => new Promise(() => setInterval(() => {}, 9))",
      );
      const stopped = expect(running).rejects.toMatchObject({ name: "Aborted" });
      await session.end("closed");
      await stopped;
      expect(await refusal(run(session, "export default () => 1"))).toBe("SessionEnded closed");
      // At level `none` nobody knows which execution a failure is of.
      if (!isReal) return;
      const left = await begin();
      await run(
        left,
        `globalThis.isOver = false;
        const waiting = setInterval(() => {
          if (!isOver) return;
          clearInterval(waiting);
          Promise.reject(new Error("later"));
        }, 1);
        export default () => 1;`,
      );
      await run(left, "globalThis.isOver = true; export default () => 1");
      const later = "export default () => new Promise((resolve) => setTimeout(resolve, 20))";
      await until(async () => (await refusal(run(left, later))) !== "none");
      expect(await left.ended).toBe("failed");
    });

    it("tells the truth about an execution after a hostile one", async () => {
      const session = await begin();
      const first = await run(session, HOSTILE);
      expect(first).toMatchObject({ status: "ok", result: 1 });
      const control = await run(session, "export default () => 40 + 2");
      expect(control).toMatchObject({ status: "ok", result: 42, logs: [] });
      const thrown = await run(session, "export default () => { throw 5 }");
      expect(thrown).toMatchObject({ status: "error", fault: { message: "5" } });
      const stuck = await run(session, "export default () => { for (;;); }", 400);
      expect(stuck).toMatchObject({ status: "timeout" });
      expect(stuck.duration).toBeGreaterThanOrEqual(390);
      expect(await session.ended).toBe("timeout");
    });

    it("gives no sandbox to another, and none away", async () => {
      const session = await begin();
      await run(session, "globalThis.secret = 1; export default () => 1");
      const other = job("export default () => typeof secret");
      const options = { profile: PROFILE, timeout: 20_000 };
      expect(await engine.execute(other, options)).toMatchObject({ result: "undefined" });
      expect(engine.status().kept).toBe(0);
      await session.end("closed");
    });
  });
}
