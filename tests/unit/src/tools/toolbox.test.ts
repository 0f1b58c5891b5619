import { describe, expect, it } from "vitest";
import { config } from "../../../../src/config/config.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import type { Toolset } from "../../../../src/plugins/plugin.ts";
import type { ValidRequest } from "../../../../src/request/types.ts";
import { loadTools } from "../../../../src/tools/load.ts";
import type { Tool, ToolContext } from "../../../../src/tools/tool.ts";
import { build, defaults, registry, setup } from "../../../../src/tools/toolbox.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const clock: Tool = {
  name: "clock",
  description: "The time",
  setup: (globals) => {
    globals.now = 1;
  },
};
const names = (tools: readonly Tool[]): string[] => tools.map(({ name }) => name);

describe("the built-in tools", () => {
  it("have names, descriptions, permissions and settings", () => {
    expect(names(build())).toEqual(["crypto", "channel", "database"]);
    for (const { description } of build()) expect(description).toMatch(/\w{5}/);
    expect(build({ crypto: { limit: 8 } })[0]?.config).toMatchObject({ limit: 8, subtle: true });
    expect(() => build({ crypto: { limit: -1 } })).toThrow("crypto.limit");
  });

  it("tell no password where they are listed", () => {
    const db = { url: "postgres://app:hunter2@db.example/shop", hosts: ["b.example:5433"] };
    expect(JSON.stringify(build({ db }))).not.toContain("hunter2");
    expect(build({ db })[2]?.config).toEqual({ hosts: ["b.example:5433"] });
  });

  it("ask for the database of the execution", () => {
    const { permissions } = build()[2] ?? clock;
    if (typeof permissions !== "function") throw new Error("It is not dynamic");
    const request = { code: "" } as ValidRequest;
    const hosts = ["b.example:5433"];
    const settings = config({ db: { hosts } });
    const context: ToolContext = { level: "isolated", request, config: settings };
    const url = "postgres://db.example/shop";
    expect(permissions(context)).toBe("none");
    expect(permissions({ ...context, config: { ...settings, DATABASE_URL: url } })).toEqual({
      env: ["DATABASE_URL"],
      net: ["db.example:5432", ...hosts],
    });
  });

  it("add nothing to an instance that they are given to", async () => {
    expect(await loadTools([...build(), clock, ...Object.values(defaults)])).toMatchObject([
      { tool: clock },
    ]);
    const other = { name: "crypto", setup: () => {} };
    await expect(loadTools([other])).rejects.toThrow('Two tools are named "crypto"');
  });

  it("of the defaults cannot be changed", () => {
    expect(Object.keys(defaults)).toEqual(["crypto", "channel", "database"]);
    expect([defaults, ...Object.values(defaults)].every(Object.isFrozen)).toBe(true);
  });
});

describe("setup", () => {
  it("gives crypto as it is set, and other tools", () => {
    const globals: { crypto?: Crypto; now?: number } = {};
    const [crypto] = build({ crypto: { limit: 4, subtle: false } });
    if (crypto === undefined) throw new Error("There is no such tool");
    expect(setup([crypto, clock], globals)).toBeUndefined();
    expect(globals.now).toBe(1);
    expect(globals.crypto?.getRandomValues(new Uint8Array(4))).toHaveLength(4);
    expect(() => globals.crypto?.getRandomValues(new Uint8Array(5))).toThrow("4 bytes at once");
    expect(() => globals.crypto?.subtle).toThrow("switched off");
  });

  it("waits for each tool before the next one", async () => {
    const order: string[] = [];
    const slow: Tool = {
      name: "slow",
      setup: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        order.push("slow");
      },
    };
    const fast: Tool = { name: "fast", setup: () => void order.push("fast") };
    await setup([slow, fast, slow], {});
    expect(order).toEqual(["slow", "fast", "slow"]);
  });

  it.each(["channel", "database"])("of %s says that it needs a sandbox", (name) => {
    const tool = defaults[name];
    if (tool === undefined) throw new Error("There is no such tool");
    expect(() => setup([tool], {})).toThrow(`The tool "${name}" exists in sandboxes alone`);
  });
});

it("a registry has the later of two tools with one name", () => {
  const later = { ...clock, description: "another" };
  expect(registry([clock, later])).toEqual({ clock: later });
});

it("plugins see all tools of their kernel", async () => {
  let toolset: Toolset | undefined;
  const eye = {
    name: "eye",
    setup: (api: { onToolset: { call(): Toolset } }) => {
      toolset = api.onToolset.call();
    },
  };
  const engines = [new RecordingEngine("none")];
  const tools = await loadTools([clock]);
  new Kernel({ config: config({ crypto: { limit: 2 } }), engines, tools, plugins: [eye] });
  expect(names(toolset?.tools() ?? [])).toEqual(["crypto", "channel", "database", "clock"]);
  expect(toolset?.registry()).toMatchObject({ clock, crypto: { config: { limit: 2 } } });
  const globals = {};
  toolset?.setup([clock], globals);
  expect(globals).toEqual({ now: 1 });
});
