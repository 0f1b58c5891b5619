import { describe, expect, it } from "vitest";
import { archiveFrom } from "../../../../src/resourcex/archive/archive.ts";
import {
  RegistryError,
  ResourceTypeError,
} from "../../../../src/resourcex/base/resourcex-errors.ts";
import type { ResourceStorage } from "../../../../src/resourcex/data/storage.ts";
import { withDomainValidation } from "../../../../src/resourcex/domain.ts";
import { found, LOCATOR, opened } from "../../../helpers/registry.ts";
import {
  contentOf,
  HELLO,
  helloFolder,
  resource,
  scratch,
  text,
} from "../../../helpers/resourcex.ts";

describe("resolve", () => {
  const schema = { type: "object", required: ["who"], properties: { who: { type: "string" } } };
  const greeting = { name: "greeting", description: "", code: "({ resolve() {} })", schema };

  it("gives the resource, and runs its type each time it is told to", async () => {
    const { runner, registry } = await opened();
    await registry.add(await helloFolder());
    const { resource: given, schema: none, execute } = await registry.resolve("hello.text@1.0.0");
    expect(String(given.locator)).toBe(LOCATOR);
    expect(none).toBeUndefined();
    expect(runner.runs).toEqual([]);
    expect(await execute()).toBe("1: Hello");
    expect(await execute({ a: 1 })).toBe("2: Hello");
    const bytes = await given.archive.buffer();
    const manifest = { domain: "localhost", ...HELLO };
    const sent = { locator: LOCATOR, manifest, archive: bytes };
    const type = { ...text, sandbox: "none" };
    expect(runner.runs).toEqual([
      { type, resource: sent, args: undefined },
      { type, resource: sent, args: { a: 1 } },
    ]);
  });

  it("reads no content before it is told to", async () => {
    let reads = 0;
    const given = await resource(LOCATOR);
    const bytes = await given.archive.buffer();
    const storage = {
      get: async () => ({
        ...given,
        archive: archiveFrom(async () => {
          reads += 1;
          return bytes;
        }),
      }),
    } as unknown as ResourceStorage;
    const { registry } = await opened({ storage });
    const { execute } = await registry.resolve(LOCATOR);
    expect(reads).toBe(0);
    await execute();
    await execute();
    expect(reads).toBe(1);
  });

  it("checks arguments before it runs", async () => {
    const { runner, registry } = await opened({ types: [greeting] });
    await registry.add(await resource("localhost/a.greeting@1"));
    const resolved = await registry.resolve("a.greeting@1");
    expect(resolved.schema).toEqual(schema);
    await expect(resolved.execute({ who: 7 })).rejects.toThrow(ResourceTypeError);
    await expect(resolved.execute({ who: 7 })).rejects.toThrow('"who" must be string');
    await expect(resolved.execute()).rejects.toThrow('"who"');
    expect(runner.runs).toEqual([]);
    expect(await resolved.execute({ who: "Ada" })).toBe("1: Hello");
    expect(runner.runs[0]?.args).toEqual({ who: "Ada" });
  });

  it("passes on how a run fails, and its signal", async () => {
    const { runner, registry } = await opened();
    await registry.add(await helloFolder());
    const { signal } = new AbortController();
    let passed: unknown;
    runner.run = async (_type, _resource, _args, options?: { signal?: AbortSignal }) => {
      passed = options?.signal;
      throw new RangeError("of the run");
    };
    const { execute } = await registry.resolve(LOCATOR);
    await expect(execute({}, { signal })).rejects.toThrow(RangeError);
    expect(passed).toBe(signal);
  });

  it("runs at the type's level, or the isolator's if that is stricter", async () => {
    const { runner, registry } = await opened({ isolator: "srt" });
    registry.supportType({ ...greeting, name: "strict", sandbox: "container" });
    registry.supportType({ ...greeting, name: "lax", sandbox: "none" });
    for (const type of ["strict", "lax"]) {
      await registry.add(await resource(`localhost/a.${type}@1`));
      await (await registry.resolve(`a.${type}@1`)).execute({ who: "" });
    }
    expect(runner.runs.map(({ type }) => type.sandbox)).toEqual(["container", "isolated"]);
  });

  it("says what is not there, and what nobody knows the type of", async () => {
    const path = await scratch();
    const { registry: other } = await opened({ path, types: [greeting] });
    await other.add(await resource("localhost/a.greeting@1"));
    const { registry } = await opened({ path });
    await expect(registry.resolve("none.text")).rejects.toThrow("Resource not found: none.text");
    const resolving = registry.resolve("a.greeting@1");
    await expect(resolving).rejects.toThrow("Unsupported resource type: greeting");
    registry.supportType(greeting);
    await registry.resolve("a.greeting@1");
  });

  it("of a resource deleted meanwhile fails, or has it whole", async () => {
    const { registry } = await opened();
    await registry.add(await helloFolder());
    const [used, unused] = [await registry.resolve(LOCATOR), await registry.resolve(LOCATOR)];
    await used.execute();
    const running = used.execute();
    await registry.delete(LOCATOR);
    expect(await running).toContain("Hello");
    await expect(unused.execute()).rejects.toThrow(`Resource not found: ${LOCATOR}`);
  });

  it("runs nothing once the registry is closed, which closes the runner once", async () => {
    const { runner, registry } = await opened();
    await registry.add(await helloFolder());
    const { execute } = await registry.resolve(LOCATOR);
    await Promise.all([registry.close(), registry.close()]);
    expect(runner.closed).toBe(1);
    await expect(execute()).rejects.toThrow("The registry is closed");
    expect(runner.runs).toEqual([]);
  });
});

describe("a registry of one domain", () => {
  const UNTRUSTED =
    'Untrusted domain: resource claims "x.org" but registry only trusts "localhost"';

  it("gives out what is of that domain", async () => {
    const { registry } = await opened();
    const trusted = withDomainValidation(registry, "localhost");
    await trusted.add(await helloFolder());
    expect(await contentOf(await trusted.get("hello.text@1.0.0"))).toBe("Hello");
    expect(await (await trusted.resolve(LOCATOR)).execute()).toBe("1: Hello");
    expect(await found(trusted.search())).toEqual([LOCATOR]);
  });

  it("and nothing else, which it does not even ask for", async () => {
    const { runner, registry } = await opened();
    await registry.add(await resource("x.org/a.text@1"));
    const trusted = withDomainValidation(registry, "localhost");
    for (const locator of ["x.org/a.text@1", "x.org/none.text@1"]) {
      for (const method of ["get", "resolve"] as const) {
        await expect(trusted[method](locator)).rejects.toThrow(RegistryError);
        await expect(trusted[method](locator)).rejects.toThrow(UNTRUSTED);
      }
    }
    expect(runner.runs).toEqual([]);
    await withDomainValidation(registry, "x.org").get("x.org/a.text@1");
  });

  it("nor what claims another domain than it was asked for by", async () => {
    const { registry } = await opened();
    const lying = await resource("x.org/a.text@1");
    const trusted = withDomainValidation(
      {
        ...registry,
        get: async () => lying,
        resolve: async () => ({
          resource: lying,
          schema: undefined,
          execute: () => Promise.reject(),
        }),
      },
      "localhost",
    );
    for (const method of ["get", "resolve"] as const) {
      await expect(trusted[method]("localhost/a.text@1")).rejects.toThrow(UNTRUSTED);
    }
  });
});
