import { spawnSync } from "node:child_process";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ENVIRONMENT = fileURLToPath(new URL("../../bin/environment.js", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../../scripts/setup.mjs", import.meta.url));
const NOBODY = 65_534;

interface Run {
  readonly status: number | null;
  readonly said: string;
}

function setup(
  script: string,
  env: Record<string, string>,
  { uid, flags = [] }: { uid?: number; flags?: readonly string[] } = {},
): Run {
  const { status, stderr } = spawnSync(process.execPath, [script, ...flags], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...env },
    ...(uid !== undefined && { uid }),
  });
  return { status, said: stderr };
}

/** Runs it as nobody on a host whose usual places have no engine's socket. */
function setupWithoutEngine(script: string, env: Record<string, string>): Run {
  const inside =
    '/usr/bin/mount -t tmpfs none /run && exec /usr/bin/setpriv --reuid 65534 --clear-groups "$@"';
  const args = ["--mount", "/bin/sh", "-c", inside, "sh", process.execPath, script];
  const { status, stderr } = spawnSync("/usr/bin/unshare", args, {
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...env },
  });
  return { status, said: stderr };
}

describe("set-up", () => {
  it("finds all there, says nothing and takes less than a second of processor time", () => {
    const args = ["-c", '"$0" "$1"; times', process.execPath, SCRIPT];
    const { stdout, stderr } = spawnSync("sh", args, {
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
    expect(stderr).toBe("");
    // The second line is of what the shell has run.
    const [, ended = ""] = stdout.split("\n");
    const times = [...ended.matchAll(/(\d+)m([\d.]+)s/g)].map(
      ([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds),
    );
    expect(times).toHaveLength(2);
    expect(times.reduce((sum, one) => sum + one)).toBeLessThan(1);
  });

  describe("in a fresh clone", () => {
    let clone: string;
    let script: string;
    beforeEach(async () => {
      clone = await mkdtemp(join(tmpdir(), "isolate-"));
      script = join(clone, "scripts/setup.mjs");
      await mkdir(join(clone, "scripts"));
      await copyFile(SCRIPT, script);
      await mkdir(join(clone, "bin"));
      await writeFile(join(clone, "bin/package.json"), '{"type":"module"}');
      await copyFile(ENVIRONMENT, join(clone, "bin/environment.js"));
      const lock = { name: "x", version: "1.0.0", lockfileVersion: 3, packages: { "": {} } };
      await writeFile(join(clone, "package.json"), '{"name":"x","version":"1.0.0"}');
      await writeFile(join(clone, "package-lock.json"), JSON.stringify(lock));
      await chmod(clone, 0o755);
    });
    afterEach(() => rm(clone, { recursive: true }));

    it("installs the locked packages", () => {
      const { status, said } = setup(script, { ISOLATE_ENGINE: "none", HOME: clone });
      expect(status).toBe(0);
      expect(said).toContain("[setup] npm ci");
    });

    it("fails when they cannot be installed", async () => {
      await writeFile(join(clone, "package-lock.json"), "{");
      const { status, said } = setup(script, { ISOLATE_ENGINE: "none", HOME: clone });
      expect(status).toBe(1);
      expect(said).toContain("npm failed");
    });

    it("installs packages again of which another version is locked, optional ones too", async () => {
      const packages = {
        "": {},
        "node_modules/y": { version: "2.0.0", optional: true, os: "aix" },
      };
      const lock = { name: "x", version: "1.0.0", lockfileVersion: 3, packages };
      await writeFile(join(clone, "package-lock.json"), JSON.stringify(lock));
      const present = join(clone, "node_modules/.package-lock.json");
      await mkdir(join(clone, "node_modules"));
      const run = async (installed: object) => {
        await writeFile(present, JSON.stringify({ packages: installed }));
        return setup(script, { ISOLATE_ENGINE: "none", HOME: clone }).said;
      };
      expect(await run({})).toBe("");
      expect(await run({ "node_modules/y": { version: "2.0.0" } })).toBe("");
      expect(await run({ "node_modules/y": { version: "1.0.0" } })).toContain("[setup] npm ci");
    });

    it("installs the other Nodes of the tests for them alone, and fails without one", async () => {
      const present = "node_modules/.package-lock.json";
      await mkdir(join(clone, "node_modules"));
      await writeFile(join(clone, present), '{"packages":{}}');
      const [own = ""] = process.versions.node.split(".");
      for (const line of [own, "99"]) {
        const folder = join(clone, "tests/nodes", line);
        await mkdir(folder, { recursive: true });
        for (const name of ["package.json", "package-lock.json"]) {
          await copyFile(join(clone, name), join(folder, name));
        }
      }
      const env = { ISOLATE_ENGINE: "none", HOME: clone };
      expect(setup(script, env).said).not.toContain("Node");
      const { status, said } = setup(script, env, { flags: ["--nodes"] });
      expect(status).toBe(1);
      expect(said.match(/npm ci/g)).toHaveLength(1);
      expect(said).toContain("Node 99 could not be installed");
      const bin = join(clone, "tests/nodes/99/node_modules", `node-linux-${process.arch}`, "bin");
      await mkdir(bin, { recursive: true });
      await writeFile(join(bin, "node"), "");
      await writeFile(join(clone, "tests/nodes/99", present), '{"packages":{}}');
      expect(setup(script, env, { flags: ["--nodes"] })).toMatchObject({ status: 0, said: "" });
    });

    describe("whose packages are there", () => {
      beforeEach(async () => {
        await mkdir(join(clone, "node_modules"));
        await writeFile(join(clone, "node_modules/.package-lock.json"), '{"packages":{}}');
      });

      it("leaves the engine alone when there is to be none", () => {
        // As somebody to whom no engine answers, and who would be told so.
        const { status, said } = setup(script, { ISOLATE_ENGINE: "none" }, { uid: NOBODY });
        expect({ status, said }).toEqual({ status: 0, said: "" });
      });

      it("leaves an engine of somebody's own choice alone", () => {
        const DOCKER_HOST = "unix:///nowhere/docker.sock";
        expect(setup(script, { DOCKER_HOST })).toMatchObject({ status: 0, said: "" });
      });

      it("tells a user who may not install one what to run", async () => {
        const bin = join(clone, "programs");
        await mkdir(bin);
        for (const name of ["sh", "apt-get"]) await symlink(`/usr/bin/${name}`, join(bin, name));
        const { status, said } = setupWithoutEngine(script, { PATH: bin, HOME: clone });
        expect(status).toBe(0);
        expect(said).toContain("sudo apt-get install docker.io");
        expect(said).toContain('{"sandbox":"isolated"}');
      });

      it.each([
        ["installs gVisor for the tests", "exit 0", ["--gvisor"], true, false],
        ["goes on without gVisor where there is none", "exit 1", ["--gvisor"], true, true],
        ["does without gVisor for a server", "exit 0", [], false, false],
      ])("%s", async (_what, apt, flags, tried, skipped) => {
        const bin = join(clone, "programs");
        await mkdir(bin);
        await symlink("/usr/bin/sh", join(bin, "sh"));
        await writeFile(join(bin, "apt-get"), `#!/usr/bin/sh\n${apt}\n`, { mode: 0o755 });
        const env = { PATH: bin, DOCKER_HOST: "unix:///nowhere" };
        const { status, said } = setup(script, env, { flags });
        expect(status).toBe(0);
        expect(said.includes("Installing runsc")).toBe(tried);
        expect(said.includes("are skipped")).toBe(skipped);
      });

      it("bounds what is downloaded, and interrupts no installation", async () => {
        const bin = join(clone, "programs");
        await mkdir(bin);
        await symlink("/usr/bin/sh", join(bin, "sh"));
        const calls = join(clone, "calls");
        for (const name of ["apt-get", "dpkg"]) {
          const program = `#!/usr/bin/sh\necho "${name} $*" >> ${calls}\n`;
          await writeFile(join(bin, name), program, { mode: 0o755 });
        }
        const env = { PATH: bin, DOCKER_HOST: "unix:///nowhere" };
        expect(setup(script, env, { flags: ["--gvisor"] }).status).toBe(0);
        const install = "apt-get install -qy --no-install-recommends -o DPkg::Lock::Timeout=60";
        expect((await readFile(calls, "utf8")).trim().split("\n")).toEqual([
          "dpkg --configure -a",
          `${install} --download-only runsc`,
          `${install} runsc`,
        ]);
      });

      it("tells a user who may not use the one that runs of its group, and not to start it", () => {
        const { status, said } = setup(script, { HOME: clone }, { uid: NOBODY });
        expect(status).toBe(0);
        expect(said).toContain("this user may not open it (EACCES)");
        expect(said).not.toMatch(/sudo/);
      });

      it("tells a user who may not start one what to run", () => {
        const { status, said } = setupWithoutEngine(script, { HOME: clone });
        expect(status).toBe(0);
        expect(said).toMatch(/sudo (systemctl start docker|dockerd)/);
      });
    });
  });
});
