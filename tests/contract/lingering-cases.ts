import { expect } from "vitest";
import type { Case } from "./cases.ts";

/** Functions that return nothing, and leave intervals behind. */
export const LINGERING: readonly Case[] = [
  {
    name: "lets intervals go on until the time is up",
    code: `export default () => { let n = 0; setInterval((step) => console.log(n += step), 200, 2); }`,
    timeout: 2_500,
    status: "ok",
    check: ({ duration, logs, result }) => {
      expect(result).toBeUndefined();
      expect(logs.slice(0, 2).map(({ message }) => message)).toEqual(["2", "4"]);
      expect(duration).toBeGreaterThanOrEqual(600);
    },
  },
  ...["clearInterval", "clearTimeout"].map(
    (clear): Case => ({
      name: `ends with the last interval, by ${clear}`,
      code: `export default () => {
        let n = 0;
        const id = setInterval(() => { console.log(n += 1); if (n === 3) ${clear}(id) }, 20);
        ${clear}(setInterval(() => {}, 10));
      }`,
      status: "ok",
      logs: [1, 2, 3].map((n) => ["log", `${n}`]),
      check: ({ duration }) => expect(duration).toBeLessThan(10_000),
    }),
  ),
  {
    name: "waits for the last timers after the last interval",
    code: `export default () => {
      const id = setInterval(() => {
        clearInterval(id);
        setTimeout(() => { throw new RangeError("late") }, 20);
      }, 5);
    }`,
    status: "error",
    fault: ["RangeError", /^late$/],
  },
  {
    name: "does not wait for an interval beside a value",
    code: "export default () => { setInterval(() => {}, 5); return 2; }",
    status: "ok",
    result: 2,
    check: ({ duration }) => expect(duration).toBeLessThan(10_000),
  },
  {
    name: "fails with an interval that throws",
    code: `export default () => { setInterval(() => { throw new RangeError("third") }, 150); }`,
    status: "error",
    fault: ["RangeError", /^third$/],
  },
  {
    name: "is stopped by its timeout if an interval blocks",
    code: `export default () => { setInterval(() => { console.log("in"); while (true); }, 10); }`,
    isolation: true,
    timeout: 1_000,
    status: "timeout",
    fault: ["TimeoutError", /^Execution timeout$/],
    logs: [["log", "in"]],
  },
  {
    name: "cannot be kept beyond its time by code that has replaced built-ins",
    code: `Promise.prototype.then = function () {}; Set.prototype.delete = () => true;
      globalThis.setTimeout = globalThis.clearInterval = () => {};
      export default () => { setInterval(() => {}, 50); }`,
    timeout: 1_000,
    status: "ok",
  },
];
