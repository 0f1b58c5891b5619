import { spawnSync } from "node:child_process";
import { removeLeftStores } from "./helpers/store-parent.ts";

/** Builds what has changed, so that no test runs what was there before, and removes what killed runs have left. */
export default function setup(): void {
  const { status } = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  if (status !== 0) throw new Error("The build has failed");
  removeLeftStores();
}
