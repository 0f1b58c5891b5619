import { basename } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { docker } from "../helpers/containers.ts";

describe("the runner image", () => {
  const marker = `// ${process.hrtime.bigint()}`;
  const built: string[] = [];
  afterAll(async () => {
    for (const name of built) await docker.getImage(name).remove({ force: true });
  });

  it("is built when its inputs change, and only then", async () => {
    const bundle = await readRunner();
    const changed = { ...bundle, "worker.js": `${bundle["worker.js"]}${marker}` };
    const lines: string[] = [];
    const log = (line: string): void => {
      lines.push(line);
    };
    const original = await ensureRunnerImage(docker, bundle, () => {});
    const other = await ensureRunnerImage(docker, changed, log);
    built.push(other);
    expect(other).not.toBe(original);
    expect(lines.join()).toContain(`Building ${other}`);
    lines.length = 0;
    expect(await ensureRunnerImage(docker, changed, log)).toBe(other);
    expect(await ensureRunnerImage(docker, bundle, log)).toBe(original);
    expect(lines).toEqual([]);
  });

  it("holds Deno, what takes its output away, the runner, and nothing else that could be run", async () => {
    const bundle = await readRunner();
    const name = await ensureRunnerImage(docker, bundle, () => {});
    const container = await docker.createContainer({ Image: name, Cmd: ["--version"] });
    const names: string[] = [];
    try {
      for (const path of ["/bin", "/usr/bin", "/sbin", "/runner"]) {
        names.push(...(await listDirectory(container, path)));
      }
    } finally {
      await container.remove({ force: true });
    }
    const runner = Object.keys(bundle).map((path) => basename(path));
    expect(names.sort()).toEqual(["deno", "null-stdio", ...runner].sort());
  });

  async function listDirectory(
    container: Awaited<ReturnType<typeof docker.createContainer>>,
    path: string,
  ): Promise<string[]> {
    const { extract } = await import("tar-stream");
    const archive = await container.getArchive({ path }).catch(() => null);
    if (archive === null) return [];
    const names: string[] = [];
    const reader = extract();
    archive.pipe(reader as unknown as NodeJS.WritableStream);
    for await (const entry of reader) {
      if (entry.header.type === "file") names.push(entry.header.name.split("/").at(-1) ?? "");
      entry.resume();
    }
    return names;
  }
});
