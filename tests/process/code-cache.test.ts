/** Tests the runner's compiled code: that sandboxes use it, and that none changes it. */
import { createHash } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { confinable } from "../../src/confined-process/host-confinement.ts";
import { heapMegabytes, NO_REACH } from "../../src/deno/deno.ts";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { CodeCaches } from "../../src/engines/code-cache/code-caches.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";

const CODE = /\/code-\d+\/v8_code_cache_v2$/;
/** A constant takes the place of the path on the host. */
const ANSWER = '"a/3/dev/null/deno"';
const HEAP = heapMegabytes(PROFILE.memory);
const { user } = await confinable();

let directory: string;
let runnerDirectory: string;
const errors: unknown[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  await chmod(directory, 0o711);
  runnerDirectory = join(directory, "runner");
  await writeRunner(await readRunner(), runnerDirectory);
});
afterAll(() => rm(directory, { recursive: true }));

function cachesOf(runner = runnerDirectory): CodeCaches {
  const onError = (error: unknown): number => errors.push(error);
  return new CodeCaches({ instanceDirectory: directory, runnerDirectory: runner, onError });
}

/** Asks until there is a directory. Each time counts as a start. */
async function made(caches: CodeCaches, heap = HEAP): Promise<string> {
  for (let asked = 0; asked < 1_000 && errors.length === 0; asked += 1) {
    const found = caches.directoryFor(heap);
    if (found !== undefined) return found;
    await sleep(20);
  }
  throw errors[0] ?? new Error("No code was compiled");
}

/** Returns names, modes and contents of a directory's files. */
async function filesOf(of: string): Promise<Record<string, string>> {
  const names = (await readdir(of)).sort();
  const read = names.map(async (name) => {
    const { mode, uid } = await stat(join(of, name));
    const hash = createHash("sha256").update(await readFile(join(of, name)));
    return [name, `${(mode & 0o777).toString(8)} ${uid} ${hash.digest("hex")}`] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** Lists the open files of the process whose arguments name a directory, with its flags. */
async function openFiles(of: string): Promise<string[]> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const args = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!args.includes(of)) continue;
    const names = await readdir(`/proc/${pid}/fd`);
    const read = names.map(async (name) => {
      const path = await readlink(`/proc/${pid}/fd/${name}`).catch(() => "");
      const info = await readFile(`/proc/${pid}/fdinfo/${name}`, "utf8").catch(() => "");
      return `${path} ${/^flags:\s+\d*(\d)$/m.exec(info)?.[1]}`;
    });
    return Promise.all(read);
  }
  return [];
}

/** Permissions of code that asks where the compiled code is. */
const NOTHING = { net: false, read: false, write: false, sys: false } as const;
const worker = { ...NOTHING, env: ["DENO_DIR"], run: false, ffi: false, import: false } as const;

/** Runs code that loads modules of its own in a sandbox, and lists the files that it has open. */
async function runWith(caches: CodeCaches): Promise<{ text: string; files: string[] }> {
  const launcher = new DenoProcessLauncher({
    instanceDirectory: directory,
    runnerDirectory,
    codeCaches: caches,
    reach: { ...NO_REACH, env: "any" },
  });
  const sandbox = await launcher.launch(PROFILE);
  try {
    const code = `import { join } from "node:path"; import zlib from "node:zlib";
      const { three } = await import("data:text/javascript,export const three = 3");
      export default () =>
        join("a", String(three + zlib.constants.Z_OK), Deno.env.get("DENO_DIR"))`;
    const granted = { ...job(code), grants: { worker, env: {}, egress: null } };
    const ending = await sandbox.run(granted, { onLog: () => {} }, 20_000);
    const text = ending.type === "result" ? String(ending.text) : JSON.stringify(ending);
    return { text, files: await openFiles(`/${sandbox.id}/`) };
  } finally {
    await sandbox.destroy();
  }
}

describe("compiled code of the runner", () => {
  it("is made after some starts, and read-only", async () => {
    const caches = cachesOf();
    expect([1, 2, 3, 4].map(() => caches.directoryFor(HEAP))).toEqual(Array(4).fill(undefined));
    const place = await made(caches);
    const files = await filesOf(place);
    expect(Object.keys(files)).toContain("v8_code_cache_v2");
    // SQLite maps a database anew for each query if its log is shorter than a header.
    const logs = Object.keys(files).filter((name) => name.endsWith("-wal"));
    expect(logs).toContain("v8_code_cache_v2-wal");
    for (const log of logs) expect((await stat(join(place, log))).size).toBe(32);
    for (const file of Object.values(files)) {
      expect(file).toMatch(new RegExp(`^444 ${process.getuid?.()} `));
    }
    await caches.close();
  });

  it.runIf(user === "own")("is read by sandboxes, and changed by none", async () => {
    const caches = cachesOf();
    const place = await made(caches);
    const before = await filesOf(place);
    const { text, files } = await runWith(caches);
    expect(text).toBe(ANSWER);
    // The last digit of a descriptor's flags is 0 for reading alone. A database that could not be used is closed.
    expect(files.filter((file) => CODE.test(file.split(" ")[0] ?? ""))).toEqual([
      expect.stringMatching(/ 0$/),
    ]);
    expect(await filesOf(place)).toEqual(before);
    await caches.close();
  });

  it.runIf(user === "own")(
    "ends reused sandboxes that started without it, and no others",
    async () => {
      const codeCaches = cachesOf();
      const launcher = new DenoProcessLauncher({
        instanceDirectory: directory,
        runnerDirectory,
        codeCaches,
      });
      // More executions than a sandbox gets that is to be followed by a better one.
      const renewals = async (): Promise<boolean[]> => {
        const sandbox = await launcher.launch(PROFILE);
        const all: boolean[] = [];
        try {
          for (let times = 0; times < 10 && all.at(-1) !== false; times += 1) {
            const again = { ...job("export default () => 1"), renew: true };
            await sandbox.run(again, { onLog: () => {} }, 20_000);
            // Asked here at the latest: renewals count as starts do, so any of them may find it.
            if (times === 8) await made(codeCaches);
            all.push((await sandbox.renew?.()) ?? false);
          }
          return all;
        } finally {
          await sandbox.destroy();
        }
      };
      try {
        const outdated = await renewals();
        expect(outdated.indexOf(false)).toBe(8);
        expect(await renewals()).toEqual(Array(10).fill(true));
      } finally {
        await launcher.close();
      }
    },
  );

  it("is made again when it is gone, and sandboxes start meanwhile", async () => {
    const caches = cachesOf();
    await rm(await made(caches), { recursive: true });
    expect(caches.directoryFor(HEAP)).toBeUndefined();
    expect((await runWith(caches)).text).toBe(ANSWER);
    expect(await readdir(await made(caches))).toContain("v8_code_cache_v2");
    await caches.close();
  });

  it("is done without where it cannot be made, which is told once", async () => {
    const caches = cachesOf(join(directory, "nowhere"));
    while (errors.length === 0) {
      expect(caches.directoryFor(HEAP)).toBeUndefined();
      await sleep(10);
    }
    for (let start = 0; start < 20; start += 1) {
      expect(caches.directoryFor(HEAP)).toBeUndefined();
      await sleep(1);
    }
    await caches.close();
    expect(errors.splice(0)).toHaveLength(1);
    expect(await readdir(directory)).not.toContain(`code-${HEAP}.new`);
  });
});
