import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Calls, type HeardCall } from "../../src/calls/calls.ts";
import type { Engine, ExecuteOptions, Outcome } from "../../src/engines/contract/contract.ts";
import { CALL_LIMITS, CALLS_TOOL } from "../../src/protocol/calls.ts";
import { provedElsewhere } from "./case-choice.ts";
import { job, PROFILE } from "./engine-contract.ts";

type Answer = (call: HeardCall, calls: Calls) => void;

const NAMES = ["add", "fail", "echo", "never", "delete"];

/** Answers each call as its function says. */
const usual: Answer = ({ serial, name, text }, calls) => {
  const args = JSON.parse(text);
  const reply = (value: unknown, failed = false): void => {
    calls.answer(serial, { failed, text: JSON.stringify(value) });
  };
  if (name === "add") reply(args.a + args.b);
  if (name === "fail") reply({ name: "NoSuchUser", message: `No user ${args}` }, true);
  if (name === "echo" || name === "delete") reply(args);
};

/** Runs code whose caller has functions, as the kernel does. */
function run(
  engine: Engine,
  code: string,
  { answer = usual, names = NAMES, timeout = 20_000, ...more }: Options = {},
): { readonly outcome: Promise<Outcome>; readonly calls: Calls; readonly heard: HeardCall[] } {
  const heard: HeardCall[] = [];
  const calls: Calls = new Calls(names, (call) => {
    heard.push(call);
    answer(call, calls);
  });
  const tools = [{ name: CALLS_TOOL, config: { names } }];
  const options = { profile: PROFILE, timeout, calls, ...more };
  const outcome = engine.execute(job(code, undefined, "default", tools), options);
  return { outcome: outcome.finally(() => calls.close()), calls, heard };
}

interface Options extends Partial<ExecuteOptions> {
  readonly answer?: Answer;
  readonly names?: readonly string[];
}

/** Code that tries many calls, and returns what became of each. */
const MANY = `
const told = async (call) => {
  try { return await call(); } catch (error) { return error instanceof Error ? \`\${error.name}: \${error.message}\` : "no error"; }
};
export default async () => {
  const cycle = {}; cycle.self = cycle;
  return {
    sum: await told(() => tools.add({ a: 1, b: 2 })),
    failed: await told(() => tools.fail("bob")),
    keyword: await told(() => tools.delete([null, "x\\u2028\\n"])),
    nothing: await told(() => tools.echo()),
    proto: await told(async () => Object.hasOwn(await tools.echo(JSON.parse('{"__proto__":1}')), "__proto__")),
    two: await told(() => tools.echo(1, 2)),
    fn: await told(() => tools.echo(() => {})),
    inner: await told(() => tools.echo({ a: { b() {} } })),
    symbol: await told(() => tools.echo(Symbol())),
    cycle: (await told(() => tools.echo(cycle))).split("\\n")[0],
    bigint: await told(() => tools.echo(1n)),
    hostile: await told(() => tools.echo({ get a() { throw new RangeError("mine") } })),
    large: await told(() => tools.echo("x".repeat(${CALL_LIMITS.argsBytes}))),
    wide: (await tools.echo("é".repeat(${CALL_LIMITS.argsBytes / 2 - 1}))).length,
    isFrozen: Object.isFrozen(tools) && Object.isFrozen(tools.add) && Object.getPrototypeOf(tools) === null,
    names: Object.keys(tools).join(),
    replaced: await told(() => { globalThis.tools = 1; }),
  };
}`;

/**
 * Tests calls of code to functions of its caller, on every engine. `sampled`: a further way to the same runner, for which
 * another engine proves the rest.
 */
export function callContract(
  name: string,
  open: () => Promise<Engine>,
  { sampled = false } = {},
): void {
  const further = provedElsewhere(sampled);
  describe(`${name} engine's calls`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    it("carries arguments and answers as JSON, and refuses what JSON does not hold", async () => {
      const { result, status } = await run(engine, MANY).outcome;
      const unwritten = "TypeError: The argument of tools.echo cannot be written as JSON: ";
      expect(status).toBe("ok");
      expect(result).toEqual({
        sum: 3,
        failed: "NoSuchUser: No user bob",
        keyword: [null, "x\u2028\n"],
        nothing: null,
        proto: true,
        two: "TypeError: tools.echo takes one argument, not 2",
        fn: `${unwritten}it is a function`,
        inner: `${unwritten}"b" is a function`,
        symbol: `${unwritten}it is a symbol`,
        cycle: `${unwritten}Converting circular structure to JSON`,
        bigint: `${unwritten}Do not know how to serialize a BigInt`,
        hostile: `${unwritten}mine`,
        large: `Error: The functions of the caller allow ${CALL_LIMITS.argsBytes} bytes of arguments in one call`,
        wide: CALL_LIMITS.argsBytes / 2 - 1,
        isFrozen: true,
        names: NAMES.join(),
        replaced: expect.stringMatching(/^TypeError: /),
      });
    });

    it("has 32 calls at once, and 1,000 of a flood that awaits nothing", async () => {
      const waiting: HeardCall[] = [];
      let most = 0;
      const answer: Answer = (call, calls) => {
        waiting.push(call);
        most = Math.max(most, waiting.length);
        if (waiting.length < CALL_LIMITS.atOnce) return;
        for (const { serial, text } of waiting.splice(0))
          calls.answer(serial, { failed: false, text });
      };
      const flood = `export default async () => {
        const all = await Promise.allSettled(Array.from({ length: 100_000 }, (_, n) => tools.echo(n)));
        return all.filter(({ status, value }, n) => status === "fulfilled" && value === n).length;
      }`;
      const few: Answer = (call, calls) => {
        answer(call, calls);
        // The last ones are fewer than there may be at once.
        if (call.serial > CALL_LIMITS.calls - CALL_LIMITS.atOnce) {
          for (const { serial, text } of waiting.splice(0))
            calls.answer(serial, { failed: false, text });
        }
      };
      const { outcome, heard } = run(engine, flood, { answer: few, timeout: 60_000 });
      const { fault, result } = await outcome;
      expect({ fault, result }).toEqual({ fault: undefined, result: CALL_LIMITS.calls });
      expect(heard.length).toBe(CALL_LIMITS.calls);
      expect(most).toBe(CALL_LIMITS.atOnce);
    });

    further(
      "waits for calls of a function that returns nothing, and is told no late answer",
      async () => {
        const left = run(engine, `export default () => { tools.echo(1).then(console.log); }`);
        expect((await left.outcome).logs).toMatchObject([{ message: "1" }]);
        expect(left.calls.answer(1, { failed: false, text: "2" })).toBe("unknown");
        const early = run(engine, `export default () => { tools.never(1); return 5; }`);
        expect(await early.outcome).toMatchObject({ status: "ok", result: 5 });
        expect(early.heard.length).toBe(1);
        expect(early.calls.answer(1, { failed: false, text: "2" })).toBe("unknown");
      },
    );

    further("keeps to its limits after code has replaced what it can", async () => {
      const taken = `export default async () => {
        const text = JSON.stringify;
        Promise.prototype.then = Map.prototype.get = Map.prototype.set = JSON.stringify = () => "{}";
        Object.prototype.get = Object.prototype.value = () => 7;
        Object.freeze = Array.prototype.push = Promise.resolve = () => { throw new Error("taken"); };
        const sum = await tools.add({ a: 20, b: 22 });
        let name = "";
        try { await tools.fail("x"); } catch (error) { name = error.name; }
        delete Object.prototype.get; delete Object.prototype.value;
        return sum + name;
      }`;
      expect(await run(engine, taken).outcome).toMatchObject({ result: "42NoSuchUser" });
    });

    further("has no functions that are not declared, and an end in time", async () => {
      const absent = `export default () => [typeof tools]`;
      const plain = await engine.execute(job(absent), { profile: PROFILE, timeout: 20_000 });
      expect(plain.result).toEqual(["undefined"]);
      const waits = run(engine, "export default () => tools.never()", { timeout: 1_000 });
      expect((await waits.outcome).status).toBe("timeout");
    });

    it("gives a late answer to no later execution of a tenant's sandbox", async () => {
      const reuse = { key: "calls", scope: "tenant" } as const;
      const first = run(engine, "export default () => { tools.never(); return 1; }", { reuse });
      expect((await first.outcome).result).toBe(1);
      const late: Answer = ({ serial, text }, calls) => {
        const answered = first.calls.answer(serial, { failed: false, text: '"late"' });
        calls.answer(serial, { failed: false, text: answered === "unknown" ? text : '"reached"' });
      };
      const second = run(engine, "export default () => tools.echo(2)", { reuse, answer: late });
      expect((await second.outcome).result).toBe(2);
    });
  });
}
