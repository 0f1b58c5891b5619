/**
 * Tests `isolate doctor` as an operator runs it: on a healthy host, and with one fault at a time.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkContainer } from "../../doctor/escape-checks.ts";
import type { Finding } from "../../doctor/finding.ts";
import { openLaunchers } from "../../doctor/probe-launchers.ts";
import { readRunner } from "../../src/deno/runner.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { containersOf, docker, runtime } from "../helpers/containers.ts";
import { inGVisor } from "../helpers/gvisor.ts";
import { SOAK } from "../helpers/soak.ts";
import { probe } from "./find-probe.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COMMAND = [process.execPath, join(ROOT, "bin/isolate.js"), "doctor", "--json"];
const isRoot = process.getuid?.() === 0;

let runDirectory: string;
beforeAll(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), "doctor-"));
});
afterAll(async () => {
  expect(await readdir(runDirectory)).toEqual([]);
  expect(await containersOf(runDirectory)).toEqual([]);
  await rm(runDirectory, { recursive: true });
});

interface Report {
  readonly code: number | null;
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

async function doctor(env: Record<string, string>, command = COMMAND): Promise<Report> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env: { ...process.env, ISOLATE_RUN_DIR: runDirectory, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, ...JSON.parse(text) };
}

const failures = ({ findings }: Report): Finding[] =>
  findings.filter(({ level }) => level === "fail");

it("finds a host fit, and has tried every way out of it", async () => {
  const report = await doctor({});
  expect(failures(report)).toEqual([]);
  expect(report).toMatchObject({ ok: true, code: 0 });
  const checks = new Set(report.findings.map(({ check }) => check));
  for (const check of ["engine", "seccomp", "cgroup", "run directory", "container", "isolated"]) {
    expect(checks).toContain(check);
  }
  for (const check of ["egress proxy", "escape worker", "escape isolated", "escape host"]) {
    expect(checks).toContain(check);
  }
  const flags = ["NetworkMode", "CapDrop", "Memory", "PidsLimit", "ReadonlyRootfs"];
  const seen = inGVisor ? flags.filter((flag) => flag !== "PidsLimit") : flags;
  for (const flag of seen) expect(checks).toContain(`escape ${flag}`);
}, 120_000);

describe("with one thing broken, it says which and what to do", () => {
  it("an engine that is not there", async () => {
    const report = await doctor({ DOCKER_HOST: "unix:///nowhere/docker.sock" });
    expect(report).toMatchObject({ ok: false, code: 1 });
    expect(failures(report)).toEqual([
      {
        level: "fail",
        check: "engine",
        message: expect.stringContaining("/nowhere/docker.sock"),
        advice: expect.stringContaining("systemctl start docker"),
      },
    ]);
  });

  it("a setting that is no good", async () => {
    const report = await doctor({ ISOLATE_POOL_MIN: "few" });
    expect(report.code).toBe(1);
    expect(report.findings).toMatchObject([{ level: "fail", check: "settings" }]);
    expect(report.findings[0]?.message).toContain("ISOLATE_POOL_MIN");
  });

  // With an engine, all else is tried as well, which another test does already.
  it.each([{ ISOLATE_ENGINE: "none" }, ...(SOAK ? [{}] : [])])(
    "a folder that is to be mounted, with %o",
    async (env) => {
      const missing = join(runDirectory, "missing");
      const report = await doctor({ ...env, ISOLATE_MOUNTS: JSON.stringify({ "/data": missing }) });
      expect(report.code).toBe(1);
      expect(failures(report)).toMatchObject([
        { check: "mounts", message: expect.stringContaining(`ISOLATE_MOUNTS: ${missing}`) },
      ]);
    },
  );

  it.skipIf(!isRoot)("a run directory that the engine does not see", async () => {
    const inside = ["sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', runDirectory, ...COMMAND];
    const report = await doctor({}, ["unshare", "--mount", ...inside]);
    expect(report.code).toBe(1);
    expect(failures(report)).toMatchObject([
      { check: "run directory", advice: expect.stringContaining("ISOLATE_RUN_DIR") },
    ]);
  });

  it("a flag that the engine does not heed", async () => {
    const instance = await Instance.create(runDirectory);
    const image = await ensureRunnerImage(docker, await readRunner("inherit"), () => {});
    const parts = { docker, instance, runtime, image };
    const { asNobody, asRoot } = openLaunchers(parts, ({ HostConfig }) => {
      delete HostConfig?.ReadonlyRootfs;
    });
    const probes = [probe("User"), probe("ReadonlyRootfs"), probe("Mounts")];
    const levels: Record<string, string> = {};
    try {
      const open = {
        asNobody: asNobody.launch.bind(asNobody),
        asRoot: asRoot.launch.bind(asRoot),
      };
      for await (const finding of checkContainer(open, runtime, probes)) {
        levels[finding.check] = finding.level;
      }
    } finally {
      await Promise.all([asNobody.close(), asRoot.close()]);
      await instance.close();
    }
    expect(levels).toEqual({
      "escape User": "ok",
      "escape ReadonlyRootfs": "fail",
      "escape Mounts": "ok",
    });
  });
});
