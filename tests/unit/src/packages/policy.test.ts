/** Tests the rules for packages of a lock. */
import { expect, it, vi } from "vitest";
import { packageRulesOf } from "../../../../src/packages/builds/owned-policies.ts";
import {
  assertLockAllowed,
  assertNamesAllowed,
  minimumAge,
} from "../../../../src/packages/policy.ts";
import type { LockedPackage } from "../../../../src/packages/types.ts";

const NOW = Date.parse("2026-01-10T00:00:00Z");

function locked(name: string, published?: string): LockedPackage {
  const rest = { registry: "npm", tarball: "", integrity: "sha512-", published } as const;
  return { name, version: "1.0.0", path: `node_modules/${name}`, ...rest };
}

/** Returns what the rules say of packages, or `undefined`. */
function refusal(
  operator: Parameters<typeof packageRulesOf>[0],
  tenant: Parameters<typeof packageRulesOf>[1],
  ...packages: LockedPackage[]
): string | undefined {
  try {
    assertLockAllowed({ packages }, packageRulesOf(operator, tenant).policies, NOW);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ name: "BadRequest", field: "dependencies" });
    return (error as Error).message.replace("dependencies: ", "");
  }
}

const OTHERS = "allow other packages only";

it.each([
  [{}, {}, "zod", undefined],
  [{ deny: ["zod"] }, {}, "zod", 'the server\'s rules deny "zod"'],
  [{}, { deny: ["x", "z*"] }, "zod", 'the tenant\'s rules deny "z*"'],
  [{ deny: ["@evil/*"] }, {}, "@evil/a", 'the server\'s rules deny "@evil/*"'],
  [{ deny: ["@evil/*"] }, {}, "evil", undefined],
  [{ deny: ["*"] }, {}, "@a/b", 'the server\'s rules deny "*"'],
  [{ deny: ["!zod"] }, {}, "hono", undefined],
  // Some registries find a package by its name in other letters.
  [{ deny: ["zod"] }, {}, "Zod", 'the server\'s rules deny "zod"'],
  [{ deny: ["@evil/*"] }, {}, "@Evil/A", 'the server\'s rules deny "@evil/*"'],
  [{ allow: ["zod"] }, {}, "ZOD", `the server's rules ${OTHERS}`],
  [{ deny: ["a", "{b,c}*", "d|e", "[f-g]?"] }, {}, "cat", 'the server\'s rules deny "{b,c}*"'],
  [{ deny: ["a", "{b,c}*", "d|e", "[f-g]?"] }, {}, "g1", 'the server\'s rules deny "[f-g]?"'],
  [{ deny: ["a", "(", "[", "\\\\", "{b"] }, {}, "z", undefined],
  [{ allow: ["*"] }, { allow: ["@a/*"] }, "@a/b", undefined],
  [{ allow: ["@a/*"] }, { allow: ["@b/*"] }, "@a/b", `the tenant's rules ${OTHERS}`],
  [{ allow: ["zod"] }, {}, "zod-x", `the server's rules ${OTHERS}`],
  [{ allow: [] }, {}, "a", `the server's rules ${OTHERS}`],
  [{ allow: ["**"] }, { deny: ["other", "zod-*"] }, "@a/b", undefined],
  [{ deny: ["@jsr/*"] }, {}, "@jsr/std__yaml", 'the server\'s rules deny "@jsr/*"'],
  [{ allow: ["jsr:@std/*"] }, {}, "@jsr/std__yaml", undefined],
  [{ deny: ["jsr:@std/*"] }, {}, "@jsr/std__yaml", 'the server\'s rules deny "jsr:@std/*"'],
])("%j and %j for %s", (operator, tenant, name, rule) => {
  const told = rule && `${name} is refused: ${rule}`;
  expect(refusal(operator, tenant, locked(name))).toBe(told);
  const { policies } = packageRulesOf(operator, tenant);
  const check = () => assertNamesAllowed([name], policies);
  if (told === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(told);
});

it("a version has to be as old as the stricter rule wants", () => {
  const week = { minimumAge: 7 };
  const rule = "zod@1.0.0 is refused: the tenant's rules want versions that are 7 days old";
  expect(refusal({}, week, locked("zod", "2026-01-03T00:00:00Z"))).toBeUndefined();
  expect(refusal({ minimumAge: 1 }, week, locked("zod", "2026-01-03T00:00:01Z"))).toBe(rule);
  expect(refusal({}, week, locked("zod"))).toBe(`${rule}, and its age is unknown`);
  expect(refusal({}, week, locked("zod", "yesterday"))).toBe(`${rule}, and its age is unknown`);
  expect(refusal({}, {}, locked("zod"))).toBeUndefined();
  expect(minimumAge(packageRulesOf({ minimumAge: 3 }, week).policies)).toBe(7);
  expect(minimumAge([])).toBe(0);
});

it("a tenant's rules only narrow the operator's", () => {
  const strict = { advisories: "refuse", execute: "none" } as const;
  const lax = { advisories: "off", execute: "any" } as const;
  for (const [operator, tenant] of [
    [strict, lax],
    [lax, strict],
    [{ ...strict, execute: undefined }, strict],
  ] as const) {
    expect(packageRulesOf(operator, tenant)).toMatchObject(strict);
  }
  expect(packageRulesOf({ advisories: "warn" }, {})).toMatchObject({
    advisories: "warn",
    execute: "any",
  });
});

it("a thousand packages are checked against a thousand globs by few expressions", () => {
  const packages = [...Array(1_000).keys()].map((n) => locked(n % 2 ? `name-${n}` : `@a/n-${n}`));
  const deny = [...Array(1_000).keys()].map((n) => (n % 2 ? `@evil${n}/*` : `bad-${n}-*`));
  const { policies } = packageRulesOf({ deny }, { deny: [...deny] });
  assertLockAllowed({ packages: packages.slice(0, 1) }, policies, NOW);
  const used = vi.spyOn(RegExp.prototype, "exec");
  assertLockAllowed({ packages }, policies, NOW);
  const count = used.mock.calls.length;
  used.mockRestore();
  // Each of both policies looks at two names of a package, which takes one more expression to make.
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(10 * packages.length);
});
