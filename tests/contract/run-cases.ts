import { type Case, withStatus } from "./cases.ts";

const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

export const LOGS = withStatus("ok", [
  {
    name: "collects every level in order",
    code: "export default () => { console.log('a'); console.info('b'); console.warn('c'); console.error('d'); console.debug('e') }",
    logs: [
      ["log", "a"],
      ["info", "b"],
      ["warn", "c"],
      ["error", "d"],
      ["log", "e"],
    ],
  },
  {
    name: "joins arguments by a blank, objects as JSON",
    code: "export default (x) => { console.log('Processing data:', x, { a: 1 }, 2, undefined, null, true) }",
    input: [1, 2, 3],
    logs: [["log", 'Processing data: [1,2,3] {"a":1} 2 undefined null true']],
  },
  {
    name: "keeps the first 1,000 entries and counts the rest",
    code: "export default () => { for (let i = 0; i < 1500; i++) console.log(i); return 1 }",
    result: 1,
    logs: lines(1_000).map((line) => ["log", line] as const),
    check: ({ logsDropped }) => {
      if (logsDropped !== 500) throw new Error(`dropped ${logsDropped}`);
    },
  },
  {
    name: "survives a million entries",
    code: "export default () => { for (let i = 0; i < 1e6; i++) console.log(i); return 1 }",
    result: 1,
    check: ({ logs, logsDropped }) => {
      if (logs.length !== 1_000 || logsDropped !== 999_000)
        throw new Error(`${logs.length}, ${logsDropped}`);
    },
  },
  {
    name: "limits the bytes of a log",
    code: "export default () => { for (let i = 0; i < 100; i++) console.log('x'.repeat(1e5)); return 1 }",
    result: 1,
    check: ({ logs, logsDropped }) => {
      if (logs.length + logsDropped !== 100 || logs.length > 20) throw new Error(`${logs.length}`);
    },
  },
]);

export const TAMPERING: readonly Case[] = [
  {
    name: "ends although all objects have members of a message and of a descriptor",
    code: `export default () => {
      Object.assign(Object.prototype, { binary: new Uint8Array(5), get: () => 1 });
      return 1;
    }`,
    status: "ok",
    result: 1,
  },
  {
    name: "is not fooled by a replaced JSON",
    code: "export default () => { JSON.stringify = () => '\"forged\"'; JSON.parse = () => 1; return { a: [1] } }",
    status: "ok",
    result: { a: [1] },
  },
  {
    name: "is not fooled by a replaced Promise",
    code: "export default () => { Promise.prototype.then = () => { throw 1 }; globalThis.Promise = null; return 2 }",
    status: "ok",
    result: 2,
  },
  {
    name: "does not give its port away",
    isolation: true,
    code: "export default () => { let seen = 0; MessagePort.prototype.postMessage = function () { seen++ }; console.log('x'); return seen }",
    status: "ok",
    result: 0,
    logs: [["log", "x"]],
  },
  {
    name: "does not depend on replaced prototypes",
    code: "export default () => { for (const m of ['slice', 'replaceAll', 'startsWith', 'indexOf']) String.prototype[m] = () => { throw 3 }; Array.prototype.join = Array.prototype.map = () => { throw 4 }; console.log('still', [1]); return ['here'] }",
    status: "ok",
    result: ["here"],
    logs: [["log", "still [1]"]],
  },
  {
    name: "does not depend on replaced timers",
    code: "export default () => { globalThis.setTimeout = globalThis.setImmediate = () => { throw 5 }; return 3 }",
    status: "ok",
    result: 3,
  },
  {
    name: "reports self.close()",
    code: "export default async () => { self.close(); await new Promise((r) => setTimeout(r, 500)); return 1 }",
    status: "error",
    fault: ["ExitError", "Code called self.close()"],
  },
  {
    name: "reports process.exit()",
    code: "export default async () => { process.exit(3) }",
    status: "error",
    fault: ["ExitError", "Code called process.exit(3)"],
  },
  {
    name: "reports an imported exit()",
    isolation: true,
    code: "import { exit } from 'node:process';\nexport default () => exit(4)",
    status: "error",
    fault: ["ExitError", "Code called process.exit(4)"],
  },
  {
    name: "reports process.abort()",
    code: "export default () => process.abort()",
    status: "error",
    fault: ["ExitError", "Code called process.abort()"],
  },
  {
    name: "counts only the first outcome",
    code: "export default async () => { setTimeout(() => { throw new Error('second') }, 1); throw new Error('first') }",
    status: "error",
    fault: ["Error", "first"],
  },
];

export const LIMITS: readonly Case[] = [
  {
    name: "ends an endless loop",
    code: "export default () => { while (true) {} }",
    timeout: 400,
    status: "timeout",
    fault: ["TimeoutError", "Execution timeout"],
  },
  {
    name: "ends an endless loop at the top level",
    code: "while (true) {}",
    timeout: 400,
    status: "timeout",
    fault: ["TimeoutError", "Execution timeout"],
  },
  {
    name: "ends an endless wait",
    code: "export default () => new Promise(() => {})",
    timeout: 300,
    status: "timeout",
    fault: ["TimeoutError", "Execution timeout"],
  },
  {
    name: "keeps what was logged before the deadline",
    code: "export default () => { console.log('before'); while (true) {} }",
    timeout: 500,
    status: "timeout",
    fault: ["TimeoutError", "Execution timeout"],
    logs: [["log", "before"]],
  },
  {
    name: "ends code that allocates without end on the heap",
    isolation: true,
    code: "export default () => { const a = []; for (;;) a.push({ x: [1] }) }",
    timeout: 60_000,
    status: "crash",
    fault: ["MemoryError", "Memory limit of 128 MB exceeded"],
  },
];
