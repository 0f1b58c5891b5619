import { expect } from "vitest";
import { engineStatus } from "../../src/engines/container/docker.ts";
import { probe } from "./find-probe.ts";
import { LIMIT_PROTECTIONS } from "./limit-protections.ts";
import { type Adjustment, asRoot, PROBE_NETWORK, type Protection } from "./probe-sandbox.ts";

/** Replaces the security options that start with a word by another one, or removes them. */
const security =
  (word: string, other?: string): Adjustment =>
  (host) => {
    const kept = ((host.SecurityOpt ?? []) as string[]).filter((opt) => !opt.startsWith(word));
    host.SecurityOpt = other === undefined ? kept : [...kept, other];
  };
const unfiltered = security("seccomp=", "seccomp=unconfined");

/** Replaces a word in the mount options of /tmp, or removes it. */
const tmpfs =
  (word: string, other: string): Adjustment =>
  (host) => {
    const words = (host.Tmpfs?.["/tmp"] ?? "").split(",").map((w) => (w === word ? other : w));
    host.Tmpfs = { "/tmp": words.filter((w) => w !== "").join(",") };
  };

export const PROTECTIONS: readonly Protection[] = [
  ...LIMIT_PROTECTIONS,
  {
    ...probe("User"),
    removed: { uid: 0, gid: 0 },
    weaken: (_host, options) => delete options.User,
  },
  {
    ...probe("Hostname"),
    removed: { name: expect.stringMatching(/^[0-9a-f]{12}$/) },
    weaken: (_host, options) => delete options.Hostname,
  },
  {
    ...probe("Entrypoint"),
    removed: { ends: expect.arrayContaining([expect.stringMatching(/^(pipe|host):/)]) },
    weaken: (_host, options) => delete options.Entrypoint,
  },
  {
    ...probe("NetworkMode"),
    removed: { interfaces: expect.arrayContaining(["eth0"]), connected: "ok" },
    weaken: (host) => {
      host.NetworkMode = PROBE_NETWORK;
    },
  },
  {
    ...probe("Mounts"),
    // Root without capabilities may write there only if the control plane runs as root, too.
    removed: { wrote: expect.stringMatching(/^(ok|EACCES)$/) },
    weaken: (host) => {
      host.Mounts = (host.Mounts ?? []).map((mount) => ({ ...mount, ReadOnly: false }));
    },
  },
  {
    ...probe("ReadonlyRootfs"),
    removed: { wrote: "ok" },
    weaken: (host) => delete host.ReadonlyRootfs,
  },
  {
    ...probe("Tmpfs noexec"),
    removed: { loaded: "ok" },
    // The engine adds noexec, nosuid and nodev itself, unless an option says the opposite.
    weaken: tmpfs("noexec", "exec"),
  },
  {
    flag: "Tmpfs nodev",
    code: `
      const c = libc({ mknod: ["buffer", "u32", "u64"] });
      const CHARACTER_DEVICE = 0o20666;
      const path = new TextEncoder().encode("/tmp/null\\0");
      const made = kernel(c, c.mknod(path, CHARACTER_DEVICE, 0x103n));
      return { made, opened: await said(() => Deno.open("/tmp/null")) };
    `,
    // Creating a device takes a capability and an unfiltered system call.
    given: (host, options) => {
      asRoot(host, options);
      unfiltered(host, options);
      delete host.CapDrop;
    },
    holds: { made: 0, opened: "EACCES" },
    removed: { made: 0, opened: "ok" },
    weaken: tmpfs("nodev", "dev"),
  },
  {
    ...probe("Tmpfs nosuid"),
    removed: { nosuid: false },
    weaken: tmpfs("nosuid", "suid"),
  },
  {
    ...probe("CapDrop"),
    // Nobody has no capabilities either way. The doctor cannot take the flag away, and needs no root.
    given: asRoot,
    removed: { given: "ok" },
    weaken: (host) => delete host.CapDrop,
  },
  {
    ...probe("SecurityOpt no-new-privileges:true"),
    removed: { noNewPrivileges: "0" },
    weaken: security("no-new-privileges"),
  },
  {
    ...probe("SecurityOpt seccomp"),
    removed: { mode: "0", unshared: 0, vsock: expect.any(Number), ring: expect.any(Number) },
    weaken: unfiltered,
  },
  {
    ...probe("Dns"),
    removed: { servers: expect.not.stringMatching(/^nameserver 127\.0\.0\.1$/) },
    weaken: (host) => delete host.Dns,
  },
  {
    ...probe("IpcMode"),
    removed: { wrote: "ok" },
    weaken: (host) => delete host.IpcMode,
  },
  {
    ...probe("PidMode"),
    removed: { first: expect.not.stringMatching(/^deno$/) },
    weaken: (host) => {
      host.PidMode = "host";
    },
  },
  {
    flag: "LogConfig",
    given: (_host, options) => delete options.Entrypoint,
    // By descriptor, because what code writes to the streams becomes log entries.
    code: `process.getBuiltinModule("node:fs").writeSync(1, "printed\\n"); return {};`,
    outside: async (container) => {
      // The log is certainly complete only after the container's end.
      await container.kill();
      await container.wait();
      const log = container.logs({ stdout: true, stderr: true });
      return { log: await log.then(String, engineStatus) };
    },
    holds: { log: expect.any(Number) },
    removed: { log: expect.stringContaining("printed") },
    weaken: (host) => delete host.LogConfig,
  },
  // Last, because it fills /tmp, and others that share its sandbox write there.
  {
    ...probe("Tmpfs size=16m"),
    removed: { wrote: "ok" },
    weaken: tmpfs("size=16m", ""),
  },
];
