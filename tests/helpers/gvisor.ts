import { spawnSync } from "node:child_process";
import { runtime } from "./containers.ts";

/** Whether this machine has gVisor's runtime. */
export const hasGVisor = spawnSync("runsc", ["--version"]).status === 0;

/** Whether the sandboxes under test run in it. */
export const inGVisor = runtime?.startsWith("runsc") ?? false;

/** What an engine has to be told of it, as docs/operate/gvisor.md says. */
export const RUNTIMES = {
  runsc: {
    path: "/usr/bin/runsc",
    runtimeArgs: ["--platform=ptrace", "--network=none", "--host-uds=open"],
  },
};
