import { expect } from "vitest";
import { engineStatus } from "../../src/engines/container/docker.ts";
import { LIMITS } from "./limit-probes.ts";
import { type Adjustment, PROBE_NETWORK, type Protection, UPSTREAM_PORT } from "./probe-sandbox.ts";

/** As the kernel returns it. */
const EPERM = -1;

const asRoot: Adjustment = (_host, options) => {
  options.User = "0:0";
};

/** Swaps the security options that start with a word for another one, or for none. */
const security =
  (word: string, other?: string): Adjustment =>
  (host) => {
    const kept = ((host.SecurityOpt ?? []) as string[]).filter((opt) => !opt.startsWith(word));
    host.SecurityOpt = other === undefined ? kept : [...kept, other];
  };
const unfiltered = security("seccomp=", "seccomp=unconfined");

/** Swaps words in the mount options of /tmp; an empty one goes. */
const tmpfs =
  (word: string, other: string): Adjustment =>
  (host) => {
    const words = (host.Tmpfs?.["/tmp"] ?? "").split(",").map((w) => (w === word ? other : w));
    host.Tmpfs = { "/tmp": words.filter((w) => w !== "").join(",") };
  };

export const PROTECTIONS: readonly Protection[] = [
  ...LIMITS,
  {
    flag: "User",
    code: "return { uid: Deno.uid(), gid: Deno.gid() };",
    holds: { uid: 65534, gid: 65534 },
    removed: { uid: 0, gid: 0 },
    weaken: (_host, options) => delete options.User,
  },
  {
    // The engine's own choice is the container's id, which is nothing a tenant needs to know.
    flag: "Hostname",
    code: "return { name: Deno.hostname() };",
    holds: { name: "sandbox" },
    removed: { name: expect.stringMatching(/^[0-9a-f]{12}$/) },
    weaken: (_host, options) => delete options.Hostname,
  },
  {
    flag: "NetworkMode",
    code: `
      const interfaces = [...new Set(Deno.networkInterfaces().map(({ name }) => name))];
      const address = { hostname: upstream, port: ${UPSTREAM_PORT} };
      return { interfaces, connected: await said(() => Deno.connect(address)) };
    `,
    holds: { interfaces: ["lo"], connected: "ENETUNREACH" },
    removed: { interfaces: expect.arrayContaining(["eth0"]), connected: "ok" },
    weaken: (host) => {
      host.NetworkMode = PROBE_NETWORK;
    },
  },
  {
    flag: "Binds",
    code: `
      const entries = [...Deno.readDirSync("/run/isolate")].length;
      return { entries, wrote: await said(() => Deno.writeTextFile("/run/isolate/probe", "")) };
    `,
    given: asRoot,
    // The socket's name goes as soon as the one sandbox has dialled it.
    holds: { entries: 0, wrote: "EROFS" },
    // Root without capabilities may write there only if the control plane is root's, too.
    removed: { wrote: expect.stringMatching(/^(ok|EACCES)$/) },
    weaken: (host) => {
      host.Binds = (host.Binds ?? []).map((bind: string) => bind.replace(/:ro$/, ""));
    },
  },
  {
    flag: "ReadonlyRootfs",
    code: `return { wrote: await said(() => Deno.writeTextFile("/probe", "")) };`,
    given: asRoot,
    holds: { wrote: "EROFS" },
    removed: { wrote: "ok" },
    weaken: (host) => delete host.ReadonlyRootfs,
  },
  {
    flag: "Tmpfs size=16m",
    code: `
      const megabyte = new Uint8Array(1_048_576);
      const file = Deno.openSync("/tmp/probe", { write: true, create: true });
      const wrote = await said(() => {
        for (let i = 0; i < 32; i++) file.writeSync(megabyte);
      });
      return { wrote };
    `,
    holds: { wrote: "ENOSPC" },
    removed: { wrote: "ok" },
    weaken: tmpfs("size=16m", ""),
  },
  {
    flag: "Tmpfs noexec",
    code: `
      const [library] = /\\/\\S*\\/lib(dl|rt|pthread|gcc_s)\\S*/.exec(text("/proc/self/maps"));
      Deno.copyFileSync(library, "/tmp/probe.so");
      return { loaded: await said(() => Deno.dlopen("/tmp/probe.so", {})) };
    `,
    holds: { loaded: expect.stringContaining("failed to map segment") },
    removed: { loaded: "ok" },
    // The engine adds noexec, nosuid and nodev by itself wherever the opposite is not said.
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
    // Nobody makes a device without a capability, or past the filter.
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
    // Read instead of tried: the image has no executable that fits into 16 MB to set the bit on.
    flag: "Tmpfs nosuid",
    code: `
      const [, options] = /^.* \\/tmp (\\S+) /m.exec(text("/proc/self/mountinfo"));
      return { options: options.split(",") };
    `,
    holds: { options: expect.arrayContaining(["nosuid"]) },
    removed: { options: expect.not.arrayContaining(["nosuid"]) },
    weaken: tmpfs("nosuid", "suid"),
  },
  {
    flag: "CapDrop",
    code: `
      Deno.writeTextFileSync("/tmp/probe", "");
      return { bound: status("CapBnd"), given: await said(() => Deno.chown("/tmp/probe", 1, 1)) };
    `,
    given: asRoot,
    holds: { bound: "0000000000000000", given: "EPERM" },
    removed: { given: "ok" },
    weaken: (host) => delete host.CapDrop,
  },
  {
    // Read instead of tried: the image has no set-user-ID executable, nor a place for one.
    flag: "SecurityOpt no-new-privileges:true",
    code: `return { noNewPrivileges: status("NoNewPrivs") };`,
    holds: { noNewPrivileges: "1" },
    removed: { noNewPrivileges: "0" },
    weaken: security("no-new-privileges"),
  },
  {
    // Unsharing nothing is refused by the filter alone. A vsock socket belongs to no network
    // namespace, so that the filter is all there is against it; io_uring would pass others by.
    flag: "SecurityOpt seccomp",
    code: `
      const c = libc({ unshare: ["i32"], socket: ["i32", "i32", "i32"], syscall: ["i64", "i64", "i64"] });
      const [AF_VSOCK, SOCK_STREAM, IO_URING_SETUP] = [40, 1, 425n];
      return {
        mode: status("Seccomp"),
        unshared: kernel(c, c.unshare(0)),
        vsock: kernel(c, c.socket(AF_VSOCK, SOCK_STREAM, 0)),
        ring: kernel(c, c.syscall(IO_URING_SETUP, 1n, 0n)),
      };
    `,
    holds: { mode: "2", unshared: EPERM, vsock: EPERM, ring: EPERM },
    removed: { mode: "0", unshared: 0, vsock: expect.any(Number), ring: expect.any(Number) },
    weaken: unfiltered,
  },
  {
    flag: "Dns",
    code: `
      const servers = text("/etc/resolv.conf").match(/^nameserver .*$/gm) ?? [];
      return { servers: servers.join() };
    `,
    holds: { servers: "nameserver 127.0.0.1" },
    removed: { servers: expect.not.stringMatching(/^nameserver 127\.0\.0\.1$/) },
    weaken: (host) => delete host.Dns,
  },
  {
    flag: "IpcMode",
    code: `return { wrote: await said(() => Deno.writeTextFile("/dev/shm/probe", "")) };`,
    holds: { wrote: "ENOENT" },
    removed: { wrote: "ok" },
    weaken: (host) => delete host.IpcMode,
  },
  {
    // No flag of ours but the engine's default.
    flag: "PidMode",
    code: `
      const processes = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\\d+$/.test(name));
      return { first: text("/proc/1/comm").trim(), processes: processes.length };
    `,
    holds: { first: "deno", processes: 1 },
    removed: { first: expect.not.stringMatching(/^deno$/) },
    weaken: (host) => {
      host.PidMode = "host";
    },
  },
  {
    flag: "LogConfig",
    code: `Deno.stdout.writeSync(new TextEncoder().encode("printed\\n")); return {};`,
    outside: async (container) => {
      // Only with the container's end is the log sure to be complete.
      await container.kill();
      await container.wait();
      const log = container.logs({ stdout: true, stderr: true });
      return { log: await log.then(String, engineStatus) };
    },
    holds: { log: expect.any(Number) },
    removed: { log: expect.stringContaining("printed") },
    weaken: (host) => delete host.LogConfig,
  },
];
