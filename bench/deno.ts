import { type ChildProcess, spawn } from "node:child_process";
import { denoBinary } from "../src/deno/deno.ts";

/** Starts npm's Deno by itself, without this user's settings: its cache is below `scratch`. */
export function spawnDeno(
  args: string[],
  scratch: string,
  binary: string = denoBinary(),
): ChildProcess {
  const env = { DENO_DIR: `${scratch}/deno`, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  const child = spawn(binary, args, { cwd: scratch, env, stdio: ["pipe", "pipe", "pipe"] });
  // A failed start and a broken pipe need no report here: the missing answer is one.
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  return child;
}
