/** Tests that a lab leaves nothing behind, whatever ends it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hasLab } from "./lab/has-lab.ts";
import { remainsOf, removeLeftovers } from "./lab/leftovers.ts";
import { LabNames } from "./lab/names.ts";

const PROGRAM = fileURLToPath(new URL("lab/killed.ts", import.meta.url));

describe.skipIf(!hasLab)("a lab", () => {
  it("is removed by a later run, if its own was killed, with all that ran in it", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", PROGRAM], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const names = new LabNames(line.toString().trim());
    // Not while its process lives.
    await removeLeftovers();
    expect((await remainsOf(names)).length).toBeGreaterThan(3);
    child.kill("SIGKILL");
    await once(child, "exit");
    await removeLeftovers();
    expect(await remainsOf(names)).toEqual([]);
  });
});
