/** A program that gives the same result and the same log entries under plain Deno. */
export interface Program {
  readonly name: string;
  readonly code: string;
  /** True if level `none` gives the same, too. */
  readonly none?: true;
}

/** Waits for several turns, because a busy machine may have all of them due at once. */
const SOON =
  "for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setTimeout(resolve, 10));";
const THROW = `setTimeout(() => { throw new Error("t") }, 15);`;
const REJECT = `Promise.reject(new Error("r"));`;
/** Turns a result or an error into text. */
const TELL = `const tell = async (act) => {
  try {
    const value = await act();
    if (value instanceof Uint8Array) return "bytes " + value.length;
    return typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value);
  } catch (error) { return [error.name, error.code, error.message].join(" "); }
};
const all = async (acts) => {
  const told = {};
  for (const [name, act] of Object.entries(acts)) told[name] = await tell(act);
  return told;
};
const called = (start) => new Promise((resolve, reject) =>
  start((error, value) => error ? reject(error) : resolve(value)));`;

export const TIMERS: readonly Program[] = [
  {
    name: "promisified timers",
    none: true,
    code: `import { promisify } from "node:util";
      export default async () => [await promisify(setTimeout)(2, "a"), await promisify(setImmediate)("b")];`,
  },
  {
    name: "node:timers and node:timers/promises",
    none: true,
    code: `import timers, { setTimeout as later, clearInterval as stop, promises } from "node:timers";
      import { scheduler, setInterval as every, setTimeout as sleep } from "node:timers/promises";
      export default async () => {
        let sum = 0;
        for await (const n of every(1, 7)) { sum += n; if (sum > 20) break; }
        await scheduler.wait(1);
        const aborted = await sleep(50_000, 1, { signal: AbortSignal.timeout(2) }).catch((e) => e.name);
        const fired = await new Promise((resolve) => later((x) => resolve(x), 1, "later"));
        return [sum, aborted, fired, await promises.setTimeout(1, 2), typeof stop, typeof timers.setImmediate];
      };`,
  },
  {
    name: "objects of timers",
    none: true,
    code: `export default () => {
      const timer = setTimeout(() => {}, 1_000), immediate = setImmediate(() => {});
      const told = [typeof timer, timer.constructor.name, timer.hasRef(), timer.unref() === timer, timer.hasRef(),
        timer.ref().hasRef(), typeof +timer, typeof timer.refresh, immediate.hasRef(), setTimeout.name,
        clearTimeout.name, timer.close() === timer, clearTimeout(undefined), clearInterval(null)];
      clearImmediate(immediate);
      return told;
    };`,
  },
  {
    name: "refreshed timers",
    none: true,
    code: `export default () => new Promise((resolve) => {
      let n = 0;
      const timer = setTimeout(() => { n += 1; if (n < 3) timer.refresh(); else resolve(n); }, 2);
    });`,
  },
  {
    name: "a text for a handler",
    none: true,
    code: `export default () => { try { setTimeout("1", 1) } catch (e) { return [e.name, e.code, e.message] } };`,
  },
];

export const LISTENERS: readonly Program[] = [
  {
    name: "events that code makes itself",
    code: `addEventListener("error", (event) => console.log(event.constructor.name, event.message ?? "", own.includes(event)));
      const own = [new Event("error"), new ErrorEvent("error", { message: "m", error: new Error("e"), cancelable: true })];
      own.push(new own[1].constructor("error"), new (class extends ErrorEvent {})("error"));
      export default async () => {
        const told = own.map((event) => dispatchEvent(event));
        ${SOON}
        return [told, own[1] instanceof ErrorEvent, ErrorEvent.name, ErrorEvent.length];
      };`,
  },
  {
    name: "unhandledrejection",
    code: `addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        console.log("seen", event.reason.message, event.promise instanceof Promise, event.cancelable);
      });
      addEventListener("rejectionhandled", (event) => console.log("handled", event.reason?.message));
      export default async () => {
        const rejected = ${REJECT}
        ${SOON}
        rejected.catch(() => {});
        ${SOON}
        return "survived";
      };`,
  },
  {
    name: "error",
    code: `addEventListener("error", (event) => console.log("first", event.message));
      addEventListener("error", (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        console.log(event.type, event.error.message, event.constructor.name, event.target === globalThis, event.cancelable);
      });
      addEventListener("error", () => console.log("never"));
      export default async () => {
        reportError(new Error("reported"));
        console.log("at once");
        queueMicrotask(() => { throw new Error("queued") });
        const target = new EventTarget();
        target.addEventListener("x", () => { throw new Error("listener") });
        target.dispatchEvent(new Event("x"));
        ${THROW}
        ${SOON}
        return "survived";
      };`,
  },
  {
    name: "properties for listeners",
    code: `onunhandledrejection = (event) => { event.preventDefault(); console.log("rejected", event.reason.message); };
      addEventListener("error", (event) => { event.preventDefault(); console.log("error") });
      export default async () => { ${REJECT} ${THROW} ${SOON} return "survived" };`,
  },
  {
    name: "process for both",
    none: true,
    code: `process.on("uncaughtException", (error, origin) => console.log(error.message, origin));
      process.on("unhandledRejection", (reason, promise) => console.log(reason.message, promise instanceof Promise));
      export default async () => {
        ${REJECT}
        ${SOON}
        process.nextTick(() => { throw new Error("ticked") });
        ${THROW}
        ${SOON}
        return "survived";
      };`,
  },
  {
    name: "process for errors alone",
    none: true,
    code: `process.once("uncaughtException", (error, origin) => console.log(error.message, origin));
      export default async () => { ${REJECT} ${SOON} return "survived" };`,
  },
  {
    name: "warnings",
    none: true,
    code: `process.on("warning", ({ name, message }) => console.log(name, message));
      export default async () => { process.emitWarning("said", "Mine"); ${SOON} return 1 };`,
  },
];

export const MODULES: readonly Program[] = [
  {
    name: "node:crypto",
    code: `import crypto, { randomUUID, getRandomValues, webcrypto, randomBytes } from "node:crypto";
      import { createRequire } from "node:module";
      ${TELL}
      export default () => {
        const { privateKey, publicKey } = crypto.generateKeyPairSync("rsa", { modulusLength: 1024 });
        const required = createRequire("file:///x.js")("crypto");
        return all({
          uuid: () => randomUUID().length, uncached: () => randomUUID({ disableEntropyCache: true }).length,
          wrong: () => randomUUID(5), wrongField: () => randomUUID({ disableEntropyCache: 1 }),
          wrongList: () => randomUUID([]), none: () => randomUUID(null),
          names: () => [randomUUID.name, randomBytes.name, getRandomValues.name, randomBytes.length].join(),
          same: () => required.randomUUID === randomUUID && crypto.randomBytes === randomBytes,
          bytes: () => randomBytes(4), called: () => called((back) => randomBytes(4, back)),
          isBuffer: () => Buffer.isBuffer(randomBytes(70_000)), negative: () => randomBytes(-1),
          text: () => randomBytes("4"), many: () => randomBytes(2 ** 31), nothing: () => randomBytes(),
          noFunction: () => randomBytes(4, 5), pseudo: () => crypto.pseudoRandomBytes(3),
          fill: () => called((back) => crypto.randomFill(new Uint8Array(70_000), back)),
          integer: () => typeof crypto.randomInt(5), values: () => getRandomValues(new Uint8Array(3)),
          noArray: () => getRandomValues(3), web: () => webcrypto.getRandomValues(new Uint8Array(2)),
          subtle: () => webcrypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]),
          prime: () => crypto.generatePrimeSync(16), key: () => called((back) => crypto.generateKey("hmac", { length: 64 }, back)),
          signed: () => crypto.verify("sha256", Buffer.from("a"), publicKey, crypto.sign("sha256", Buffer.from("a"), privateKey)),
          sealed: () => crypto.privateDecrypt(privateKey, crypto.publicEncrypt(publicKey, Buffer.from("a"))),
          shared: () => crypto.createECDH("prime256v1").generateKeys(), scrypt: () => crypto.scryptSync("a", "b", 8),
          cipher: () => crypto.createCipheriv("aes-256-gcm", randomBytes(32), randomBytes(12)).update("a"),
        });
      };`,
  },
  {
    name: "what the platform measures, copies and cancels",
    code: `import { performance as hooks } from "node:perf_hooks";
      ${TELL}
      export default () => all({
        origin: () => typeof performance.timeOrigin, now: () => typeof performance.now(),
        mark: () => performance.mark("a"), measure: () => performance.measure("b", "a").name,
        entries: () => performance.getEntriesByType("mark").length, json: () => Object.keys(performance.toJSON()).join(),
        timerify: () => hooks.timerify(() => 1)(), loop: () => Object.keys(hooks.eventLoopUtilization()).join(),
        copy: () => structuredClone(new Map([[1, new Date(0)]])).get(1).getTime(),
        agent: () => navigator.userAgent, cores: () => typeof navigator.hardwareConcurrency,
        late: () => new Promise((resolve) => AbortSignal.timeout(2).addEventListener("abort", (e) => resolve(e.type))),
        any: () => AbortSignal.any([AbortSignal.abort("x")]).reason, scheduler: () => typeof scheduler,
        queued: () => new Promise((resolve) => queueMicrotask(() => resolve("queued"))),
        versions: () => [process.version, process.versions.deno, process.platform, process.exitCode].join(),
        big: () => typeof process.hrtime.bigint(), memory: () => Object.keys(process.memoryUsage()).join(),
        argv: () => process.argv.slice(2).join() + Deno.args.length,
        ticked: () => new Promise((resolve) => process.nextTick(resolve, "tick")),
      });`,
  },
  {
    name: "variables that are assigned",
    code: `import { env } from "node:process";
      ${TELL}
      export default () => {
        env.MINE_A = 5;
        env.MINE_B = undefined;
        env.MINE_C = "gone";
        delete env.MINE_C;
        const { MINE_A, MINE_C } = process.env;
        return all({
          values: () => [MINE_A, typeof env.MINE_B, MINE_C, "MINE_A" in env, "MINE_C" in env].join(),
          keys: () => Object.keys(env).filter((name) => name.startsWith("MINE_")).sort().join(),
          spread: () => ({ ...env }).MINE_A, own: () => env.hasOwnProperty("MINE_A") + Object.prototype.toString.call(env),
          entry: () => JSON.stringify(Object.getOwnPropertyDescriptor(env, "MINE_B").value),
          symbol: () => { env.MINE_D = Symbol() }, symbolKey: () => { env[Symbol("x")] = 1 },
          defined: () => Object.defineProperty(env, "MINE_E", { value: "1", configurable: true, enumerable: true, writable: true }).MINE_E,
          getter: () => { try { Object.defineProperty(env, "MINE_F", { get: () => 1 }) } catch (e) { return e.name } },
          odd: () => [env[""], env["a=b"], env.toString(), env === process.env].join(),
        });
      };`,
  },
  {
    name: "deleted globals",
    code: `const { log } = console, later = setTimeout, Later = Promise, { ownKeys, deleteProperty } = Reflect, all = globalThis;
      for (const key of ownKeys(all)) if (key !== "postMessage" && key !== "JSON") deleteProperty(all, key);
      export default async () => {
        await new Later((resolve) => later(resolve, 1));
        log("logged");
        return typeof all.Array;
      };`,
  },
];

/** A function that returns nothing, and what it does before its end. */
export interface Work {
  readonly name: string;
  readonly code: string;
  readonly logs?: readonly string[];
  readonly none?: true;
}

/** Work that is waited for, and that leaves nothing behind. */
export const WORK: readonly Work[] = [
  {
    name: "a timer of node:timers",
    none: true,
    code: `import { setTimeout as later } from "node:timers"; export default () => { later(() => console.log("late"), 10) }`,
    logs: ["late"],
  },
  {
    name: "a promise of a timer",
    none: true,
    code: `import { setTimeout as sleep } from "node:timers/promises";
      export default () => { sleep(10).then(() => console.log("late")) }`,
    logs: ["late"],
  },
  {
    name: "a promisified timer",
    none: true,
    code: `import { promisify } from "node:util";
      export default () => { promisify(setTimeout)(10).then(() => console.log("late")) }`,
    logs: ["late"],
  },
  {
    name: "immediates that follow one another",
    none: true,
    code: `export default () => {
      let n = 0;
      const next = () => { n += 1; if (n < 5) setImmediate(next); else console.log(n); };
      setImmediate(next);
    }`,
    logs: ["5"],
  },
  {
    name: "what the module itself has begun",
    code: `const digest = async () => {
        const { webcrypto } = await import("node:crypto");
        console.log((await webcrypto.subtle.digest("SHA-256", new Uint8Array(3_000_000))).byteLength);
      };
      digest();
      export default () => {}`,
    logs: ["32"],
  },
  {
    name: "a stream",
    code: `export default () => {
      const zipped = new Blob([new Uint8Array(300_000)]).stream().pipeThrough(new CompressionStream("gzip"));
      new Response(zipped).arrayBuffer().then(({ byteLength }) => console.log(byteLength > 100));
    }`,
    logs: ["true"],
  },
  {
    name: "threads of Node's modules",
    code: `import zlib from "node:zlib";
      import { scrypt } from "node:crypto";
      export default () => {
        zlib.gzip(Buffer.alloc(300_000), (_error, zipped) => {
          scrypt("a", "b", 64, (_failed, key) => console.log(key.length, zipped.length > 100));
        });
      }`,
    logs: ["64 true"],
  },
  {
    name: "messages of a channel until it is closed",
    code: `export default () => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => { console.log(data); if (data === 2) port1.close(); };
      for (const n of [1, 2]) port2.postMessage(n);
    }`,
    logs: ["1", "2"],
  },
  {
    name: "a request that is refused",
    code: `export default () => { fetch("http://nobody.example/").catch(({ name }) => console.log(name)) }`,
    logs: ["NotCapable"],
  },
  {
    name: "timers of code that has frozen all built-ins",
    none: true,
    code: `for (const key of Reflect.ownKeys(globalThis)) {
        const value = globalThis[key];
        if (typeof value !== "function") continue;
        Object.freeze(value);
        if (value.prototype) Object.freeze(value.prototype);
      }
      const instances = [setTimeout(() => {}, 0), [][Symbol.iterator](), Object.getPrototypeOf(new Uint8Array()), async () => {}];
      for (const instance of instances) Object.freeze(Object.getPrototypeOf(instance));
      export default () => {
        const interval = setInterval(() => { clearInterval(interval); console.log("interval") }, 5);
        setTimeout(() => console.log("timer"), 30);
      };`,
    logs: ["interval", "timer"],
  },
  {
    name: "listeners for the end of the process",
    none: true,
    code: `process.on("exit", (code) => console.log("exit", code));
      process.once("beforeExit", () => setTimeout(() => console.log("once more"), 5));
      export default () => {}`,
    logs: ["once more", "exit 0"],
  },
  ...Object.entries({
    "a timer stopped by its number": "clearTimeout(+setTimeout(() => {}, 60_000));",
    "a timer stopped by a text": "clearTimeout(String(+setTimeout(() => {}, 60_000)));",
    "a timer that is closed": "setTimeout(() => {}, 60_000).close();",
    "a timer without a reference": "setTimeout(() => {}, 60_000).unref();",
    "an interval without a reference": "setInterval(() => {}, 5).unref();",
    "an interval that closes itself": "const t = setInterval(() => t.close(), 5);",
    "an interval stopped by a text": "const t = setInterval(() => clearInterval(String(+t)), 5);",
    "a time limit that was not needed": "AbortSignal.timeout(60_000);",
  }).map(([name, body]): Work => ({ name, none: true, code: `export default () => { ${body} }` })),
  ...Object.entries({
    "an interval stopped by node:timers":
      "const t = setInterval(() => timers.clearInterval(t), 5);",
    "an interval of node:timers": "const t = timers.setInterval(() => clearTimeout(t), 5);",
  }).map(
    ([name, body]): Work => ({
      name,
      none: true,
      code: `import timers from "node:timers"; export default () => { ${body} }`,
    }),
  ),
  {
    name: "an interval that Deno has taken the reference of",
    code: "export default () => { Deno.unrefTimer(setInterval(() => {}, 5)) }",
  },
  {
    name: "an interval that is disposed of",
    code: "export default () => { const t = setInterval(() => t[Symbol.dispose](), 5) }",
  },
];
