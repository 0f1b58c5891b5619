/** Tests what the doctor says of a registry of packages. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestRegistry } from "../../dev/npm-registry/server.ts";
import { checkRegistries } from "../../server/cli/registry-check.ts";
import { config, type PartialConfig } from "../../src/config/config.ts";

let registry: TestRegistry;

beforeAll(async () => {
  registry = await TestRegistry.start([{ name: "npm" }], { token: "right" });
});
afterAll(() => registry.stop());

/** Returns each finding's level and message, without the registry's host. */
async function findings(npm: PartialConfig["npm"]): Promise<string[]> {
  const found: string[] = [];
  for await (const { level, message } of checkRegistries(config({ npm }))) {
    found.push(`${level}: ${message}`.replace(registry.host, "HOST"));
  }
  return found;
}

it("it answers, refuses the token, or is away", async () => {
  const { url } = registry;
  expect(await findings({})).toEqual([]);
  expect(await findings({ registry: url, token: "right" })).toEqual([
    "ok: The registry HOST answers",
  ]);
  const [wrong = ""] = await findings({ registry: url, token: "wrong" });
  expect(wrong).toMatch(/^fail: The registry HOST cannot be used: .*(401|token)/i);
  expect(wrong).not.toContain("wrong");
  const [away = ""] = await findings({ registry: "http://127.0.0.1:1" });
  expect(away).toMatch(/^fail: The registry 127\.0\.0\.1:1 cannot be used: /);
  expect(await findings({ token: "right" })).toEqual([
    "warn: There is a setting for packages, but no registry",
  ]);
});
