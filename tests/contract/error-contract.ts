import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine, Job } from "../../src/engines/contract/contract.ts";
import { FAULT_LIMITS, MAX_FAULT_PARTS, MAX_FAULT_TEXT } from "../../src/protocol/limits.ts";
import type { LogEntry } from "../../src/request/types.ts";
import { provedElsewhere, sample } from "./case-choice.ts";
import { job, PROFILE } from "./engine-contract.ts";
import { HOSTILE, HOSTILE_CODE, STACKS, TAMPERED, THROWING, THROWN } from "./error-cases.ts";

/** Files of the runner and the host, as a stack would show them. */
const FRAMES_OF_OURS =
  /\b(?:worker|host|thread|code-runs?)\.[jt]s|isolate:runner|in-process|node:vm/;

const CHANNEL = { name: "channel", config: {} };

/**
 * Tests on every engine what an exception tells. One sandbox runs a whole table. `sampled`: a further way to the same
 * runner, for which another engine proves the rest.
 */
export function errorContract(
  name: string,
  open: () => Promise<Engine>,
  { sampled = false } = {},
): void {
  const further = provedElsewhere(sampled);
  describe(`${name} engine's exceptions`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    const chosen = <Item>(items: Item[]): Item[] => (sampled ? [...sample(items)] : items);

    async function exceptionOf(asked: Job, key?: string): Promise<LogEntry> {
      const profile = { ...PROFILE, memory: 512 };
      const reuse = key === undefined ? {} : { reuse: { key } };
      const { logs } = await engine.execute(asked, { profile, timeout: 30_000, ...reuse });
      return logs.at(-1) ?? { level: "log", message: "No exception", timestamp: 0 };
    }

    it.each(chosen(Object.entries(THROWN)))("tell of %s", async (thrown, expected) => {
      const entry = await exceptionOf(job(THROWING, thrown), "throwing");
      expect(entry).toMatchObject({ level: "exception", ...expected });
      for (const part of ["cause", "errors", "details", "truncated", "hint"] as const) {
        expect.soft(part in entry).toBe(part in expected);
      }
      expect(JSON.stringify(entry)).not.toMatch(FRAMES_OF_OURS);
    });

    it.each(chosen(Object.keys(HOSTILE)))(
      "of hostile %s stay within their limits",
      async (thrown) => {
        const entry = await exceptionOf(job(HOSTILE_CODE, thrown), "hostile");
        const { message, stack = "", cause, errors, details, truncated } = entry;
        expect(entry.level).toBe("exception");
        expect(message.length).toBeLessThanOrEqual(MAX_FAULT_TEXT);
        expect(stack.length).toBeLessThanOrEqual(MAX_FAULT_TEXT);
        const parts = JSON.stringify({ cause, errors, details, truncated });
        expect(Buffer.byteLength(parts)).toBeLessThanOrEqual(MAX_FAULT_PARTS);
        HOSTILE_CHECKS[thrown]?.(entry);
      },
    );

    further("tell what code with built-ins of its own throws", async () => {
      expect(await exceptionOf(job(TAMPERED))).toMatchObject({
        message: "tampered",
        cause: { message: "kept" },
        details: { code: 7 },
      });
    });

    it("have no frame of ours, wherever code reads its stack", async () => {
      const asked = job(STACKS, undefined, "default", [CHANNEL]);
      const { result, logs } = await engine.execute(asked, { profile: PROFILE, timeout: 20_000 });
      expect(logs).toEqual([]);
      const stacks = Object.entries(result as Record<string, string>);
      expect(stacks.length).toBeGreaterThanOrEqual(12);
      for (const [moment, stack] of stacks) {
        expect.soft(stack, moment).toMatch(/^\w*Error\b.*\n {4}at /);
        expect.soft(stack, moment).not.toMatch(FRAMES_OF_OURS);
      }
    });

    further("have a syntax error's place, and no URL", async () => {
      for (const code of ["return 5", "let a; let a;", "export default () => { let x = ; }"]) {
        const { name: error, message, stack } = await exceptionOf(job(code));
        expect([error, message, stack]).toEqual([
          "SyntaxError",
          expect.stringMatching(/^[^\n]* \(1:\d+\)$/),
          undefined,
        ]);
        expect(message).not.toContain("blob:");
      }
    });
  });
}

const depthOf = ({ cause }: { cause?: object }): number => (cause ? 1 + depthOf(cause) : 0);

const HOSTILE_CHECKS: Readonly<Record<string, (entry: LogEntry) => void>> = {
  causes: (entry) => {
    expect(depthOf(entry)).toBe(FAULT_LIMITS.depth);
    expect(JSON.stringify(entry)).toContain('"truncated":["cause"]');
  },
  errors: ({ errors, truncated }) => {
    expect(errors?.length).toBeLessThanOrEqual(FAULT_LIMITS.faults);
    expect(truncated).toEqual(["errors"]);
  },
  keys: ({ details, truncated }) => {
    expect(Object.keys(details ?? {})).toHaveLength(FAULT_LIMITS.members);
    expect(truncated).toEqual(["details"]);
  },
  nested: ({ truncated }) => expect(truncated).toEqual(["details"]),
  texts: ({ truncated }) => expect(truncated).toEqual(["details"]),
  message: ({ cause }) => expect(cause?.message).toBe("[100000000 characters]"),
  getters: (entry) => {
    expect(entry.details).toEqual({ kept: 2 });
    expect(entry).not.toHaveProperty("cause");
  },
  proxy: ({ name, message }) => {
    expect([name, message]).toEqual(["Exception", "The thrown value cannot be described"]);
  },
  proxyOfError: ({ name, message }) => expect([name, message]).toEqual(["Error", "in"]),
  prototype: ({ details }) => expect(details).toEqual({ a: 1 }),
  inner: ({ message, cause }) => {
    expect(message).toBe("outer");
    expect(cause).toEqual({ name: "Exception", message: "The value cannot be described" });
  },
};
