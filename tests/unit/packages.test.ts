/** Tests the packages in the lock file. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

interface Locked {
  readonly hasInstallScript?: boolean;
}

const read = async (name: string) =>
  JSON.parse(await readFile(new URL(`../../${name}`, import.meta.url), "utf8"));

/** Lists the packages of a lock file, by path. */
async function locked(folder = ""): Promise<[path: string, Locked][]> {
  const { packages } = await read(`${folder}package-lock.json`);
  return Object.entries<Locked>(packages).filter(([path]) => path !== "");
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + 13);

describe("the locked packages", () => {
  it("run no script at their installation that package.json has not decided on", async () => {
    const { allowScripts } = await read("package.json");
    const scripted = (await locked()).filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = new Set(scripted.map(([path]) => nameOf(path)));
    expect(Object.keys(allowScripts).sort()).toEqual([...names].sort());
  });

  it.each(["tests/nodes/20/", "tests/nodes/24/"])("of %s run none", async (folder) => {
    const all = await locked(folder);
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
  });

  it("report no installation to anybody", async () => {
    const names = (await locked()).map(([path]) => nameOf(path));
    expect(names.length).toBeGreaterThan(200);
    expect(names.filter((name) => name.startsWith("@scarf/"))).toEqual([]);
  });
});
