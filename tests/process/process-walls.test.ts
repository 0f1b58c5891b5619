/** Tests the protections around a sandbox that is a process of this host, from outside. */
import { spawn } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { confinable } from "../../src/confined-process/host-confinement.ts";
import type { Profile, Sandbox } from "../../src/engines/contract/contract.ts";
import type { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { createIsolate } from "../../src/isolate.ts";
import { job, PROFILE } from "../contract/engine-contract.ts";
import { processLauncher, type TestLauncher } from "../helpers/launchers.ts";

const { network, user } = await confinable();
const isRoot = process.getuid?.() === 0;
const ownNetwork = await readlink("/proc/self/ns/net");
const PID = "export default () => Deno.pid";

let stage: TestLauncher<DenoProcessLauncher>;
let directory: string;
let launcher: DenoProcessLauncher;
beforeAll(async () => {
  stage = await processLauncher("inherit");
  ({ directory, launcher } = stage);
});
afterAll(async () => {
  await launcher.close();
  await stage.remove();
});

/** Runs code in a sandbox whose Worker has all permissions of its process, then calls `look`. */
async function within<T>(
  code: string,
  look: (result: unknown, sandbox: Sandbox) => Promise<T>,
  { profile = PROFILE, input }: { profile?: Profile; input?: unknown } = {},
): Promise<T> {
  const sandbox = await launcher.launch(profile);
  try {
    const ending = await sandbox.run(job(code, input), { onLog: () => {} }, 20_000);
    if (ending.type !== "result") throw new Error(JSON.stringify(ending));
    return await look(JSON.parse(String(ending.text)), sandbox);
  } finally {
    await sandbox.destroy();
  }
}

const of = (name: string) => (pid: unknown) => readFile(`/proc/${pid}/${name}`, "utf8");

describe("a sandbox that is a process", () => {
  it.runIf(isRoot && user !== "same")("is another user's, without privileges", async () => {
    const status = await within(PID, of("status"));
    expect(status).not.toMatch(/^[UG]id:.*\b0\b/m);
    for (const name of ["CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"]) {
      expect(status).toMatch(new RegExp(`^${name}:\t0+$`, "m"));
    }
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it.runIf(user === "own")("has a user of its own", async () => {
    const uid = async (pid: unknown): Promise<number> => (await stat(`/proc/${pid}`)).uid;
    const uids = [await within(PID, uid), await within(PID, uid)];
    expect(new Set(uids).size).toBe(2);
  });

  it.skipIf(network === "none")("has no network", async () => {
    const [text, namespace] = await within(PID, (pid) =>
      Promise.all([of("net/dev")(pid), readlink(`/proc/${pid}/ns/net`)]),
    );
    const interfaces = text.split("\n").filter((line) => line.includes(":"));
    expect(interfaces).toEqual([expect.stringMatching(/^ *lo:/)]);
    expect(namespace).not.toBe(ownNetwork);
  });

  it("is limited in what it opens, writes and leaves behind", async () => {
    const limits = await within(PID, of("limits"));
    expect(limits).toMatch(/^Max open files +1024 +1024 /m);
    expect(limits).toMatch(/^Max file size +0 +0 /m);
    expect(limits).toMatch(/^Max core file size +0 +0 /m);
    if (user === "own") expect(limits).toMatch(/^Max processes +128 +128 /m);
  });

  it.runIf(user === "own")("cannot change its directory, or enter another's", async () => {
    const other = await launcher.launch(PROFILE);
    const code = `export default async ({ own, other }) => {
      const attempt = (what) => what().then(() => "done", ({ name }) => name);
      const connect = (path) => Deno.connect({ transport: "unix", path }).then((c) => c.close());
      return [
        await attempt(() => Deno.writeTextFile(own + "/database.sock", "text")),
        await attempt(() => connect(other + "/control.sock")),
      ];
    }`;
    const own = await launcher.launch(PROFILE);
    try {
      const input = { own: join(directory, own.id), other: join(directory, other.id) };
      const ending = await own.run(job(code, input), { onLog: () => {} }, 20_000);
      const [written, connected] = JSON.parse("text" in ending ? String(ending.text) : "[]");
      expect(written).toBe("PermissionDenied");
      // Its process may only dial its own sockets.
      expect(["NotCapable", "PermissionDenied"]).toContain(connected);
      expect((await stat(input.other)).mode & 0o007).toBe(0);
      expect(await readdir(input.own)).toEqual([]);
    } finally {
      await Promise.all([own.destroy(), other.destroy()]);
    }
  });

  it("has the host's network if a job is to be granted some, and only then", async () => {
    const namespace = (pid: unknown): Promise<string> => readlink(`/proc/${pid}/ns/net`);
    const profile = { ...PROFILE, network: true };
    expect(await within(PID, namespace, { profile })).toBe(ownNetwork);
  });

  it("writes no file, not even by a database, which asks for no permission", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "isolate-scratch-"));
    await chmod(scratch, 0o777);
    // The names are deleted at once, so the process itself lists its open files.
    const code = `import { DatabaseSync } from "node:sqlite";
      export default (scratch) => {
        const db = new DatabaseSync(":memory:");
        db.exec("PRAGMA temp_store_directory='" + scratch + "'");
        db.exec("PRAGMA temp_store=1; CREATE TEMP TABLE a(x); PRAGMA temp.cache_size=10");
        db.exec("PRAGMA temp.journal_mode=OFF");
        db.exec(\`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<30)
          INSERT INTO temp.a SELECT zeroblob(1000000) FROM c\`);
        return "written";
      }`;
    const sandbox = await launcher.launch(PROFILE);
    try {
      const ending = await sandbox.run(job(code, scratch), { onLog: () => {} }, 20_000);
      expect(ending.type).not.toBe("result");
    } finally {
      await sandbox.destroy();
      await rm(scratch, { recursive: true });
    }
  });

  it("inherits no descriptor of the program that runs it", async () => {
    const script = fileURLToPath(new URL("descriptors.ts", import.meta.url));
    const secret = join(directory, "secret");
    // Far beyond the descriptors that Node itself closes.
    const shell = `exec 8<>${secret} 9<>${secret}; exec "$@" 63<&8 8<&- `;
    const child = spawn(
      "/bin/bash",
      ["-c", shell, "bash", process.execPath, "--import", "tsx", script],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let text = "";
    for await (const chunk of child.stdout) text += chunk;
    const { own, sandbox } = JSON.parse(text) as { own: string[]; sandbox: string[] };
    // Otherwise the test would prove nothing.
    expect(own).toContain(secret);
    expect(sandbox).not.toContain(secret);
    const kinds = /^(socket:|pipe:|anon_inode:|\/dev\/(null|u?random)|\/proc\/|\/memfd:)/;
    const runner = /\/deno$|\/runner\//;
    expect(sandbox.filter((target) => !kinds.test(target) && !runner.test(target))).toEqual([]);
  });
});

describe("a folder that level isolated may read", () => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), "isolate-data-"));
    await chmod(data, 0o755);
    await mkdir(join(data, "plain"));
    await writeFile(join(data, "plain", "file"), "inside");
    await symlink("file", join(data, "plain", "link"));
    await mkdir(join(data, "leads"));
    await symlink("/etc", join(data, "leads", "out"));
    await symlink("/etc/hostname", join(data, "file"));
  });
  afterAll(() => rm(data, { recursive: true }));

  it("is read as far as it leads nowhere else", async () => {
    const config = { mounts: { [data]: data }, cluster: { min: 1, max: 2 } };
    const isolate = await createIsolate({ runDirectory: directory, config });
    const read = (path: string, granted = path) => {
      const code = `export default () => Deno.readTextFile(${JSON.stringify(join(data, path))})`;
      const permissions = { read: [join(data, granted)] };
      return isolate.execute({ code, permissions, timeout: 20_000 });
    };
    const refused = { status: 403, field: "permissions.read" };
    try {
      expect(await read("plain/file")).toMatchObject({ ok: true, result: "inside" });
      expect(await read("plain/link", "plain")).toMatchObject({ ok: true, result: "inside" });
      await expect(read("leads/out/hostname", "leads")).rejects.toMatchObject(refused);
      await expect(read("leads/out/hostname")).rejects.toMatchObject(refused);
      await expect(read("file")).rejects.toMatchObject(refused);
      await expect(read("plain/file", "")).rejects.toMatchObject(refused);
    } finally {
      await isolate.close();
    }
  });
});

describe("with net granted at level isolated", () => {
  let site: Server;
  let port: number;
  beforeAll(async () => {
    site = createServer((_request, response) => response.end("here"));
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    ({ port } = site.address() as AddressInfo);
  });
  afterAll(() => new Promise((resolve) => site.close(resolve)));

  it("reaches the host, and leaves no process with a network to a job without", async () => {
    const config = { isolatedNet: true, cluster: { min: 1, max: 4 } };
    const isolate = await createIsolate({ runDirectory: directory, config });
    // Kept after its answer, so that its process can be examined.
    const request = { timeout: 20_000, reuse: "code" } as const;
    try {
      const get = `export default async () => [
        await (await fetch("http://127.0.0.1:${port}")).text(), Deno.pid]`;
      const permissions = { net: [`127.0.0.1:${port}`] };
      const granted = await isolate.execute({ ...request, code: get, permissions });
      expect(granted).toMatchObject({ ok: true, result: ["here", expect.any(Number)] });
      const [, pid] = granted.result as [string, number];
      expect(await readlink(`/proc/${pid}/ns/net`)).toBe(ownNetwork);
      for (let round = 0; round < 3; round += 1) {
        const code = `${PID}; // ${round}`;
        const { result } = await isolate.execute({ ...request, code });
        if (network !== "none") {
          expect(await readlink(`/proc/${result}/ns/net`)).not.toBe(ownNetwork);
        }
      }
    } finally {
      await isolate.close();
    }
  });
});
