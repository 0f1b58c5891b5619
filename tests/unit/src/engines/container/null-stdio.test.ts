/** Tests the program that removes a container's standard output, on this host. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nullStdioProgram } from "../../../../../src/engines/container/null-stdio.ts";

/** Prints, writes its descriptors and arguments to a file, and exits with 7. */
const SHOW = `echo out; echo err >&2
  open=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)
  echo "$open $0 $2 $GIVEN" > "$1"; exit 7`;

describe("a program without output", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "isolate-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const emulator = spawnSync("qemu-aarch64-static", ["--version"]).status === 0;
  const cases: [NodeJS.Architecture, readonly string[]][] = [
    [process.arch, []],
    ...(emulator && process.arch === "x64" ? [["arm64", ["qemu-aarch64-static"]] as never] : []),
  ];

  it.each(cases)("says nothing, and is what it was told to be: %s", async (arch, by) => {
    const program = join(directory, `null-stdio-${arch}`);
    const found = join(directory, `found-${arch}`);
    await writeFile(program, nullStdioProgram(arch), { mode: 0o755 });
    const [command = "", ...before] = [...by, program];
    const args = [...before, "/bin/sh", "-c", SHOW, "zero", found, "two"];
    const { status, stdout, stderr } = spawnSync(command, args, {
      env: { PATH: process.env.PATH, GIVEN: "variable" },
      input: "in",
    });
    expect([status, stdout.toString(), stderr.toString()]).toEqual([7, "", ""]);
    const lines = (await readFile(found, "utf8")).trim().split("\n");
    expect(lines).toEqual(["/dev/null", "/dev/null", "/dev/null zero two variable"]);
  });

  it("ends with 127 where there is no such program", async () => {
    const program = join(directory, "null-stdio");
    await writeFile(program, nullStdioProgram(process.arch), { mode: 0o755 });
    expect(spawnSync(program, ["/nothing/here"]).status).toBe(127);
    expect(spawnSync(program, []).status).toBe(127);
  });
});
