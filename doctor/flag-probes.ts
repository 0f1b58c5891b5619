import { AUTHORITY_FILE } from "../src/protocol/egress-admin.ts";
import { type Probe, UPSTREAM_PORT } from "./probe.ts";

/** Error code, as the kernel returns it. */
const EPERM = -1;

/** Probes of the flags that limit the actions of a sandbox. */
export const FLAG_PROBES: readonly Probe[] = [
  {
    flag: "User",
    what: "it runs as nobody",
    code: "return { uid: Deno.uid(), gid: Deno.gid() };",
    holds: { uid: 65534, gid: 65534 },
  },
  {
    // The engine's own choice is the container's id, which a tenant need not know.
    flag: "Hostname",
    what: "it is not told which container it is",
    code: "return { name: Deno.hostname() };",
    holds: { name: "sandbox" },
  },
  {
    flag: "Entrypoint",
    what: "the engine copies nothing that it prints",
    code: `return { ends: [0, 1, 2].map((fd) => Deno.readLinkSync("/proc/self/fd/" + fd)) };`,
    holds: { ends: ["/dev/null", "/dev/null", "/dev/null"] },
  },
  {
    flag: "NetworkMode",
    what: "it has no network but loopback",
    code: `
      const interfaces = [...new Set(Deno.networkInterfaces().map(({ name }) => name))];
      const address = { hostname: upstream, port: ${UPSTREAM_PORT} };
      return { interfaces, connected: await said(() => Deno.connect(address)) };
    `,
    holds: { interfaces: ["lo"], connected: "ENETUNREACH" },
  },
  {
    flag: "Mounts",
    what: "the directory of its sockets is read-only",
    root: true,
    code: `
      const entries = [...Deno.readDirSync("/run/isolate")].map(({ name }) => name);
      return { entries, wrote: await said(() => Deno.writeTextFile("/run/isolate/probe", "")) };
    `,
    // Nothing but the egress proxy's certificate: the socket's name is removed once the sandbox has dialled it.
    holds: { entries: [AUTHORITY_FILE], wrote: "EROFS" },
  },
  {
    flag: "ReadonlyRootfs",
    what: "its root is read-only",
    root: true,
    code: `return { wrote: await said(() => Deno.writeTextFile("/probe", "")) };`,
    holds: { wrote: "EROFS" },
  },
  {
    flag: "Tmpfs noexec",
    what: "nothing in /tmp can be executed",
    code: `
      const [library] = /\\/\\S*\\/lib(dl|rt|pthread|gcc_s)\\S*/.exec(text("/proc/self/maps"));
      Deno.copyFileSync(library, "/tmp/probe.so");
      const loaded = await said(() => Deno.dlopen("/tmp/probe.so", {}));
      return { loaded: loaded.includes("failed to map segment") ? "unmapped" : loaded };
    `,
    holds: { loaded: "unmapped" },
  },
  {
    // Read and not tried: the image has no executable small enough for 16 MB to set the bit on.
    flag: "Tmpfs nosuid",
    what: "no set-user-ID bit counts in /tmp",
    code: `
      const [, options] = /^.* \\/tmp (\\S+) /m.exec(text("/proc/self/mountinfo"));
      return { nosuid: options.split(",").includes("nosuid") };
    `,
    holds: { nosuid: true },
  },
  {
    flag: "CapDrop",
    what: "it has no capabilities",
    code: `
      Deno.writeTextFileSync("/tmp/probe", "");
      return { bound: status("CapBnd"), given: await said(() => Deno.chown("/tmp/probe", 1, 1)) };
    `,
    holds: { bound: "0000000000000000", given: "EPERM" },
  },
  {
    // Read and not tried: the image has no set-user-ID executable, and no place for one.
    flag: "SecurityOpt no-new-privileges:true",
    what: "it gets no new privileges",
    code: `return { noNewPrivileges: status("NoNewPrivs") };`,
    holds: { noNewPrivileges: "1" },
  },
  {
    // Only the filter refuses an unshare of nothing. Only the filter stops a vsock socket, which
    // belongs to no network namespace. io_uring would bypass other filtered calls.
    flag: "SecurityOpt seccomp",
    what: "its system calls are filtered",
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
  },
  {
    flag: "Dns",
    what: "it is not told the host's resolvers",
    code: `
      const servers = text("/etc/resolv.conf").match(/^nameserver .*$/gm) ?? [];
      return { servers: servers.join() };
    `,
    holds: { servers: "nameserver 127.0.0.1" },
  },
  {
    flag: "IpcMode",
    what: "it shares no memory",
    code: `return { wrote: await said(() => Deno.writeTextFile("/dev/shm/probe", "")) };`,
    holds: { wrote: "ENOENT" },
  },
  {
    // Set by no flag of ours: it is the engine's default.
    flag: "PidMode",
    what: "it sees no process but its own",
    code: `
      const processes = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\\d+$/.test(name));
      return { first: text("/proc/1/comm").trim(), processes: processes.length };
    `,
    holds: { first: "deno", processes: 1 },
  },
  {
    // Last, because it leaves no space for the other probes.
    flag: "Tmpfs size=16m",
    what: "/tmp ends at 16 MiB",
    code: `
      const megabyte = new Uint8Array(1_048_576);
      const file = Deno.openSync("/tmp/probe", { write: true, create: true });
      const wrote = await said(() => {
        for (let i = 0; i < 32; i++) file.writeSync(megabyte);
      });
      return { wrote };
    `,
    holds: { wrote: "ENOSPC" },
  },
];
