import { expect, it } from "vitest";
import {
  type BundledType,
  builtinTypes,
  LocalRegistry,
  type RegistryConfig,
  type SandboxType,
  withDomainValidation,
} from "../../../../src/resourcex/index.ts";
import { helloFolder, scratch } from "../../../helpers/resourcex.ts";

const LEVEL: SandboxType = "none";

it("does what a registry does, also behind a trusted domain", async () => {
  const text = builtinTypes[0] as BundledType;
  const own = { ...text, name: "note", aliases: ["memo"], sandbox: LEVEL };
  const config = { path: await scratch(), types: [own] } satisfies RegistryConfig;
  const registry = new LocalRegistry(config);
  const trusted = withDomainValidation(registry, "localhost");
  try {
    await trusted.add(
      await helloFolder("Hello", { name: "hello", type: "memo", version: "1.0.0" }),
    );
    const resolved = await trusted.resolve("hello.memo@1.0.0");
    expect(await resolved.execute()).toBe("Hello");
    expect(await registry.exists("hello.memo@1.0.0")).toBe(true);
    expect(String(await registry.get("hello.memo@1.0.0").then(({ locator }) => locator))).toBe(
      "localhost/hello.memo@1.0.0",
    );
    expect((await trusted.search({ query: "hello" })).map(String)).toEqual([
      "localhost/hello.memo@1.0.0",
    ]);
    await trusted.link(await helloFolder("Linked"));
    expect(await (await registry.resolve("hello.text@1.0.0")).execute()).toBe("Linked");
    expect(() => registry.supportType(own)).toThrow("already registered");
    await trusted.delete("hello.memo@1.0.0");
    expect(await trusted.exists("hello.memo@1.0.0")).toBe(false);
    await expect(trusted.get("x.org/a.text@1")).rejects.toThrow("Untrusted domain");
  } finally {
    await trusted.close();
  }
  const closed = registry.resolve("hello.text@1.0.0").then(({ execute }) => execute());
  await expect(closed).rejects.toThrow("The registry is closed");
});
