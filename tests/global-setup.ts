import { spawnSync } from "node:child_process";

/** Builds what has changed, so that no test runs what was there before. */
export default function setup(): void {
  const { status } = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  if (status !== 0) throw new Error("The build has failed");
}
