import type { Probe } from "./probe.ts";

// Error codes, as the kernel returns them.
const EPERM = -1;
const EAGAIN = -11;
const EFBIG = -27;

/** Probes of the flags that limit the resources of a sandbox. */
export const LIMIT_PROBES: readonly Probe[] = [
  {
    flag: "Memory",
    what: "what takes more memory than it has is ended",
    alone: true,
    // Allocated outside of V8's heap, which has a limit of its own.
    code: `
      const blocks = [];
      for (let i = 0; i < 40; i++) blocks.push(new Uint8Array(10e6).fill(1));
      return { megabytes: blocks.length * 10 };
    `,
    holds: { ended: "closed", fault: { name: "MemoryError" } },
  },
  {
    // Read and not tried: not every host has swap. Covers both versions of cgroups.
    flag: "MemorySwap",
    what: "memory has no swap behind it",
    code: `
      const v1 = (name) => cgroup("memory/memory." + name + "limit_in_bytes");
      return { swap: Number(cgroup("memory.swap.max") ?? v1("memsw.") - v1("")) };
    `,
    holds: { swap: 0 },
    unclear: {
      facts: { swap: null },
      advice: 'Start the kernel with "swapaccount=1", or turn swap off',
    },
  },
  {
    flag: "NanoCpus",
    what: "processors are limited",
    alone: true,
    // Without the limit, the code's share depends on the host's load. So the probe also reads
    // whether the kernel ever held it back.
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
    // So little that a busy host, too, gives the code more than that in some moment.
    cpus: 0.1,
    holds: { within: true, heldBack: true },
    unclear: {
      facts: { within: true, heldBack: false },
      advice: "Run the doctor again when this host has less to do",
    },
  },
  {
    flag: "PidsLimit",
    what: "processes and threads are limited",
    alone: true,
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
  },
  {
    flag: "Ulimits nofile",
    what: "open files are limited",
    code: `
      const files = [];
      const opened = await said(() => {
        while (files.length < 3000) files.push(Deno.openSync("/dev/null"));
      });
      for (const file of files) file.close();
      return { opened, enough: files.length < 1024 };
    `,
    holds: { opened: "EMFILE", enough: true },
  },
  {
    flag: "Ulimits fsize",
    what: "files end at 64 MiB",
    alone: true,
    // Files in /tmp cannot grow that large, but a file in memory could.
    code: `
      const c = libc({ memfd_create: ["buffer", "u32"], ftruncate: ["i32", "i64"] });
      const file = c.memfd_create(new TextEncoder().encode("probe\\0"), 0);
      const grown = (megabytes) => kernel(c, c.ftruncate(file, BigInt(megabytes * 1_048_576)));
      return { within: grown(64), beyond: grown(65) };
    `,
    holds: { within: 0, beyond: EFBIG },
  },
  {
    flag: "Ulimits core",
    what: "no core is dumped",
    code: `
      const c = libc({ setrlimit: ["i32", "buffer"] });
      const RLIMIT_CORE = 4;
      return { allowedItself: kernel(c, c.setrlimit(RLIMIT_CORE, new BigUint64Array([1n, 1n]))) };
    `,
    holds: { allowedItself: EPERM },
  },
];
