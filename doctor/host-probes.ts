import type { Probe } from "./probe.ts";

/** Probes of protections that no single flag provides. */
export const HOST_PROBES: readonly Probe[] = [
  {
    // Tries to create a file in every directory. Message queues have a namespace of their own and a
    // limit of their own.
    flag: "written",
    what: "nothing can be written but in places that end with it",
    code: `
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
      const elsewhere = writable.filter((path) => path !== "/tmp" && path !== "/dev/mqueue");
      return { tmp: writable.includes("/tmp"), elsewhere: elsewhere.sort() };
    `,
    holds: { tmp: true, elsewhere: [] },
  },
  {
    // Opens files that a container must not be able to open, and sends nothing.
    flag: "host",
    what: "nothing of the host's can be opened that could be asked for more",
    code: `
      const settings = ["/proc/sys/kernel/core_pattern", "/sys/kernel/uevent_helper"];
      const write = ["/proc/sysrq-trigger", ...settings];
      const sockets = ["/var/run/docker.sock", "/run/docker.sock"];
      const read = [...sockets, "/proc/kcore", "/dev/mem", "/dev/kmsg"];
      const opened = {};
      for (const path of write) opened[path] = await said(() => Deno.open(path, { write: true }));
      for (const path of read) opened[path] = await said(() => Deno.open(path));
      const refused = /^(ENOENT|EACCES|EROFS|EPERM)$/;
      const reached = Object.entries(opened).filter(([, answer]) => !refused.test(answer));
      return { tried: Object.keys(opened).length, reached };
    `,
    holds: { tried: 8, reached: [] },
  },
];
