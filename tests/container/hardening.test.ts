import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containerOptions, networkOptions } from "../../src/engines/container/flags.ts";
import { inGVisor } from "../helpers/gvisor.ts";
import { IN_GVISOR } from "./gvisor-differences.ts";
import { type Facts, Laboratory, UPSTREAM_PORT } from "./probe-sandbox.ts";
import { PROTECTIONS } from "./probes.ts";

let laboratory: Laboratory;

beforeAll(async () => {
  laboratory = await Laboratory.open();
}, 300_000);

afterAll(async () => {
  await laboratory?.close();
}, 60_000);

describe("A container without the Worker's permissions", { timeout: 60_000 }, () => {
  describe.each(PROTECTIONS)("$flag", (protection) => {
    const { code, given, weaken, profile, outside, removed } = protection;
    const { unseen, irremovable, ...other } = inGVisor ? (IN_GVISOR[protection.flag] ?? {}) : {};
    const { holds } = { ...protection, ...other };

    it.skipIf(unseen)("holds", async () => {
      const facts = await laboratory.probe(code, { adjustments: [given], profile, outside });
      expect(facts).toMatchObject(holds);
    });

    it.skipIf(unseen ?? irremovable)("is noticed when removed", async () => {
      const adjustments = [given, weaken];
      const facts = await laboratory.probe(code, { adjustments, profile, outside });
      expect(facts).not.toMatchObject(holds);
      expect(facts).toMatchObject(removed);
    });
  });

  it("has the flags there are probes for, and no other", () => {
    const probed = PROTECTIONS.map(({ flag }) => flag);
    expect([...protectiveFlags(), ...ENGINE_DEFAULTS].sort()).toEqual(probed.sort());
  });

  it("lets nothing be written but in places that end with it", async () => {
    const { writable } = await laboratory.probe(WRITE_EVERYWHERE);
    // Message queues are of a namespace of its own, and held by an rlimit.
    expect(["/dev/mqueue", "/tmp"]).toEqual(expect.arrayContaining(writable as string[]));
    expect(writable).toContain("/tmp");
  });

  it("shows nothing of the host's that could be asked for more", async () => {
    const facts = await laboratory.probe(REACH_FOR_THE_HOST);
    for (const [path, answer] of Object.entries(facts.opened as Facts)) {
      expect([path, answer]).toEqual([
        path,
        expect.stringMatching(/^(ENOENT|EACCES|EROFS|EPERM)$/),
      ]);
    }
  });
});

describe("The Worker's permissions", { timeout: 60_000 }, () => {
  const refusal = /Requires [\w ]*access|Can't escalate parent thread permissions/;

  it("refuse all of it inside an unmodified container", async () => {
    const { ended, ...answers } = await laboratory.probeUnmodified(ATTEMPTS);
    expect(ended).toBe("result");
    expect(Object.keys(answers).length).toBeGreaterThan(10);
    for (const [attempt, answer] of Object.entries(answers)) {
      expect([attempt, answer]).toEqual([attempt, expect.stringMatching(refusal)]);
    }
  });

  it("are noticed when removed", async () => {
    const { ended, ...answers } = await laboratory.probe(ATTEMPTS);
    expect(ended).toBe("result");
    for (const [attempt, answer] of Object.entries(answers)) {
      expect([attempt, answer]).not.toEqual([attempt, expect.stringMatching(refusal)]);
    }
  });
});

/** What describes a container without protecting anybody from it. */
const DESCRIPTIVE = new Set([
  "Image",
  "Cmd",
  "Env",
  "Labels",
  "StopSignal",
  "AttachStdin",
  "AttachStdout",
  "AttachStderr",
  "HostConfig",
  "Tmpfs rw",
  "Tmpfs mode=1777",
]);

/** What the engine protects by itself, if it is not told otherwise. */
const ENGINE_DEFAULTS = ["PidMode"];

/** Every flag of the two kinds of container by the name its probe has. */
function protectiveFlags(): string[] {
  const instance = { id: "instance", runDirectory: "/run" };
  const slot = { id: "slot", directory: "/slot" };
  const profile = { memory: 256, cpus: 1 };
  const kinds = [
    containerOptions({ image: "image", profile, slot, instance, network: "network" }),
    networkOptions({ image: "image", id: "id", instance }),
  ];
  const flags = kinds.flatMap((options) => flagsOf({ ...options, ...options.HostConfig }));
  return [...new Set(flags)].filter((flag) => !DESCRIPTIVE.has(flag));
}

function flagsOf(options: object): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const parts = partsOf(key, value);
    return parts === undefined ? [key] : parts.map((part) => `${key} ${part}`);
  });
}

/** The single protections in a flag that holds several. */
function partsOf(key: string, value: unknown): readonly string[] | undefined {
  switch (key) {
    case "Tmpfs":
      return Object.values(value as Record<string, string>).flatMap((words) => words.split(","));
    case "Ulimits":
      return (value as { Name: string }[]).map(({ Name }) => Name);
    case "SecurityOpt":
      return (value as string[]).map((option) => option.replace(/^seccomp=.*/, "seccomp"));
    default:
      return undefined;
  }
}

/** Tries to make a file in every directory there is. */
const WRITE_EVERYWHERE = `
  const writable = [];
  async function visit(directory) {
    const path = (name) => (directory === "/" ? "" : directory) + "/" + name;
    if (await said(() => Deno.writeTextFile(path("probe"), "")) === "ok") {
      return writable.push(directory);
    }
    for (const { name, isDirectory } of Deno.readDirSync(directory)) {
      if (isDirectory && path(name) !== "/proc") await visit(path(name)).catch(() => {});
    }
  }
  await visit("/");
  return { writable: writable.sort() };
`;

/** Opens, without a word, what a container must not be able to open. */
const REACH_FOR_THE_HOST = `
  const settings = ["/proc/sys/kernel/core_pattern", "/sys/kernel/uevent_helper"];
  const write = ["/proc/sysrq-trigger", ...settings];
  const read = ["/var/run/docker.sock", "/run/docker.sock", "/proc/kcore", "/dev/mem", "/dev/kmsg"];
  const opened = {};
  for (const path of write) opened[path] = await said(() => Deno.open(path, { write: true }));
  for (const path of read) opened[path] = await said(() => Deno.open(path));
  return { opened };
`;

/** What code without a permission must not get done. Each tells its error, or "ok". */
const ATTEMPTS = `
  const { createRequire } = await import("node:module");
  const { readFileSync } = await import("node:fs");
  const { execFileSync } = await import("node:child_process");
  const { Worker: NodeWorker } = await import("node:worker_threads");
  const blob = (code) => URL.createObjectURL(new Blob([code]));
  const address = { hostname: upstream, port: ${UPSTREAM_PORT} };
  const url = "http://" + upstream + ":${UPSTREAM_PORT}/";
  const nested = () => new Promise((resolve, reject) => {
    const code = 'try { Deno.readTextFileSync("/etc/passwd"); postMessage("ok"); }'
      + ' catch (error) { postMessage(error.message); }';
    const options = { type: "module", deno: { permissions: "inherit" } };
    const worker = new Worker(blob(code), options);
    worker.onmessage = ({ data }) => data === "ok" ? resolve() : reject(new Error(data));
  });
  const more = { type: "module", deno: { permissions: { read: true } } };
  const attempts = {
    read: () => Deno.readTextFile("/etc/passwd"),
    readByNode: () => readFileSync("/etc/passwd"),
    require: () => createRequire("file:///probe.js")("/etc/passwd"),
    import: () => import("file:///etc/passwd"),
    importText: () => import("file:///etc/passwd", { with: { type: "text" } }),
    importRemote: () => import(url + "module.js"),
    list: () => [...Deno.readDirSync("/")],
    write: () => Deno.writeTextFile("/tmp/probe", ""),
    connect: () => Deno.connect(address),
    control: () => Deno.connect({ transport: "unix", path: "/run/isolate/control.sock" }),
    fetch: () => fetch(url),
    fetchFile: () => fetch("file:///etc/passwd"),
    listen: () => Deno.listen({ port: 0 }),
    environment: () => Deno.env.get("PATH"),
    command: () => new Deno.Command("/bin/deno", { args: ["--version"] }).output(),
    commandByNode: () => execFileSync("/bin/deno", ["--version"]),
    kill: () => Deno.kill(99, "SIGCONT"),
    library: () => Deno.dlopen("libc.so.6", {}),
    system: () => Deno.hostname(),
    nestedWorker: nested,
    nestedWithMore: () => new Worker(blob(""), more),
    nodeWorker: () => new NodeWorker("/etc/passwd"),
  };
  const answers = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    answers[name] = await said(async () => {
      try {
        await attempt();
      } catch (error) {
        throw new Error(error.message);
      }
    });
  }
  return answers;
`;
