import type { Adjustment, Protection } from "./probe-sandbox.ts";

// Errors as the kernel returns them.
const EPERM = -1;
const EAGAIN = -11;
const EFBIG = -27;

const withoutUlimit =
  (name: string): Adjustment =>
  (host) => {
    host.Ulimits = (host.Ulimits ?? []).filter((limit) => limit.Name !== name);
  };

/** The flags that say how much of something a sandbox may use. */
export const LIMITS: readonly Protection[] = [
  {
    flag: "Memory",
    // Outside V8's heap, which has a limit of its own.
    code: `
      const blocks = [];
      for (let i = 0; i < 40; i++) blocks.push(new Uint8Array(10e6).fill(1));
      return { megabytes: blocks.length * 10 };
    `,
    holds: { ended: "closed", fault: { name: "MemoryError" } },
    removed: { megabytes: 400 },
    // The engine refuses the one without the other.
    weaken: (host) => {
      delete host.Memory;
      delete host.MemorySwap;
    },
  },
  {
    // Read instead of tried: not every host has swap. Both generations of cgroups.
    flag: "MemorySwap",
    code: `
      const v1 = (name) => cgroup("memory/memory." + name + "limit_in_bytes");
      return { swap: Number(cgroup("memory.swap.max") ?? v1("memsw.") - v1("")) };
    `,
    holds: { swap: 0 },
    removed: { swap: 256 * 1_048_576 },
    weaken: (host) => delete host.MemorySwap,
  },
  {
    flag: "NanoCpus",
    // How much the code gets without the limit depends on who else is busy; that the kernel never
    // held it back does not.
    code: `
      const url = URL.createObjectURL(new Blob(["for (;;);"]));
      const used = () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1000;
      };
      const [start, usedBefore] = [Date.now(), used()];
      const workers = Array.from({ length: 3 }, () => new Worker(url, { type: "module" }));
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const cores = (used() - usedBefore) / (Date.now() - start);
      for (const worker of workers) worker.terminate();
      const account = cgroup("cpu.stat") ?? cgroup("cpu/cpu.stat");
      return { cores, within: cores < 0.7, heldBack: !/^nr_throttled 0$/m.test(account) };
    `,
    profile: { cpus: 0.5 },
    holds: { within: true, heldBack: true },
    removed: { heldBack: false },
    weaken: (host) => delete host.NanoCpus,
  },
  {
    flag: "PidsLimit",
    code: `
      const c = libc({ pthread_create: ["buffer", "pointer", "pointer", "pointer"] });
      const { pause } = Deno.dlopen("libc.so.6", { pause: { type: "pointer" } }).symbols;
      const id = new BigUint64Array(1);
      let [threads, refused] = [0, 0];
      while (threads < 500 && refused === 0) {
        refused = c.pthread_create(id, null, pause, null);
        if (refused === 0) threads++;
      }
      return { threads, enough: threads < 128, refused: -refused };
    `,
    holds: { enough: true, refused: EAGAIN },
    removed: { threads: 500 },
    weaken: (host) => delete host.PidsLimit,
  },
  {
    flag: "Ulimits nofile",
    code: `
      const files = [];
      const opened = await said(() => {
        while (files.length < 3000) files.push(Deno.openSync("/dev/null"));
      });
      for (const file of files) file.close();
      return { opened, enough: files.length < 1024 };
    `,
    holds: { opened: "EMFILE", enough: true },
    removed: { opened: "ok" },
    weaken: withoutUlimit("nofile"),
  },
  {
    flag: "Ulimits fsize",
    // No file of /tmp gets that far, but one that is memory alone would.
    code: `
      const c = libc({ memfd_create: ["buffer", "u32"], ftruncate: ["i32", "i64"] });
      const file = c.memfd_create(new TextEncoder().encode("probe\\0"), 0);
      const grown = (megabytes) => kernel(c, c.ftruncate(file, BigInt(megabytes * 1_048_576)));
      return { within: grown(64), beyond: grown(65) };
    `,
    holds: { within: 0, beyond: EFBIG },
    removed: { within: 0, beyond: 0 },
    weaken: withoutUlimit("fsize"),
  },
  {
    flag: "Ulimits core",
    code: `
      const c = libc({ setrlimit: ["i32", "buffer"] });
      const RLIMIT_CORE = 4;
      return { allowedItself: kernel(c, c.setrlimit(RLIMIT_CORE, new BigUint64Array([1n, 1n]))) };
    `,
    holds: { allowedItself: EPERM },
    removed: { allowedItself: 0 },
    weaken: withoutUlimit("core"),
  },
];
