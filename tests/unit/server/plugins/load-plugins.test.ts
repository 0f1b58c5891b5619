import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkPlugins } from "../../../../server/cli/plugin-check.ts";
import { loadPlugins } from "../../../../server/plugins/load-plugins.ts";
import { config } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import { GuardPlugin } from "../../../../src/plugins/guard.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-plugins-"));
  for (const name of ["a.js", "b.js"]) await writeFile(join(directory, name), "");
});
afterAll(() => rm(directory, { recursive: true }));

const setup = (): void => {};
const never = new Promise<never>(() => {});

/** Loads modules with these default exports, one a file. */
function load(exported: readonly unknown[], within?: number) {
  const paths = exported.map((_each, index) => join(directory, `${"ab"[index]}.js`));
  const modules = new Map(paths.map((path, index) => [path, { default: exported[index] }]));
  const read = async (path: string) => modules.get(path) ?? {};
  return loadPlugins(paths, { load: read, ...(within && { within }) });
}

/** Returns the message of what is rejected, without the directory. */
async function messageOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error("nothing"),
    (error: unknown) => error,
  );
  return (error as Error).message.replaceAll(`${directory}/`, "");
}

async function found<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of all) list.push(each);
  return list;
}

describe("a module of plugins", () => {
  it("exports one, several, or a function that makes them", async () => {
    const one = { name: "one", setup };
    const made = async () => [GuardPlugin, { name: "three", setup }];
    const { plugins, shown } = await load([[one, { name: "two", required: ["one"], setup }], made]);
    expect(plugins.map(({ name }) => name)).toEqual(["one", "two", "guard", "three"]);
    expect(plugins[2]).toBe(GuardPlugin);
    expect(shown.replaceAll(`${directory}/`, "")).toBe(
      "one (a.js), two (a.js), guard (b.js), three (b.js)",
    );
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "It has no default export"],
    ["null", null, "Its default export is null, and no plugin"],
    ["a text", "cache", "Its default export is a string, and no plugin"],
    ["a function that makes nothing", () => {}, "Its default export is a undefined, and no plugin"],
    ["one without a name", { setup }, "Its default export has no name"],
    ["one without a setup", { name: "x" }, 'Its default export has no function "setup"'],
    ["one that requires a text", { name: "x", required: "guard", setup }, "requires no list"],
    ["a bad one in a list", [{ name: "x", setup }, 1], "Its default export[1] is a number"],
    [
      "a function that throws",
      () => {
        throw new Error("One\n  two");
      },
      "One two",
    ],
    ["a function that rejects", () => Promise.reject("a text"), "a text"],
    ["a function that never ends", () => never, "It took longer than 0.05 s"],
  ])("that exports %s is refused in one line by its file", async (_what, exported, message) => {
    const said = await messageOf(load([exported], 50));
    expect(said).toContain(`Bad plugin in a.js: `);
    expect(said).toContain(message);
    expect(said).not.toContain("\n");
  });

  it.each<[string, unknown[], string]>([
    [
      "the name of another",
      [
        { name: "x", setup },
        { name: "x", setup },
      ],
      'Bad plugin in a.js, b.js: Two plugins are named "x"',
    ],
    ["a built-in name", [{ name: "logger", setup }], "Bad plugin in a.js: Two plugins are named"],
    [
      "a requirement that is missing",
      [
        { name: "first", setup },
        { name: "second", required: ["nope"], setup },
      ],
      'Bad plugin in b.js: Plugin "second" requires "nope", which is missing',
    ],
  ])("with %s is refused by its file", async (_what, exported, message) => {
    expect(await messageOf(load(exported))).toContain(message);
  });

  it.each([
    ["missing.js", "There is no such file"],
    [".", "It is no file"],
    ["a.js/b.js", "ENOTDIR"],
  ])("at %s is refused", async (name, message) => {
    const path = `${directory}/${name}`;
    expect(await messageOf(loadPlugins([path]))).toMatch(new RegExp(`^Bad plugin in .*${message}`));
    expect(await found(checkPlugins([path]))).toMatchObject([
      { level: "fail", check: "plugins", message: expect.stringContaining(message) },
    ]);
  });

  it("is none without the setting", async () => {
    expect(await found(checkPlugins([]))).toEqual([]);
  });
});

describe("a setup", () => {
  const kernelOf = (plugins: Awaited<ReturnType<typeof load>>["plugins"]) =>
    new Kernel({ config: config(), engines: [new RecordingEngine("container")], plugins });

  it("that throws names its file", async () => {
    class Faulty {
      name = "faulty";
      reason = "no\nmore";
      setup(): void {
        throw new Error(this.reason);
      }
    }
    const { plugins } = await load([new Faulty()]);
    expect(() => kernelOf(plugins)).toThrow(
      `Plugin "faulty" failed in its setup: no more (${directory}/a.js)`,
    );
  });

  it("that rejects later, or never ends, is told by the server", async () => {
    const late = await load([{ name: "late", setup: () => Promise.reject(new Error("no")) }]);
    kernelOf(late.plugins);
    expect(await messageOf(late.ready())).toBe('Plugin "late" failed in its setup: no (a.js)');
    const endless = await load([{ name: "endless", setup: () => never }], 50);
    kernelOf(endless.plugins);
    expect(await messageOf(endless.ready())).toContain("longer than 0.05 s");
    const good = await load([{ name: "good", setup: async () => {} }]);
    kernelOf(good.plugins);
    expect(await messageOf(good.ready())).toBe("nothing");
  });
});
