import { customTools, exampleTool } from "../helpers/tools.ts";
import type { Case } from "./cases.ts";

const [greeter, logger, checks] = await Promise.all(
  ["greeter.ts", "simple-logger.ts", "checks.ts"].map((file) => customTools(exampleTool(file))),
);

/** Makes the source of a tool with this code as its setup; it can use `globals`. */
const withSetup = (name: string, setup: string, before = "") =>
  `${before}\nexport default { name: "${name}", async setup(globals) { ${setup} } }`;

const tool = (setup: string, before?: string) => customTools(withSetup("probe", setup, before));

/** A megabyte of functions, as in a large package. */
const LARGE = Array.from(
  { length: 12_000 },
  (_, n) => `export function f${n}(x: number) { return x + ${n}; /* ${"-".repeat(40)} */ }`,
).join("\n");

/** Behaviour of custom tools on every engine. */
export const CUSTOM_TOOLS: readonly Case[] = [
  {
    name: "give code what they put on their globals",
    code: "export default (name) => [greeter.greet(name), greeter.greet(name)]",
    input: "Ada",
    tools: greeter ?? [],
    status: "ok",
    result: ["Hello, Ada! You are number 1.", "Hello, Ada! You are number 2."],
  },
  {
    name: "log by the console",
    code: "export default () => { logger.warn('careful'); logger.info('done') }",
    tools: logger ?? [],
    status: "ok",
    logs: [
      ["warn", "[warn] careful"],
      ["info", "[info] done"],
    ],
  },
  {
    name: "bring their packages along",
    code: "export default (texts) => texts.map((text) => [checks.isEmail(text), checks.isIp(text)])",
    input: ["ada@example.com", "10.0.0.1"],
    tools: checks ?? [],
    status: "ok",
    result: [
      [true, false],
      [false, true],
    ],
  },
  {
    name: "are absent unless they are named",
    code: "export default () => [typeof greeter, typeof logger]",
    tools: logger ?? [],
    status: "ok",
    result: ["undefined", "object"],
  },
  {
    name: "may be several, beside a built-in one",
    code: "export default () => [greeter.greet('x'), one, two, typeof crypto.randomUUID]",
    tools: [
      ...(greeter ?? []),
      { name: "crypto", config: { subtle: true, limit: 1, methods: ["randomUUID"] } },
      ...(await customTools(
        withSetup("one", "globals.one = 1"),
        withSetup("two", "globals.two = 2"),
      )),
    ],
    status: "ok",
    result: ["Hello, x! You are number 1.", 1, 2, "function"],
  },
  {
    name: "may set themselves up in their own time",
    code: "export default () => late",
    tools: await tool("await new Promise((r) => setTimeout(r, 50)); globals.late = 'here'"),
    status: "ok",
    result: "here",
  },
  {
    name: "may use modules of the runtime",
    code: "export default () => joined",
    tools: await tool(
      "globals.joined = [join('a', 'b'), (await import('node:path')).sep]",
      "import { join } from 'path';",
    ),
    status: "ok",
    result: ["a/b", "/"],
  },
  {
    name: "may be large",
    code: "export default () => sum(1)",
    tools: await tool(
      "globals.sum = (x) => f0(x) + f11999(x); globals.all = [f0, f11999].concat(eval('[]'))",
      LARGE,
    ),
    status: "ok",
    result: 12_001,
  },
  {
    name: "cannot be replaced or removed",
    isolation: true,
    code: `export default () => {
      const tried = [
        () => { globalThis.greeter = 1 },
        () => { delete globalThis.greeter },
        () => { Object.defineProperty(globalThis, "greeter", { value: 1 }) },
        () => { greeter.greet = 1 },
      ].map((attempt) => { try { attempt(); return "done" } catch (error) { return error.name } });
      return [tried, typeof greeter.greet];
    }`,
    tools: greeter ?? [],
    status: "ok",
    result: [["TypeError", "TypeError", "TypeError", "TypeError"], "function"],
  },
  {
    name: "are there before code replaces what they are made with",
    code: `
      const tampered = () => { throw new Error("tampered") };
      Object.defineProperty = Object.getOwnPropertyNames = Object.freeze = tampered;
      Function.prototype.call = Reflect.apply = tampered;
      globalThis.Function = globalThis.WeakMap = tampered;
      process.getBuiltinModule = tampered;
      export default () => [value, later()]`,
    tools: await tool(
      "globals.value = 7; globals.later = () => basename('/a/b')",
      ["import { basename } from 'node:path';"].join(""),
    ),
    status: "ok",
    result: [7, "b"],
  },
  {
    name: "do not show their source",
    isolation: true,
    code: `
      const SECRET = "s3" + "cret";
      export default async () => {
        let stack = "";
        try { probe() } catch (error) { stack = error.stack }
        const seen = [stack];
        Error.prepareStackTrace = (_error, sites) => sites.flatMap((site) =>
          [site.getFileName?.(), site.getScriptNameOrSourceURL?.(), site.getEvalOrigin?.(),
            site.getFunction?.(), site.getThis?.()].map(String));
        try { probe() } catch (error) { seen.push(...error.stack) }
        try { call(function () { seen.push(String(arguments.callee.caller)) }) } catch {}
        for (const [url] of String(seen).matchAll(/(?:blob|data|tool):[^\\s),]+?(?=:\\d|[\\s),]|$)/g)) {
          if (url === import.meta.url) continue;
          const found = await Promise.all([
            import(url).then((module) => Object.values(module).map(String), String),
            import(url, { with: { type: "text" } }).then((module) => module.default, String),
            fetch(url).then((response) => response.text(), String),
          ]);
          seen.push(...found);
        }
        return [stack !== "", String(seen).includes(SECRET)];
      }`,
    tools: await tool(
      "globals.probe = () => { throw new Error('x') }; globals.call = (f) => f(); hide('s3cret')",
      "const hide = (_text) => {};",
    ),
    status: "ok",
    result: [true, false],
  },
  {
    name: "may not replace what the runner relies on",
    code: "export default () => 1",
    tools: await tool("globals.console = {}"),
    status: "error",
    fault: ["ToolError", 'Tool "probe" failed in setup: "console" belongs to the runner'],
  },
  {
    name: "may not replace each other's globals",
    code: "export default () => 1",
    tools: await customTools(
      withSetup("one", "globals.shared = 1"),
      withSetup("two", "globals.shared = 2"),
    ),
    status: "error",
    fault: ["ToolError", 'Tool "two" failed in setup: "shared" is already injected'],
  },
  {
    name: "that throw in setup end the execution by name",
    code: "console.log('never'); export default () => 1",
    tools: await tool("console.log('before'); throw new TypeError('no luck')"),
    status: "error",
    fault: ["ToolError", 'Tool "probe" failed in setup: no luck'],
    logs: [["log", "before"]],
  },
  {
    name: "that cannot be made here end the execution by name",
    code: "export default () => 1",
    tools: [{ name: "probe", config: {}, module: "throw new Error('no module')" }],
    status: "error",
    fault: ["ToolError", 'Tool "probe" failed in setup: no module'],
  },
  {
    name: "that never get ready run into the timeout",
    code: "export default () => 1",
    timeout: 400,
    tools: await tool("await new Promise(() => {})"),
    status: "timeout",
    fault: ["TimeoutError", "Execution timeout"],
  },
];
