import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engines/contract/contract.ts";
import { Stage } from "../helpers/stage.ts";
import { provedElsewhere } from "./case-choice.ts";
import { SHARED, until } from "./engine-contract.ts";

/** Published example: one execution greets, another one waits for the greeting. */
export const PRODUCER = `export default function() {
  channel.emit('chat', { user: 'Alice', text: 'Hello from Worker A' }); return 'Sent';
}`;
export const CONSUMER = `export default async function() {
  return new Promise((resolve) => {
    channel.on('chat', (msg) => { console.log(\`Received: \${msg.text}\`); resolve(msg); });
  });
}`;
export const GREETING = { user: "Alice", text: "Hello from Worker A" };

/**
 * Tests the channel between executions, on every engine. `shared`: in new workers of a tenant's kept sandboxes. `sampled`:
 * a further way to the same runner, for which another engine proves the rest.
 */
export function channelContract(
  name: string,
  open: () => Promise<Engine>,
  { shared = false, sampled = false } = {},
): void {
  const further = provedElsewhere(sampled);
  describe(`${name} engine's channel`, () => {
    let engine: Engine;
    let stage: Stage;
    beforeAll(async () => {
      engine = await open();
      stage = new Stage(shared ? SHARED : {});
    });
    afterAll(async () => {
      await engine.close();
      expect(stage.router.tenants).toBe(0);
    });

    it("carries a message from one execution to another", async () => {
      const consumer = await stage.listening(engine, CONSUMER);
      const sent = await stage.run(engine, PRODUCER).outcome;
      expect(sent).toMatchObject({ status: "ok", result: "Sent" });
      const received = await consumer.outcome;
      expect(received).toMatchObject({ status: "ok", result: GREETING });
      expect(received.logs).toMatchObject([{ message: "Received: Hello from Worker A" }]);
    });

    further(
      "carries heartbeats between functions that have returned, until their time is up",
      async () => {
        const beating = `export default () => {
        setInterval(() => channel.emit("heartbeat", { status: "alive", time: Date.now() }), 300);
      }`;
        const listening = `export default () => {
        channel.on("heartbeat", (data) => console.log("heard:", data));
      }`;
        const begun = performance.now();
        const consumer = await stage.listening(engine, listening, 1, undefined, 6_000);
        const between = performance.now();
        const producer = await stage.run(engine, beating, undefined, 3_000).outcome;
        expect(producer).toMatchObject({ status: "ok", logs: [] });
        expect(performance.now() - between).toBeGreaterThanOrEqual(2_740);
        const { status, logs, result } = await consumer.outcome;
        expect([status, result]).toEqual(["ok", undefined]);
        expect(logs.length).toBeGreaterThanOrEqual(2);
        expect(logs[0]?.message).toMatch(/^heard: \{"status":"alive","time":\d+\}$/);
        expect(performance.now() - begun).toBeGreaterThanOrEqual(5_740);
      },
    );

    further("ends a function that has returned nothing with its last subscription", async () => {
      const { member } = stage.stranger([]);
      const code = `export default () => {
        const once = (data) => { console.log(data); channel.off("t", once); };
        channel.on("t", once);
      }`;
      const actor = await stage.listening(engine, code);
      member.emit("t", "1");
      const outcome = await actor.outcome;
      expect(outcome).toMatchObject({ status: "ok", logs: [{ message: "1" }] });
      expect(outcome.duration).toBeLessThan(10_000);
      member.leave();
    });

    further("does not keep a function with a value for its subscription", async () => {
      const code = "export default () => { channel.on('t', () => {}); return 'Sent'; }";
      const outcome = await stage.run(engine, code).outcome;
      expect(outcome).toMatchObject({ status: "ok", result: "Sent" });
      expect(outcome.duration).toBeLessThan(10_000);
    });

    it("carries nothing to the sender, nor to another tenant", async () => {
      const other = stage.stranger(["a"], "other");
      const same = stage.stranger(["a"]);
      const code = `export default () => new Promise((resolve) => {
        const got = [];
        channel.on("a", (data) => { got.push(data); if (data === "end") resolve(got) });
        channel.emit("a", "mine");
      })`;
      const actor = await stage.listening(engine, code);
      await until(() => same.heard.length === 1);
      same.member.emit("a", '"end"');
      expect(await actor.outcome).toMatchObject({ status: "ok", result: ["end"] });
      expect(same.heard).toEqual(["mine"]);
      expect(other.heard).toEqual([]);
      for (const { member } of [same, other]) member.leave();
    });

    further("stops with off(), at once and for that handler alone", async () => {
      const { member } = stage.stranger([]);
      const code = `export default () => new Promise((resolve) => {
        const got = { a: [], b: [], c: [] };
        const a = (n) => { got.a.push(n); channel.off("t", a); channel.off("t", c) };
        const b = (n) => { got.b.push(n); if (n === 2) { channel.off("t", b); resolve(got) } };
        const c = (n) => got.c.push(n);
        for (const handler of [a, a, b, c]) channel.on("t", handler);
      })`;
      const actor = await stage.listening(engine, code);
      for (const n of [1, 2, 3]) member.emit("t", `${n}`);
      expect((await actor.outcome).result).toEqual({ a: [1], b: [1, 2], c: [] });
      expect(actor.asked.filter(({ op }) => op !== "taken")).toMatchObject([
        { op: "on", topic: "t" },
        { op: "off", topic: "t" },
      ]);
    });

    further("gives each handler a copy of its own", async () => {
      const { member } = stage.stranger([]);
      const code = `export default () => new Promise((resolve) => {
        channel.on("t", (data) => { data.list.push(2); data.more = true });
        channel.on("t", resolve);
      })`;
      const actor = await stage.listening(engine, code);
      member.emit("t", '{"list":[1],"__proto__":{"x":1}}');
      const { result } = await actor.outcome;
      expect(JSON.stringify(result)).toBe('{"list":[1],"__proto__":{"x":1}}');
    });

    further.each([
      ["throws", '(n) => { throw new RangeError("No " + n) }'],
      ["rejects", 'async (n) => { throw new RangeError("No " + n) }'],
    ])("fails the execution whose handler %s, after the other handlers", async (_how, handler) => {
      const { member } = stage.stranger([]);
      const code = `export default () => new Promise(() => {
        channel.on("t", ${handler});
        channel.on("t", () => console.log("other"));
      })`;
      const actor = await stage.listening(engine, code);
      member.emit("t", "7");
      const outcome = await actor.outcome;
      const fault = {
        name: "RangeError",
        message: "No 7",
        stack: expect.stringContaining("main.ts"),
      };
      expect(outcome).toMatchObject({ status: "error", fault });
      const messages = outcome.logs.map(({ message }) => message);
      expect(messages.filter((message) => message !== "other")).toEqual(["No 7"]);
    });

    it("loses the oldest messages of a slow execution, and counts them", async () => {
      const { member } = stage.stranger([]);
      const code = `export default () => new Promise((resolve) => {
        const got = [];
        channel.on("t", (n) => { got.push(n); if (n === 299) resolve(got) });
        const end = Date.now() + 1_000;
        while (Date.now() < end);
      })`;
      const actor = await stage.listening(engine, code);
      for (let n = 0; n < 300; n += 1) member.emit("t", `${n}`);
      const outcome = await actor.outcome;
      const result = outcome.result as number[];
      expect(result).toEqual([0, 1, 2, 3, 4, 5, 6, 7, ...result.slice(8)]);
      expect(result.slice(8)).toEqual(Array.from({ length: 92 }, (_, i) => 208 + i));
      expect(outcome.usage).toMatchObject({ channelDropped: 200 });
    });

    it("delivers up to its limits, and the engine stays healthy", async () => {
      const flood = "export default () => { for (let n = 0; ; n++) channel.emit('t', n) }";
      const { heard, member } = stage.stranger(["t"]);
      const outcome = await stage.run(engine, flood).outcome;
      expect(outcome.fault?.message).toBe("The channel tool allows 10000 emits in one execution");
      await until(() => heard.length + member.dropped === 10_000);
      member.leave();
      const after = await stage.run(engine, PRODUCER).outcome;
      expect(after).toMatchObject({ status: "ok", result: "Sent" });
    });

    further("works with built-ins that code has replaced, which see nothing of it", async () => {
      const { heard, member } = stage.stranger(["out"]);
      const code = `const seen = [];
      const { apply } = Reflect;
      for (const [owner, ...names] of [
        [MessagePort.prototype, "postMessage", "start", "dispatchEvent", "addEventListener"],
        [EventTarget.prototype, "dispatchEvent", "addEventListener"],
        [JSON, "parse", "stringify"], [globalThis, "queueMicrotask", "Map", "Set", "Error"],
        [Map.prototype, "get", "set", "delete"], [Set.prototype, "add", "has", "forEach", "delete"],
        [TextEncoder.prototype, "encode"], [Object, "freeze"], [Reflect, "apply"],
      ]) for (const name of names) {
        const was = owner[name];
        owner[name] = function (...args) {
          if (args[0]?.type !== "close") seen.push(name);
          return apply(was, this, args);
        };
      }
      export default () => new Promise((resolve) => {
        const handler = (data) => { channel.off("in", handler); resolve([data, seen]) };
        channel.on("in", handler);
        channel.emit("out", "é");
      })`;
      const actor = await stage.listening(engine, code);
      await until(() => heard.length === 1);
      member.emit("in", '{"a":1}');
      expect(await actor.outcome).toMatchObject({ status: "ok", result: [{ a: 1 }, []] });
      expect(heard).toEqual(["é"]);
      member.leave();
    });

    further("does not give its port away to code that catches an event", async () => {
      const { member } = stage.stranger([]);
      const code = `const caught = [];
      const set = function () { caught.push(this) };
      Object.defineProperty(Event.prototype, "data", { set, configurable: true });
      export default async () => {
        channel.on("t", () => {});
        await new Promise((resolve) => setTimeout(resolve, 300));
        return caught.map((e) => [e.target, e.currentTarget, e.composedPath()]);
      }`;
      const actor = await stage.listening(engine, code);
      member.emit("t", "1");
      const { status, result } = await actor.outcome;
      expect(status).toBe("ok");
      expect((result as unknown[]).every((item) => JSON.stringify(item) === "[null,null,[]]")).toBe(
        true,
      );
    });
  });
}
