import { spawnSync } from "node:child_process";
import { runtime } from "./containers.ts";

/** True if this machine has gVisor's runtime. */
export const hasGVisor = spawnSync("runsc", ["--version"]).status === 0;

/** True if the sandboxes under test run in it. */
export const inGVisor = runtime?.startsWith("runsc") ?? false;

/** Settings of an engine for it, as in docs/operate/gvisor.md. */
export const RUNTIMES = {
  runsc: {
    path: "/usr/bin/runsc",
    runtimeArgs: ["--platform=ptrace", "--network=none", "--host-uds=open"],
  },
};
