/** Things that one execution leaves behind, and code of the next that would find them. */
import type { WorkerPermissions } from "../../src/protocol/grants.ts";

export interface Residue {
  readonly name: string;
  /** Code that leaves something. */
  readonly write: string;
  /** Code that looks for it. It gets the result of `write`, and returns what it has found. */
  readonly read: string;
  /** Result of the reader if nothing is left. Default `null`. */
  readonly nothing?: unknown;
  readonly grants?: Partial<WorkerPermissions>;
  readonly env?: Readonly<Record<string, string>>;
  /** True if the sandbox must end, because it cannot be made clean. Default false. */
  readonly ends?: boolean | "perhaps";
  /** The protection whose lack the reader notices, if one is named. Default: the new worker. */
  readonly needs?: "environment" | "urls" | "files" | "sqlite" | "view";
  /** True if the writer's failure may come before its answer. Default false. */
  readonly mayFail?: boolean;
  /** True if only a container lets code do it. Default false. */
  readonly container?: boolean;
}

const LISTEN = `export default () => new Promise((resolve) => {
  new BroadcastChannel("left").onmessage = ({ data }) => resolve(data);
  setTimeout(() => resolve(null), 250);
})`;
const NEST = (
  code: string,
): string => `const url = URL.createObjectURL(new Blob([${JSON.stringify(code)}]));
  const nested = new Worker(url, { type: "module" });
  await new Promise((resolve) => { nested.onmessage = resolve });`;
const SAY = `const out = new BroadcastChannel("left");`;
const TMP = { read: ["/tmp"], write: ["/tmp"] };
const LIST = `export default () => [...Deno.readDirSync("/tmp")].map(({ name }) => name)`;
const VARIABLES = { env: ["LEFT", "OTHER"] };
/** Looks for a variable by all ways that there are. */
const READ_ENV = `export default () => {
  const found = [];
  for (const get of [() => Deno.env.get("LEFT"), () => process.env.LEFT, () => Deno.env.toObject().LEFT]) {
    try { found.push(get() ?? null) } catch { found.push(null) }
  }
  return found.find((value) => value !== null) ?? null;
}`;

export const RESIDUES: readonly Residue[] = [
  {
    name: "globals, prototypes and replaced functions",
    write: `Array.prototype.left = 1; Object.prototype.left = 1; globalThis.left = 1; JSON.parse = () => "left";
      Deno.left = process.left = URL.left = 1; Map.prototype.get = Array.prototype.push = () => { throw 1 };
      export default () => 1`,
    read: `export default () => [globalThis, [], {}, Deno, process, URL].some((one) => "left" in one) || null`,
  },
  {
    name: "loaded modules and their state",
    write: `import * as left from "data:text/javascript,export const left = []";
      left.left.push(1); export default () => left.left.length`,
    read: `import * as left from "data:text/javascript,export const left = []";
      export default () => left.left[0] ?? null`,
  },
  {
    name: "modules of the runtime",
    write: `import fs from "node:fs"; import os from "node:os"; fs.left = os.left = 1; os.hostname = () => "left";
      export default () => 1`,
    read: `import fs from "node:fs"; import os from "node:os";
      export default () => fs.left ?? os.left ?? (os.hostname() === "left" ? 1 : null)`,
  },
  {
    name: "timers, and promises without an end",
    write: `${SAY} setInterval(() => out.postMessage("timer"), 10);
      (async () => { for (;;) { await new Promise((resolve) => setImmediate(resolve)); out.postMessage("promise") } })();
      export default () => 1`,
    read: LISTEN,
  },
  {
    name: "a worker of a worker",
    write: `${NEST(`${SAY} postMessage(1); setInterval(() => out.postMessage("nested"), 10)`)}
      export default () => 1`,
    read: LISTEN,
  },
  {
    name: "a worker of a worker of a worker",
    write: `${NEST(`${NEST(`${SAY} postMessage(1); setInterval(() => out.postMessage("nested"), 10)`)} postMessage(1)`)}
      export default () => 1`,
    read: LISTEN,
  },
  {
    name: "a worker of a worker that loops",
    write: `${NEST(`${SAY} postMessage(1); for (;;) out.postMessage("loop")`)} export default () => 1`,
    read: LISTEN,
    ends: true,
    needs: "view",
  },
  {
    name: "a worker of a worker that loops in a thread of another name",
    write: `${NEST(`process.title = "tokio-runtime-w"; ${SAY} postMessage(1); for (;;) out.postMessage("loop")`)}
      export default () => 1`,
    read: LISTEN,
    ends: true,
    needs: "view",
  },
  {
    name: "code that loops after its answer",
    write: `export default () => { setTimeout(() => { for (;;); }, 1); return 1 }`,
    read: `export default () => null`,
    // It may have been ended before it loops, and may loop before its answer is out.
    ends: "perhaps",
    mayFail: true,
  },
  {
    name: "a channel that waits for messages",
    write: `const all = []; new BroadcastChannel("left").onmessage = ({ data }) => all.push(data);
      new BroadcastChannel("heard").onmessage = ({ target }) => target.postMessage(all.length);
      export default () => 1`,
    read: `export default () => new Promise((resolve) => {
      const heard = new BroadcastChannel("heard");
      heard.onmessage = ({ data }) => resolve(data);
      new BroadcastChannel("left").postMessage("mine"); heard.postMessage(1);
      setTimeout(() => resolve(null), 250);
    })`,
  },
  {
    name: "the URL of a blob",
    write: `export default () => URL.createObjectURL(new Blob(["left"]))`,
    read: `export default (url) => fetch(url).then((answer) => answer.text(), () => null)`,
    needs: "urls",
  },
  {
    name: "the URL of a blob of a worker of a worker",
    write: `export default () => new Promise((resolve) => {
      const code = \`const code = "postMessage(URL.createObjectURL(new Blob(['left'])))";
        const nested = new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
        nested.onmessage = ({ data }) => postMessage(data);\`;
      const nested = new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
      nested.onmessage = ({ data }) => resolve(data);
    })`,
    read: `export default (url) => fetch(url).then((answer) => answer.text(), () => null)`,
    needs: "urls",
  },
  {
    name: "the URL of a blob that a worker claims to have given back",
    write: `export default () => new Promise((resolve) => {
      const code = \`const own = await (await fetch(location.href)).text();
        const prelude = await (await fetch(own.match(/blob:[^"]+/)[0])).text();
        const mark = prelude.match(/output [-0-9a-f]{36}/)[0];
        const url = URL.createObjectURL(new Blob(["left"]));
        postMessage({ [mark]: { url, gone: true } }); postMessage(url);\`;
      const nested = new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
      nested.onmessage = ({ data }) => resolve(data);
    })`,
    read: `export default (url) => fetch(url).then((answer) => answer.text(), () => null)`,
  },
  {
    name: "more URLs of blobs than can be known",
    write: `export default () => { for (let n = 0; n < 10_001; n += 1) URL.createObjectURL(new Blob(["left"])); return 1 }`,
    read: `export default () => null`,
    ends: true,
    needs: "urls",
  },
  {
    name: "stores of the web",
    write: `export default async () => {
      const tries = [
        () => caches.open("left").then((cache) => cache.put("http://left/", new Response("left"))),
        () => localStorage.setItem("left", "left"), () => sessionStorage.setItem("left", "left"),
        () => Deno.openKv().then((kv) => kv.set(["left"], 1)),
      ];
      for (const attempt of tries) try { await attempt() } catch {}
      return 1 }`,
    read: `export default async () => {
      const tries = [
        async () => (await (await caches.open("left")).match("http://left/")).text(),
        () => localStorage.getItem("left"), () => sessionStorage.getItem("left"),
        async () => (await (await Deno.openKv()).get(["left"])).value,
      ];
      for (const attempt of tries) try { return (await attempt()) ?? null } catch {}
      return null }`,
  },
  {
    name: "closed and read descriptors",
    write: `import fs from "node:fs";
      export default async () => {
        void Deno.stdin.read(new Uint8Array(9));
        for (let n = 0; n < 64; n += 1) for (const use of [fs.writeSync, fs.readSync, fs.closeSync]) {
          try { use(n, new Uint8Array(9)) } catch {}
        }
        return 1 }`,
    read: `export default () => Deno.stdin.read(new Uint8Array(9))`,
  },
  {
    name: "limits and folders of SQLite",
    write: `import { DatabaseSync } from "node:sqlite";
      export default () => {
        const database = new DatabaseSync(":memory:");
        for (const text of ["hard_heap_limit=50000000", "soft_heap_limit=40000000", "temp_store_directory='/tmp'"]) {
          try { database.prepare("PRAGMA " + text).all() } catch {}
        }
        return 1 }`,
    read: `import { DatabaseSync } from "node:sqlite";
      export default () => {
        const database = new DatabaseSync(":memory:");
        const all = ["hard_heap_limit", "soft_heap_limit", "temp_store_directory"];
        const found = all.flatMap((name) => database.prepare("PRAGMA " + name).all().map((row) => row[name]));
        return found.find((value) => value !== 0) ?? null }`,
    ends: true,
    needs: "sqlite",
  },
  {
    name: "priorities of threads",
    // Some hosts refuse to change them.
    write: `import os from "node:os";
      export default () => { for (const id of [0, Deno.pid]) try { os.setPriority(id, 15) } catch {} return 1 }`,
    read: `import os from "node:os"; export default () => os.getPriority(Deno.pid)`,
    nothing: 0,
    grants: { sys: ["setPriority" as never, "getPriority" as never] },
    ends: "perhaps",
  },
  {
    name: "variables of a grant",
    write: `export default () => Deno.env.get("LEFT")`,
    read: READ_ENV,
    grants: VARIABLES,
    env: { LEFT: "left" },
    needs: "environment",
  },
  {
    name: "variables that code has set",
    write: `export default () => { Deno.env.set("LEFT", "left"); process.env.LEFT = "left"; return 1 }`,
    read: READ_ENV,
    grants: VARIABLES,
    env: { OTHER: "1" },
    needs: "environment",
  },
  {
    name: "memory of blobs",
    write: `const all = [], bytes = new Uint8Array(4e6).fill(1);
      for (let n = 0; n < 11; n += 1) all.push(new Blob([bytes]));
      export default () => all.length`,
    read: `export default () => null`,
    ends: true,
  },
  {
    name: "handlers of signals",
    write: `Deno.addSignalListener("SIGUSR2", () => {}); export default () => 1`,
    read: `export default () => null`,
    ends: true,
    needs: "view",
  },
  {
    name: "names and codes of the process",
    write: `process.title = "left"; process.exitCode = 9; process.argv.push("left"); process.on("exit", () => {});
      export default () => 1`,
    read: `export default () => [process.title === "left", process.exitCode === 9, process.argv.includes("left"),
      process.listenerCount("exit") > 0].includes(true) || null`,
  },
  {
    name: "failures and lines that come late",
    write: `export default () => {
      setTimeout(() => console.log("left"), 0); setImmediate(() => console.error("left"));
      queueMicrotask(() => setTimeout(() => { throw new Error("left") }, 1));
      setTimeout(() => Promise.reject(new Error("left")), 2); return 1 }`,
    read: `export default () => new Promise((resolve) => setTimeout(() => resolve(null), 100))`,
    mayFail: true,
  },
  {
    name: "numbers by chance",
    write: `export default () => [Math.random()]`,
    read: `export default ([before]) => (Math.random() === before ? before : null)`,
  },
  {
    name: "files, links, and folders that nobody may enter",
    write: `export default () => {
      Deno.mkdirSync("/tmp/a/b/c", { recursive: true });
      Deno.writeTextFileSync("/tmp/a/b/c/left", "x".repeat(4e6));
      Deno.writeTextFileSync("/tmp/.left", "left"); Deno.chmodSync("/tmp/.left", 0);
      // Symbolic links need all permissions; some hosts allow hard ones to a file's owner alone.
      try { Deno.linkSync("/tmp/a/b/c/left", "/tmp/hard") } catch {}
      try { Deno.symlinkSync("/", "/tmp/root"); Deno.symlinkSync("/tmp/a", "/tmp/a/link") } catch {}
      for (let n = 0; n < 500; n += 1) Deno.writeTextFileSync("/tmp/n" + n, "");
      Deno.chmodSync("/tmp/a/b", 0); Deno.chmodSync("/tmp/a", 0o100); return 1 }`,
    read: LIST,
    nothing: [],
    grants: TMP,
    container: true,
    needs: "files",
  },
  {
    name: "open files",
    write: `const all = []; for (let n = 0; n < 300; n += 1) all.push(Deno.openSync("/tmp/left" + n, { create: true, write: true }));
      export default () => all.length`,
    read: `const all = []; for (let n = 0; n < 800; n += 1) all.push(Deno.openSync("/tmp", { read: true }));
      export default () => null`,
    grants: TMP,
    container: true,
  },
  {
    name: "a working directory",
    write: `Deno.mkdirSync("/tmp/left"); Deno.chdir("/tmp/left"); export default () => Deno.cwd()`,
    read: `export default () => { try { return Deno.cwd().includes("left") || null } catch { return null } }`,
    grants: TMP,
    container: true,
    ends: true,
    needs: "view",
  },
  {
    name: "a mask for new files",
    write: `export default () => { Deno.umask(0o777); return 1 }`,
    read: `export default () => (Deno.umask() === 0o777 ? 1 : null)`,
    grants: { sys: ["umask" as never] },
    container: true,
    ends: true,
    needs: "view",
  },
];
