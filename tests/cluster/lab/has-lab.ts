import { spawnSync } from "node:child_process";

const PROGRAMS =
  "dockerd docker haproxy ip iptables nsenter unshare setpriv flock hostname openssl curl";

/** True if this machine can be three: as root, with all the programs for it. */
export const hasLab =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("sh", ["-c", `command -v ${PROGRAMS.split(" ").join(" && command -v ")}`]).status === 0;
