import { type Case, withStatus } from "./cases.ts";

/** Resolves with the message of what `what` throws, or with its value as text. */
const ATTEMPT = `const attempt = async (what) => {
  try { return String(await what()); } catch (error) { return error.message.split("\\n")[0]; }
};\n`;

const LOADED = withStatus("ok", [
  {
    name: "imports the runtime's modules by their bare names",
    code: `import fs from "fs";
      import { readFile } from "fs/promises";
      import { sep } from "path";
      import os from "os";
      export default async () => [
        typeof fs.readFileSync, readFile === fs.promises.readFile, sep, typeof os.EOL,
        (await import("stream/web")).ReadableStream === ReadableStream,
      ]`,
    result: ["function", true, "/", "string", true],
  },
  {
    name: "gives the module the address of a file",
    code: `import { createRequire } from "node:module";
      import { fileURLToPath } from "node:url";
      const require = createRequire(import.meta.url);
      export default () => [
        require("node:path").sep, require("fs") === require("node:fs"), import.meta.url,
        new URL("./x.txt", import.meta.url).href, fileURLToPath(import.meta.url),
        import.meta.filename, import.meta.dirname, import.meta.resolve("./a.ts"),
        import.meta.resolve("node:fs"), import.meta.main,
      ]`,
    result: [
      "/",
      true,
      "file:///main.ts",
      "file:///x.txt",
      "/main.ts",
      "/main.ts",
      "/",
      "file:///a.ts",
      "node:fs",
      false,
    ],
  },
  {
    name: "reads JavaScript as JavaScript",
    code: "const f=(...x)=>x, a=1, b=2, c=3; let d; export default () => [f(a<b, c>(d=1)), (a|0)<(b|0)|(c|0)>(0)]",
    result: [[true, true], 1],
  },
  {
    name: "reads the same text as TypeScript if the request says so",
    language: "typescript",
    code: "const a = (...x) => x.length, f = (...x) => x; type b = 1; type c = 2; let d; export default () => f(a<b, c>(d=1))",
    result: [1],
  },
  {
    name: "compiles enums and parameter properties",
    code: `enum Kind { A = 2, B }
      class Point { constructor(readonly x: number) {} }
      export default () => [Kind.B, Kind[2], new Point(7).x, import.meta.url]`,
    result: [3, "A", 7, "file:///main.ts"],
  },
  {
    name: "drops imports that are types alone",
    code: 'import { IncomingMessage } from "node:http"; export default (a?: IncomingMessage) => typeof a',
    result: "undefined",
  },
  {
    name: "loads a module that exports then",
    code: "export function then(resolve) { resolve(5) }\nexport default () => 1",
    result: 1,
  },
  {
    name: "loads a module that exports then after an await",
    code: "const n: number = await 3; export const then = (r: Function) => r({ default: () => 0 }); export default () => n",
    result: 3,
  },
  {
    name: "compiles JSX with a pragma",
    code: 'const h=(t:any,p:any,...c:any[])=>({t,p,c}); /** @jsx h */ export default () => <div a="1">x</div>',
    result: { t: "div", p: { a: "1" }, c: ["x"] },
  },
  {
    name: "compiles JSX of JavaScript with a pragma",
    language: "javascript",
    code: "/** @jsx h */\nconst h = (t, p, ...c) => [t, p, ...c];\nexport default () => <b>x</b>",
    result: ["b", null, "x"],
  },
  {
    name: "runs a script's first line",
    code: "#!/usr/bin/env deno\nexport default () => 1",
    result: 1,
  },
]);

const FAULTS = withStatus("error", [
  {
    name: "tells line and column of a syntax error",
    code: "return 5",
    fault: ["SyntaxError", /return.* \(1:1\)$/i],
    hint: "The code is a module, and no body of a function: write export default () => { … } around it",
  },
  {
    name: "tells line and column of a syntax error in TypeScript",
    code: "const n: number = 1;\nexport default () => {\n  const a = ;\n}",
    fault: ["SyntaxError", /^[^\n]* \(\d:\d+\)$/],
  },
  {
    name: "does not compile JavaScript that has types",
    language: "javascript",
    code: "export default (x: number) => x",
    fault: ["SyntaxError", /^Unexpected token.* \(1:18\)$/],
  },
  {
    name: "keeps positions behind removed types",
    code: "interface A { a: number }\ntype B = A;\nexport default function run(x: A | undefined) {\n  throw new Error('x') }",
    fault: ["Error", "x"],
    check: ({ fault }) => expectStack(fault?.stack, /at run \(main\.ts:4:9\)/),
  },
  {
    name: "keeps lines where more than types is removed",
    code: "enum A { B }\n\nexport default function run(x?: A) {\n\n  throw new Error('x' + A.B) }",
    fault: ["Error", "x0"],
    check: ({ fault }) => expectStack(fault?.stack, /at run \(main\.ts:5:9\)/),
  },
]);

const EVALUATED_TWICE =
  "globalThis.n = (globalThis.n ?? 0) + 1; if (n > 1) console.log('twice');\n";

/** Code cannot be evaluated twice by an error that looks like one of the loader. */
const ONCE = withStatus(
  "error",
  [
    'throw new SyntaxError("x at file:///main.ts:1:1")',
    'const a: number = 1; throw new SyntaxError("x at file:///main.ts:1:1")',
    'throw new TypeError("Loading unprepared module: data:text/javascript,1, imported from: file:///main.ts")',
    'throw new TypeError("SyntaxError: x\\n at file:///main.ts:1:1")',
    'JSON.parse("{")',
  ].map((line) => ({
    name: `evaluates once: ${line.slice(0, 60)}`,
    code: EVALUATED_TWICE + line,
    logs: [],
  })),
);

/** Code that has been evaluated, and imports while the loader makes another attempt. */
const BESIDE_HOOKS = withStatus("error", [
  {
    name: "finds no hook to import by",
    code: `let left = 2_000;
      const names = ["node:vm", "node:v8", "node:process", "vm"];
      const look = () => {
        for (const name of names) {
          import(name).then((found) => {
            if (found.default !== process.getBuiltinModule(name)) console.log("the original of " + name);
          }, () => {});
        }
        if (--left > 0) (left % 2 ? setTimeout : queueMicrotask)(look);
      };
      look();
      Object.defineProperty(Object.prototype, "identifier", { get() { throw new Error("x"); } });
      throw new TypeError("Loading unprepared module: data:text/javascript,1, imported from: file:///main.ts")`,
    logs: [],
  },
]);

/** Cases of the real runtime, whose modules of a run level `none` has not. */
const OF_DENO = [
  ...withStatus("ok", [
    {
      name: "is the module that it imports by its own name",
      code: `export let n = 0; n += 1;
        export default async () => {
          n += 1;
          const [a, b, c] = [await import("file:///main.ts"), await import(import.meta.url), await import("./main.ts")];
          return [a === b, b === c, c.n];
        }`,
      result: [true, true, 2],
    },
    {
      name: "runs its own module in a worker",
      code: `if (self.name === "own") self.onmessage = ({ data }) => self.postMessage([data, import.meta.url]);
        export default () => new Promise((resolve) => {
          const worker = new Worker(import.meta.url, { type: "module", name: "own" });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => { event.preventDefault(); resolve(event.message); };
          worker.postMessage(7);
        })`,
      result: [7, "file:///main.ts"],
    },
    {
      name: "compiles namespaces",
      code: "namespace Space { export const n = 5 }\nexport default () => Space.n",
      result: 5,
    },
    {
      name: "compiles decorators",
      code: "const d = (v: any, c: any) => v;\n@d class A { static x = 1 }\nexport default () => A.x",
      result: 1,
    },
    {
      name: "imports data with attributes",
      code: `import list from "data:application/json,[1]" with { type: "json" };
        import text from "data:text/plain,abc" with { type: "text" };
        import two from "data:text/javascript,export default 2";
        export default async () => [
          list, text, two,
          (await import(URL.createObjectURL(new Blob(["export const a: number = 3"], { type: "text/typescript" })))).a,
        ]`,
      result: [[1], "abc", 2, 3],
    },
    {
      name: "gives no hooks, and no way to files by its address",
      code: `import module, { createRequire } from "module";
        import same from "node:module";
        ${ATTEMPT}const require = createRequire(import.meta.url);
        export default async () => {
          const places = [
            "file:///etc/passwd", "/etc/passwd", "../../etc/passwd", "file:///%65tc/passwd", "file:///etc//passwd",
            "file:///proc/self/root/etc/passwd", "file:///proc/self/environ", "file:///runner/host.js",
            "file:///runner/import-map.json", "file://localhost/etc/passwd",
          ];
          const found = [];
          for (const place of places) {
            for (const what of [
              () => import(place), () => import(place, { with: { type: "text" } }),
              () => import(place, { with: { type: "json" } }),
              () => require(place.replace(/^file:\\/\\/(localhost)?/, "")),
            ]) {
              const said = await attempt(what);
              if (!/^(Requires read access|Module not found|Cannot find|Unable to load|Invalid|Host)/i.test(said)) found.push([place, said]);
            }
          }
          found.push(await attempt(() => module.registerHooks({})), await attempt(() => require("module").registerHooks({})));
          found.push(same === module, require("module") === same);
          return found;
        }`,
      result: [
        'registerHooks() needs {"permissions":{"hrtime":true}}',
        'registerHooks() needs {"permissions":{"hrtime":true}}',
        true,
        true,
      ],
    },
    {
      name: "gets the changed modules by bare names",
      code: `import v8 from "v8"; import vm from "vm"; import processOf from "process"; import { WASI } from "wasi";
        ${ATTEMPT}export default async () => [
          v8 === process.getBuiltinModule("node:v8"), (await import("node:v8")).default === v8,
          vm === process.getBuiltinModule("vm"), processOf === process,
          await attempt(() => v8.setFlagsFromString("--allow-natives-syntax")), typeof WASI,
        ]`,
      result: [true, true, true, true, "Code may not set flags of V8", "function"],
    },
    {
      name: "reaches no module of the runner that loads code",
      code: `const kept = [];
        for (const name of ["Blob", "RegExp", "SyntaxError", "URL", "Map"]) kept.push(typeof globalThis[name]);
        Object.defineProperty(Object.prototype, "deregister", { get() { globalThis.leaked = this; }, configurable: true });
        Object.defineProperty(Object.prototype, "source", { get() { globalThis.leaked = this; }, configurable: true });
        export default async () => {
          const said = await import("file:///other.ts").catch(({ message }) => message.split(",")[0]);
          return [said, globalThis.leaked === undefined];
        }`,
      result: ['Requires read access to "/other.ts"', true],
    },
  ]),
  ...withStatus("error", [
    {
      name: "tells the place of a syntax error in TypeScript exactly",
      code: "const n: number = 1;\nexport default () => {\n  const a = ;\n}",
      fault: ["SyntaxError", "Expression expected (3:13)"] as const,
    },
    {
      name: "names a file that is not there",
      code: 'import x from "./nope.ts"; export default () => x',
      fault: ["TypeError", 'Cannot find "./nope.ts", imported from main.ts'] as const,
      hint: 'There are no other files: put everything into the code, or deploy a function with "files"',
    },
    {
      name: "names a package that is not there",
      code: 'import x from "lodash"; export default () => x',
      fault: ["TypeError", /^Import "lodash" not a dependency/] as const,
      hint: 'Packages cannot be imported at run time: add the package to "dependencies", or install it and bundle it into the code, with esbuild main.ts --bundle --format=esm --platform=node for example',
    },
    {
      name: "refuses a file of the host",
      code: 'import x from "file:///etc/passwd" with { type: "text" }; export default () => x',
      fault: [
        "TypeError",
        'Requires read access to "/etc/passwd", run again with the --allow-read flag',
      ] as const,
    },
  ]),
  ...BESIDE_HOOKS,
].map((item): Case => ({ ...item, isolation: true }));

/** Cases about the way from code to a module. */
export const MODULES: readonly Case[] = [...LOADED, ...FAULTS, ...ONCE, ...OF_DENO];

function expectStack(stack: string | undefined, pattern: RegExp): void {
  if (!pattern.test(stack ?? "")) throw new Error(`The stack is ${stack}`);
}
