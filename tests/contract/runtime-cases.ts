import { FrameType } from "../../src/protocol/frames.ts";
import { type Case, withStatus } from "./cases.ts";

/** Imports and helpers of the attacks. `attempt` turns a result or an error into text. */
const HEAD = `
import net from "node:net";
import dgram from "node:dgram";
import fs from "node:fs";
import Module, { createRequire } from "node:module";
import threads from "node:worker_threads";
import { WASI } from "node:wasi";
const attempt = (what) => { try { return String(what()); } catch (error) { return error.name; } };
/** Returns the runtime's own class of TCP handles, from a socket. */
function handleClass() {
  const socket = new net.Socket();
  socket.on("error", () => {});
  attempt(() => socket.connect(1, "127.0.0.1"));
  return socket._handle.constructor;
}
`;

/** A frame that would be this execution's answer if the sandbox's first process sent it. */
const FORGED = `
const text = new TextEncoder().encode('"forged"');
const header = new TextEncoder().encode('{"hasResult":true,"binaryBytes":0,"dropped":0,"reusable":false}');
const frame = new Uint8Array(10 + header.length + text.length);
const view = new DataView(frame.buffer);
view.setUint32(0, 6 + header.length + text.length);
view.setUint8(4, 1);
view.setUint8(5, ${FrameType.result});
view.setUint32(6, header.length);
frame.set(header, 10);
frame.set(text, 10 + header.length);
`;

/** Writes the forged answer to every descriptor of the process, in every way. */
const FORGE = `
const Pipe = globalThis.process?.binding?.("pipe_wrap").Pipe;
let taken = 0;
for (let fd = 3; fd < 128; fd += 1) {
  attempt(() => {
    const socket = new net.Socket({ fd });
    socket.on("error", () => {});
    socket.write(frame);
    taken += 1;
  });
  attempt(() => {
    const Handle = Pipe ?? handleClass();
    const handle = new Handle(0);
    if (handle.open(fd) !== 0) return;
    const socket = new net.Socket({ handle });
    socket.on("error", () => {});
    socket.write(frame);
    taken += 1;
  });
  attempt(() => { fs.writeSync(fd, frame); taken += 1; });
}
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
`;

const nested = (source: string): string =>
  `new Promise((resolve) => {
    const source = ${JSON.stringify(source)};
    const worker = new Worker(URL.createObjectURL(new Blob([source])), { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => { event.preventDefault(); resolve(event.message); };
  })`;

/** Lists access from globals and modules to the runtime's internals. */
const INSIDES = `
const insides = () => [
  typeof process.binding, typeof process._linkedBinding, typeof process.dlopen,
  typeof Deno.internal, Object.getOwnPropertySymbols(Deno).length,
  typeof Deno.core, typeof globalThis.__bootstrap, typeof navigator.gpu,
];
`;
const NO_INSIDES = [
  "undefined",
  "undefined",
  "undefined",
  "undefined",
  0,
  "undefined",
  "undefined",
  "undefined",
];

/** Ways to make a worker evaluate a module without the prelude. */
const UNPREPARED = `
const source = ${JSON.stringify(`${INSIDES} postMessage(insides())`)};
const url = () => URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
const said = (make) => new Promise((resolve) => {
  try {
    const worker = make();
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => { event.preventDefault(); resolve("failed"); };
  } catch (error) { resolve("refused"); }
});
const changing = () => { let times = 0; const at = url();
  return new Worker({ toString() { if (times++ === 0) throw new Error(); return at; } }, { type: "module" }); };
const different = () => { let times = 0; const at = url();
  return new Worker({ toString: () => times++ === 0 ? "data:text/javascript," : at }, { type: "module" }); };
const iterated = () => {
  const lists = Array.prototype[Symbol.iterator];
  const at = url();
  Array.prototype[Symbol.iterator] = function () {
    return lists.call(this.length === 1 && String(this[0]).startsWith("import ") ? [source] : this);
  };
  try { return new Worker(at, { type: "module" }); } finally { Array.prototype[Symbol.iterator] = lists; }
};
`;

/**
 * Names that the runtime gives to its insides by plain assignment, when it loads streams and
 * `process`. A setter of code's own on `Object.prototype` would get them then.
 */
const ASSIGNED = [
  ...["binding", "_linkedBinding", "dlopen", "_kill", "reallyExit", "_load", "_resolveFilename"],
  ...["resourceForReadableStream", "readableStreamForRid", "writableStreamForRid"],
  ...["restoreSnapshot", "__telemetry", "__inspectorNetwork", "__initWorkerThreads"],
];

/** Attacks seen with Deno 2.9.6. Each one led out of the Worker's permissions, or to its port. */
export const RUNTIME: readonly Case[] = withStatus("ok", [
  {
    name: "has nothing of the runtime's insides on its globals",
    isolation: true,
    code: `${INSIDES} export default () => insides()`,
    result: NO_INSIDES,
  },
  {
    name: "has nothing of the runtime's insides in a worker, or in a worker's worker",
    isolation: true,
    code: `${INSIDES} export default () => ${nested(
      `${INSIDES} ${nested(`${INSIDES} postMessage(insides())`)}.then((inner) => postMessage([insides(), inner]))`,
    )}`,
    result: [NO_INSIDES, NO_INSIDES],
  },
  {
    name: "has loaded what sets the runtime's insides before code can plant setters for them",
    isolation: true,
    code: `
      const names = ${JSON.stringify(ASSIGNED)};
      const taken = [];
      const attempt = (what) => { try { what(); } catch {} };
      for (const name of names) {
        const set = function (value) {
          taken.push(name);
          Object.defineProperty(this, name, { __proto__: null, value, writable: true, configurable: true });
        };
        Object.defineProperty(Object.prototype, name, { __proto__: null, set, configurable: true });
      }
      for (const name of Object.getOwnPropertyNames(globalThis)) attempt(() => globalThis[name]);
      const { builtinModules } = process.getBuiltinModule("node:module");
      for (const name of builtinModules) attempt(() => process.getBuiltinModule(name));
      for (const name of names) delete Object.prototype[name];
      export default () => taken;
    `,
    result: [],
  },
  {
    name: "makes no worker without what prepares it, however code has it read its arguments",
    isolation: true,
    code: `${UNPREPARED} export default async () => [
      await said(changing),
      await Promise.race([said(different), new Promise((go) => setTimeout(go, 500, "silent"))]),
      await said(iterated),
    ]`,
    result: ["refused", "silent", NO_INSIDES],
  },
  {
    name: "requires no such module though code has changed how lists are taken apart",
    isolation: true,
    code: `${HEAD} export default () => {
      const lists = Array.prototype[Symbol.iterator];
      Array.prototype[Symbol.iterator] = function () {
        return lists.call(this[0] === "internal/test/binding" ? ["node:fs"] : this);
      };
      try { return attempt(() => Object.keys(Module._load("internal/test/binding"))); }
      finally { Array.prototype[Symbol.iterator] = lists; }
    }`,
    result: "Error",
  },
  {
    name: "sends itself no signal",
    isolation: true,
    code: `${HEAD} export default () => [
      attempt(() => process.kill(process.pid, 6)),
      attempt(() => process.kill({ valueOf: () => process.pid }, "SIGABRT")),
      attempt(() => process._kill(String(process.pid), 6)),
      attempt(() => process.kill(process.pid, 0)),
    ]`,
    result: ["NotCapable", "NotCapable", "NotCapable", "true"],
  },
  {
    name: "goes on after a warning of the runtime's",
    isolation: true,
    code: `export default async () => {
      process.emitWarning("about nothing");
      await new Promise((resolve) => setTimeout(resolve, 50));
      return 1;
    }`,
    result: 1,
  },
  {
    name: "makes every worker by what prepares it",
    isolation: true,
    code: `${HEAD} export default () => {
      const worker = new Worker("data:text/javascript,", { type: "module" });
      const classes = [worker.constructor, Object.getPrototypeOf(worker).constructor];
      worker.terminate();
      return [
        classes.every((one) => one === Worker),
        attempt(() => new threads.Worker("", { eval: true })),
        attempt(() => Object.setPrototypeOf(threads.Worker, EventTarget) && "changed"),
      ];
    }`,
    result: [true, "Error", "TypeError"],
  },
  {
    name: "requires no module that is the runtime's own",
    isolation: true,
    code: `${HEAD} export default () => {
      const require = createRequire("file:///code.js");
      const name = "internal/test/binding";
      // Refused without the permission for fine clocks, with which clock-contract.ts tries it again.
      attempt(() => Module.registerHooks({
        resolve: (asked, context, next) =>
          asked === "hooked" ? { url: "node:" + name, shortCircuit: true } : next(asked, context),
      }));
      return [
        attempt(() => require(name)), attempt(() => require("node:" + name)),
        attempt(() => new Module("x").require(name)), attempt(() => Module._load(name)),
        attempt(() => process.getBuiltinModule(name)),
        attempt(() => Reflect.ownKeys(require("hooked")).length),
      ];
    }`,
    check: ({ result }) => {
      const [required, prefixed, method, loaded, builtin, hooked] = result as string[];
      for (const outcome of [required, prefixed, method, loaded]) {
        if (!outcome?.endsWith("Error")) throw new Error(`It was loaded: ${outcome}`);
      }
      if (builtin !== "undefined") throw new Error("It is a built-in module");
      if (!["0", "Error", "NotCapable"].includes(hooked ?? ""))
        throw new Error(`It has ${hooked} names`);
    },
  },
  {
    name: "does not listen by a handle that was not bound",
    isolation: true,
    code: `${HEAD} export default () => {
      const Handle = handleClass();
      const socket = dgram.createSocket("udp4");
      const state = Object.getOwnPropertySymbols(socket).find((key) => /State/.test(String(key)));
      const { handle } = socket[state];
      return [
        new Handle(1).listen(5), attempt(() => new Handle(1).bind("127.0.0.1", 0)),
        handle.recvStart(), handle.connect("127.0.0.1", 53),
      ];
    }`,
    result: [-22, "NotCapable", -22, -22],
  },
  {
    name: "answers by itself alone, whatever is said on the process's descriptors",
    isolation: true,
    code: `${HEAD}${FORGED}
      export default async () => { ${FORGE} await pause(); return ["honest", taken]; }`,
    result: ["honest", 0],
  },
  {
    name: "answers by itself alone, whatever a worker says on them",
    isolation: true,
    code: `export default async () => ["honest", await ${nested(
      `${HEAD}${FORGED} ${FORGE} await pause(); postMessage(taken);`,
    )}]`,
    result: ["honest", 0],
  },
  {
    name: "cannot reach the port that its answer goes through",
    isolation: true,
    code: `export default async () => {
      const core = Deno[Deno.internal]?.core;
      if (core === undefined) return "honest";
      for (let id = 0; id < 32; id += 1) {
        try {
          const port = core.getTransferableResource("MessagePort").receive(id);
          port.postMessage({ type: "result", text: '"forged"', dropped: 0, reusable: false });
        } catch {}
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      return "honest";
    }`,
    result: "honest",
  },
  {
    name: "goes on after it has asked for a socket to a virtual machine's host",
    isolation: true,
    code: `
      const attempt = (what) => { try { return what(); } catch (error) { return Promise.reject(error); } };
      export default async () => {
        const names = [];
        for (const what of ["connect", "listen"]) {
          const options = { transport: "vsock", cid: 2, port: 22 };
          names.push(await attempt(() => Deno[what](options)).then(() => "done", ({ name }) => name));
        }
        return names;
      }`,
    result: ["NotSupported", "NotSupported"],
  },
  {
    name: "keeps what code of Node's has use for",
    isolation: true,
    code: `
      import net from "node:net";
      import { createHash } from "node:crypto";
      import { EventEmitter } from "node:events";
      import { readFileSync } from "node:fs";
      import { createRequire } from "node:module";
      import { inspect } from "node:util";
      export default async () => {
        const require = createRequire("file:///code.js");
        const ticked = new Promise((resolve) => process.nextTick(resolve, "tick"));
        const refused = await new Promise((resolve) => {
          try {
            net.connect(1, "127.0.0.1").on("error", resolve);
          } catch (error) {
            resolve(error);
          }
        });
        const reading = (() => { try { readFileSync("/etc/passwd"); } catch (error) { return error.name; } })();
        return [
          typeof process.env, process.version.slice(0, 1), await ticked,
          Buffer.from("a").toString("hex"), createHash("sha256").update("a").digest("hex").slice(0, 8),
          new EventEmitter().listenerCount("x"), inspect({ a: 1 }), Deno.inspect([1]),
          refused.name, reading, require("node:path").join("a", "b"),
          process.getBuiltinModule("node:url") === require("url"),
          await new Promise((resolve) => setTimeout(resolve, 1, "timer")),
          structuredClone(new Map([[1, 2]])).get(1),
        ];
      }`,
    check: ({ result }) => {
      const rest = result as unknown[];
      const expected = [
        ...["object", "v", "tick", "61", "ca978112", 0, "{ a: 1 }", "[ 1 ]"],
        ...["NotCapable", "NotCapable", "a/b", true, "timer", 2],
      ];
      if (JSON.stringify(rest) !== JSON.stringify(expected)) throw new Error(JSON.stringify(rest));
    },
  },
  {
    name: "has workers with messages, names and blobs of any type",
    isolation: true,
    code: `export default async () => {
      const answers = [];
      for (const type of ["", "text/javascript", "application/typescript"]) {
        const source = "onmessage = ({ data }) => postMessage([data * 2, self.name])";
        const url = URL.createObjectURL(new Blob([source], { type }));
        const worker = new Worker(url, { type: "module", name: "w" });
        worker.postMessage(21);
        answers.push(await new Promise((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => resolve(message);
        }));
        worker.terminate();
      }
      return answers;
    }`,
    result: [
      [42, "w"],
      [42, "w"],
      [42, "w"],
    ],
  },
]);
