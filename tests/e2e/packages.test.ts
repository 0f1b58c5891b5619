/** Packages from a registry in deployments and executions, by the HTTP API. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, PackagesStage } from "../helpers/packages-stage.ts";

const LEVELS = ["container", "isolated"] as const;
const TREE = 'import { grow } from "tree"; export default (n = 1) => grow(n);';

let stage: PackagesStage;
let acme: Client;
let rival: Client;

beforeAll(async () => {
  stage = await PackagesStage.start();
  [acme, rival] = await Promise.all([stage.tenant("acme"), stage.tenant("rival")]);
}, 120_000);
afterAll(async () => {
  expect(await stage.stop()).toEqual([]);
});

/** Deploys, and returns the result of a call. */
async function deployed(name: string, deployment: Parameters<Client["functions"]["deploy"]>[1]) {
  await acme.functions.deploy(name, deployment);
  return resultOf(await acme.functions.invoke(name));
}

function resultOf(answer: { ok: boolean; result?: unknown; logs?: unknown }): unknown {
  expect(answer).toMatchObject({ ok: true });
  return answer.result;
}

/** Returns what a refusal says. */
async function refusal(call: Promise<unknown>): Promise<[status: unknown, ...told: unknown[]]> {
  const error = await call.then(
    (value) => ({ status: "accepted", message: JSON.stringify(value) }),
    (thrown) => thrown,
  );
  return [error.status, error.code, error.field, error.message];
}

describe("a function says which packages it needs", () => {
  const dependencies = { tree: "^1" };
  const manifest = (content: object) => JSON.stringify(content);

  it.each([
    ["by dependencies beside code", { code: TREE, dependencies }],
    ["by dependencies beside files", { files: { "main.ts": TREE }, dependencies }],
    [
      "by a package.json",
      { files: { "main.ts": TREE, "package.json": manifest({ dependencies }) } },
    ],
    [
      "by a deno.json",
      { files: { "main.ts": TREE, "deno.json": manifest({ imports: { tree: "npm:tree@^1" } }) } },
    ],
    [
      "by a deno.jsonc",
      {
        files: {
          "main.ts": TREE,
          "deno.jsonc": '{\n  // Packages:\n  "imports": { "tree": "npm:tree@1", },\n}',
        },
      },
    ],
    ["by specifiers", { code: TREE.replace('"tree"', '"npm:tree@^1"') }],
  ])("%s", async (what, deployment) => {
    const name = `say-${what.replace(/\W/g, "-").slice(0, 50)}`;
    expect(await deployed(name, deployment)).toBe("1 of leaf 1.1.0");
  });

  it("with overrides, and under another name", async () => {
    const overrides = { leaf: "1.0.0" };
    expect(await deployed("overrides", { code: TREE, dependencies, overrides })).toBe(
      "1 of leaf 1.0.0",
    );
    const code = TREE.replace('"tree"', '"wood"');
    expect(await deployed("alias", { code, dependencies: { wood: "npm:tree@1" } })).toBe(
      "1 of leaf 1.1.0",
    );
  });

  it("of which the field counts before a file, and a file before the code", async () => {
    const code = 'import leaf from "npm:leaf@1.1.0"; export default () => leaf;';
    const files = {
      "main.ts": code,
      "package.json": manifest({ dependencies: { leaf: "1.1.0" } }),
    };
    expect(await deployed("field", { files, dependencies: { leaf: "1.0.0" } })).toBe("leaf 1.0.0");
    const other = { ...files, "package.json": manifest({ dependencies: { leaf: "1.0.0" } }) };
    expect(await deployed("file", { files: other })).toBe("leaf 1.0.0");
  });

  it("and its version shows the lock, which the list of versions does not", async () => {
    const { lockHash, warnings } = await acme.functions.deploy("lock", {
      code: TREE,
      dependencies,
    });
    expect(warnings).toBeUndefined();
    const { lock, files, request } = await acme.functions.version("lock", 1);
    expect(files).toEqual({ "main.ts": TREE });
    expect(request).toEqual({ reuse: "code", language: "javascript" });
    expect(lock).toEqual({
      hash: lockHash,
      dependencies,
      packages: ["leaf", "tree"].map((name) => ({
        name,
        version: name === "leaf" ? "1.1.0" : "1.0.0",
        path: `node_modules/${name}`,
        integrity: expect.stringMatching(/^sha512-/),
        license: name === "leaf" ? "MIT" : "ISC",
        unpackedBytes: expect.any(Number),
        published: "2024-01-01T00:00:00.000Z",
      })),
    });
    const [listed] = await acme.functions.versions("lock");
    expect(listed).toMatchObject({ lockHash });
    expect(listed).not.toHaveProperty("lock");
  });

  it("at each level, also for HTTP, with installed packages", async () => {
    const site = `import { Hono } from "hono"; import { z } from "zod";
      const app = new Hono().get("/", (c) => c.json(z.object({ n: z.coerce.number() }).parse(c.req.query())));
      export default app;`;
    for (const sandbox of LEVELS) {
      const packages = { hono: "*", zod: "*" };
      const { url } = await acme.functions.deploy(`site-${sandbox}`, {
        ...{ code: site, dependencies: packages, kind: "http", public: true, sandbox },
      });
      const response = await fetch(`${stage.server.url}${url}?n=7`);
      expect([response.status, await response.json()]).toEqual([200, { n: 7 }]);
    }
  });
});

describe("a deployed function", () => {
  const dependencies = { leaf: "^1" };
  const code = 'import leaf from "leaf"; export default () => leaf;';

  it("is deployed again with the same packages, or with newer ones, and rolled back", async () => {
    const { registry } = stage;
    const first = await acme.functions.deploy("again", {
      code,
      dependencies: { tree: "^1", ...dependencies },
    });
    registry.publish({
      name: "leaf",
      version: "1.2.0",
      files: { "index.js": 'export default "leaf 1.2.0"' },
      manifest: { type: "module", exports: "./index.js" },
    });
    const same = await acme.functions.redeploy("again");
    expect(same).toMatchObject({ version: 2, lockHash: first.lockHash });
    const call = async () => resultOf(await acme.functions.invoke("again"));
    expect(await call()).toBe("leaf 1.1.0");
    // The answer to the same question is kept for some minutes, and an update asks again.
    const updated = await acme.functions.redeploy("again", { update: true });
    expect(updated.lockHash).not.toBe(first.lockHash);
    expect(await call()).toBe("leaf 1.2.0");
    await acme.functions.rollback("again", 1);
    expect(await call()).toBe("leaf 1.1.0");
    const plain = await acme.functions.deploy("plain", { code: "export default () => 5" });
    const again = await acme.functions.redeploy("plain", { update: true });
    expect(again).toEqual({ ...plain, version: 2, createdAt: again.createdAt });
    expect(resultOf(await acme.functions.invoke("plain"))).toBe(5);
  });

  it("has code in the language in which it came, also if it is deployed again", async () => {
    const open = 'import unused from "effect"; export default () => globalThis.effect;';
    stage.registry.publish({
      name: "effect",
      files: { "index.js": "globalThis.effect = 'there'" },
    });
    const packages = { dependencies: { effect: "1" } };
    const calls: unknown[] = [];
    for (const given of [{ code: open }, { code: open, language: "typescript" as const }]) {
      await acme.functions.deploy("language", { ...given, ...packages });
      calls.push((await acme.functions.invoke("language")).result);
      await acme.functions.redeploy("language");
      calls.push((await acme.functions.invoke("language")).result);
    }
    expect(calls).toEqual(["there", "there", undefined, undefined]);
    expect((await acme.functions.version("language", 2)).request).not.toHaveProperty("written");
    expect(resultOf(await acme.execute({ code: open, ...packages }))).toBe("there");
  });

  it("has stacks with its own files and those of its packages", async () => {
    const failing = 'import { fail } from "throws";\nexport default () => fail();';
    await acme.functions.deploy("failing", { code: failing, dependencies: { throws: "1" } });
    const { logs } = await acme.functions.invoke("failing");
    const { stack } = logs?.find(({ level }) => level === "exception") ?? {};
    expect(stack).toMatch(/throws\/index\.js:2:\d+/);
    expect(stack).toMatch(/main\.ts:2:\d+/);
  });
});

describe("an execution", () => {
  const request = { code: TREE, dependencies: { tree: "^1" } };

  it.each(LEVELS)("has packages at level %s", async (sandbox) => {
    const answer = await acme.execute({ ...request, input: 3, sandbox });
    expect(resultOf(answer)).toMatch(/^3 of leaf 1\.\d\.0$/);
  });

  it("has them by specifiers in its code, and time for them beside its own", async () => {
    const code = `import semver from "npm:semver"; export default () => semver.valid("v1.2.3")`;
    expect(resultOf(await acme.execute({ code, timeout: 1_000 }))).toBe("1.2.3");
  });

  it("has them in a batch, as a job, and as a stream that tells the stages", async () => {
    const batch = await acme.batch([request, { code: "export default () => 1" }]);
    expect(batch).toMatchObject([{ ok: true }, { ok: true, result: 1 }]);
    const { id } = await acme.submit({ ...request, input: 4 });
    const { answer } = await acme.jobs.wait(id);
    expect(answer).toMatchObject({ ok: true, result: expect.stringContaining("4 of leaf") });
    const seen: unknown[] = [];
    const other = { ...request, code: `${TREE}// ${Math.random()}` };
    for await (const { type, data } of acme.stream(other)) {
      seen.push(type === "packages" ? data.stage : type);
    }
    expect([seen[0], ...seen.slice(-2)]).toEqual(["resolving", "ready", "result"]);
  });

  it("tells where it failed by files", async () => {
    const code = 'import { fail } from "throws";\nexport default () => fail();';
    const { logs } = await acme.execute({ code, dependencies: { throws: "1" } });
    const { stack } = logs?.find(({ level }) => level === "exception") ?? {};
    expect(stack).toMatch(/throws\/index\.js:2:\d+/);
    expect(stack).toMatch(/main\.ts:2:\d+/);
  });

  it("is planned with its packages, and its audit line has their lock", async () => {
    const { packages } = await acme.plan(request);
    expect(packages).toMatchObject({ packages: [{ name: "leaf" }, { name: "tree" }] });
    expect(await acme.plan({ code: "export default () => 1" })).not.toHaveProperty("packages");
    await acme.execute(request);
    expect(stage.server.printed).toContain(`"lock":"${packages?.lock}"`);
    const { lockHash } = await acme.functions.deploy("audited", request);
    await acme.functions.invoke("audited");
    expect(stage.server.printed.split("\n").at(-2)).toContain(`"lock":"${lockHash}"`);
    await acme.execute({ code: "export default () => 1" });
    expect(stage.server.printed.split("\n").at(-2)).not.toContain('"lock"');
  });
});

describe("a prepared set", () => {
  const use = { code: TREE, packages: "wood" };

  it("is made, listed, shown, used, replaced and deleted", async () => {
    const set = await acme.packages.put("wood", { dependencies: { tree: "^1" } });
    expect(set).toMatchObject({ name: "wood", shared: false, lock: { hash: set.lockHash } });
    expect((await acme.packages.list()).sets.map(({ name }) => name)).toEqual(["wood"]);
    expect(await acme.packages.get("wood")).toMatchObject({ lockHash: set.lockHash });
    stage.registry.takeSeen();
    expect(resultOf(await acme.execute(use))).toContain("1 of leaf");
    await acme.functions.deploy("wooden", use);
    expect(resultOf(await acme.functions.invoke("wooden"))).toContain("1 of leaf");
    const asked = stage.registry
      .takeSeen()
      .filter((path) => !path.startsWith("/-/npm/v1/security"));
    expect(asked).toEqual([]);
    const replaced = { dependencies: { tree: "^1" }, overrides: { leaf: "1.0.0" } };
    expect((await acme.packages.put("wood", replaced)).overrides).toEqual({ leaf: "1.0.0" });
    expect(resultOf(await acme.execute(use))).toBe("1 of leaf 1.0.0");
    await acme.packages.delete("wood");
    expect((await refusal(acme.execute(use))).slice(0, 3)).toEqual([
      400,
      "BAD_REQUEST",
      "packages",
    ]);
    expect((await refusal(acme.packages.get("wood")))[1]).toBe("PACKAGES_NOT_FOUND");
    expect((await refusal(acme.packages.delete("wood")))[1]).toBe("PACKAGES_NOT_FOUND");
  });

  it("is its tenant's alone, but the operator's is everybody's unless they have their own", async () => {
    await acme.packages.put("own", { dependencies: { leaf: "1.0.0" } });
    const code = 'import leaf from "leaf"; export default () => leaf;';
    expect((await refusal(rival.execute({ code, packages: "own" })))[2]).toBe("packages");
    expect((await refusal(rival.packages.get("own")))[1]).toBe("PACKAGES_NOT_FOUND");
    expect((await rival.packages.list()).sets).toEqual([]);
    await stage.operator.admin.packages.put("own", { dependencies: { leaf: "1.1.0" } });
    expect(resultOf(await rival.execute({ code, packages: "own" }))).toBe("leaf 1.1.0");
    expect(await rival.packages.get("own")).toMatchObject({ shared: true });
    expect(resultOf(await acme.execute({ code, packages: "own" }))).toBe("leaf 1.0.0");
    expect((await refusal(rival.packages.delete("own")))[1]).toBe("PACKAGES_NOT_FOUND");
    const { sets } = await stage.operator.admin.packages.list();
    expect(sets.map(({ name }) => name)).toEqual(["own"]);
    await stage.operator.admin.packages.delete("own");
    expect((await refusal(stage.operator.admin.packages.get("own")))[1]).toBe("PACKAGES_NOT_FOUND");
  });

  it("is counted, and bounded in number", async () => {
    const crowd = await stage.tenant("crowd");
    const dependencies = { leaf: "1.0.0" };
    for (let n = 0; n < 100; n += 1) await crowd.packages.put(`s${n}`, { dependencies });
    const full = await refusal(crowd.packages.put("more", { dependencies }));
    expect(full.slice(0, 2)).toEqual([409, "PACKAGES_LIMIT"]);
    const { storage } = (await crowd.tenant()).used;
    expect(storage.kinds.packages?.count).toBe(100);
  });
});

describe("rules", () => {
  const code = "export default () => 1";

  it("of the server refuse a package by name and rule, and one that others depend on", async () => {
    const direct = await refusal(acme.execute({ code, dependencies: { "@evil/thing": "*" } }));
    expect(direct).toEqual([
      400,
      "BAD_REQUEST",
      "dependencies",
      'dependencies: @evil/thing is refused: the server\'s rules deny "@evil/*"',
    ]);
    const strict = await stage.tenant("strict", { packages: { deny: ["leaf"] } });
    const below = await refusal(strict.execute({ code, dependencies: { tree: "^1" } }));
    expect(below[3]).toBe('dependencies: leaf is refused: the tenant\'s rules deny "leaf"');
    expect((await refusal(strict.plan({ code, dependencies: { tree: "^1" } })))[3]).toBe(below[3]);
    const deployment = { code, dependencies: { tree: "^1" } };
    expect((await refusal(strict.functions.deploy("f", deployment)))[3]).toBe(below[3]);
    expect((await refusal(strict.functions.get("f")))[1]).toBe("FUNCTION_NOT_FOUND");
    const only = await stage.tenant("only", { packages: { allow: ["tree"] } });
    expect((await refusal(only.execute(deployment)))[3]).toContain("leaf is refused");
  });

  it("apply to a lock that is older than they are", async () => {
    const tenant = await stage.tenant("later");
    await tenant.packages.put("set", { dependencies: { tree: "^1" } });
    await tenant.functions.deploy("f", { code, packages: "set" });
    await stage.operator.admin.putTenant("later", { packages: { deny: ["le*"] } });
    expect((await refusal(tenant.execute({ code, packages: "set" })))[3]).toContain('deny "le*"');
    expect((await refusal(tenant.functions.redeploy("f")))[3]).toContain('deny "le*"');
    expect(resultOf(await tenant.functions.invoke("f"))).toBe(1);
  });

  it("want versions of some age", async () => {
    stage.registry.publish(
      { name: "young", version: "1.0.0", files: { "index.js": "module.exports = 'old'" } },
      {
        name: "young",
        version: "1.1.0",
        files: { "index.js": "module.exports = 'new'" },
        published: new Date().toISOString(),
      },
    );
    const careful = await stage.tenant("careful", { packages: { minimumAge: 7 } });
    const young = 'import young from "young"; export default () => young;';
    const asked = { code: young, dependencies: { young: "^1" } };
    expect(resultOf(await acme.execute(asked))).toBe("new");
    expect(resultOf(await careful.execute(asked))).toBe("old");
    await stage.operator.admin.packages.put("young", { dependencies: { young: "^1" } });
    const set = await refusal(careful.execute({ code: young, packages: "young" }));
    expect(set[3]).toContain("young@1.1.0 is refused: the tenant's rules want versions that are 7");
  });

  it("of executions allow prepared packages alone, or none", async () => {
    const prepared = await stage.tenant("prepared", { packages: { execute: "prepared" } });
    const asked = { code: TREE, dependencies: { tree: "^1" } };
    const refused = await refusal(prepared.execute(asked));
    expect(refused.slice(0, 3)).toEqual([400, "BAD_REQUEST", "dependencies"]);
    await prepared.packages.put("set", { dependencies: { tree: "^1", leaf: "1.0.0" } });
    expect(resultOf(await prepared.execute(asked))).toBe("1 of leaf 1.0.0");
    expect((await refusal(prepared.execute({ ...asked, dependencies: { tree: "1" } })))[0]).toBe(
      400,
    );
    const none = await stage.tenant("none", { packages: { execute: "none" } });
    await none.packages.put("set", { dependencies: { tree: "^1" } });
    expect((await refusal(none.execute({ code: TREE, packages: "set" })))[2]).toBe("packages");
    await none.functions.deploy("f", asked);
    expect(resultOf(await none.functions.invoke("f"))).toContain("1 of leaf");
  });

  it("about known faults warn at a deployment, or refuse it", async () => {
    stage.registry.advisories = {
      leaf: [
        {
          id: 1,
          url: "https://example.com/1",
          title: "Falls off",
          severity: "high",
          vulnerable_versions: "<1.1.0",
        },
      ],
    };
    const asked = { code, dependencies: { leaf: "1.0.0" } };
    const { warnings } = await acme.functions.deploy("advised", asked);
    expect(warnings).toEqual([
      "leaf@1.0.0 has a known fault, high: Falls off (https://example.com/1)",
    ]);
    expect(
      await acme.functions.deploy("advised", { code, dependencies: { leaf: "1.1.0" } }),
    ).not.toHaveProperty("warnings");
    const refusing = await stage.tenant("refusing", { packages: { advisories: "refuse" } });
    expect((await refusal(refusing.functions.deploy("f", asked)))[3]).toContain("Falls off");
    expect((await refusal(refusing.execute(asked)))[3]).toContain("Falls off");
    stage.registry.advisories = undefined;
    // Nobody tells, so nothing is known to be without faults.
    const untold = { code, dependencies: { leaf: "1.0.0", semver: "*" } };
    const [status, errorCode] = await refusal(refusing.functions.deploy("f", untold));
    expect([status, errorCode]).toEqual([503, "REGISTRY_UNAVAILABLE"]);
    await acme.functions.deploy("advised", untold);
  });
});

describe("bad input is refused, names the package, and leaves nothing", () => {
  const code = "export default () => 1";
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`p${n}`, "1"]));

  it.each<[string, object, field: string, message: RegExp]>([
    ["an unknown package", { dependencies: { nowhere: "1" } }, "dependencies", /nowhere/],
    ["an unknown version", { dependencies: { leaf: "^9" } }, "dependencies", /leaf/],
    ["a name that is none", { dependencies: { "../x": "1" } }, "dependencies", /"\.\.\/x" is not/],
    [
      "a prototype's name",
      JSON.parse('{"dependencies":{"__proto__":"1"}}'),
      "dependencies",
      /__proto__/,
    ],
    ["a range that is no text", { dependencies: { leaf: 1 } }, "dependencies", /range of "leaf"/],
    ["a list", { dependencies: ["leaf"] }, "dependencies", /Expected an object/],
    ["too many", { dependencies: many }, "dependencies", /101 packages exceed the limit of 100/],
    ["a file", { dependencies: { leaf: "file:/etc" } }, "dependencies", /leaf/],
    ["a repository", { dependencies: { leaf: "git+ssh://x/y" } }, "dependencies", /leaf/],
    [
      "jsr without its registry",
      { dependencies: { a: "jsr:@a/b@1" } },
      "dependencies",
      /ISOLATE_JSR_REGISTRY/,
    ],
    ["overrides of nothing", { overrides: { leaf: "1" } }, "overrides", /Only with/],
    [
      "overrides without an end",
      { dependencies: { leaf: "1" }, overrides: { a: { b: 1 } } },
      "overrides",
      /Expected an object/,
    ],
    [
      "a set and dependencies",
      { dependencies: { leaf: "1" }, packages: "x" },
      "packages",
      /either/,
    ],
    [
      "a set that is not there",
      { packages: "nothere" },
      "packages",
      /no set "nothere": PUT \/packages\/nothere makes one/,
    ],
    ["a name of a set that is none", { packages: "../x" }, "packages", /Expected up to 63/],
  ])("%s", async (_what, asked, field, message) => {
    for (const call of [
      () => acme.execute({ code, ...asked }),
      () => acme.functions.deploy("bad", { code, ...asked }),
    ]) {
      const [status, , at, told] = await refusal(call());
      expect([status, at, told]).toEqual([400, field, expect.stringMatching(message)]);
    }
    expect((await refusal(acme.functions.get("bad")))[1]).toBe("FUNCTION_NOT_FOUND");
  });

  it.each<[string, Record<string, string>, message: RegExp]>([
    ["no JSON", { "package.json": "{" }, /files: package\.json: /],
    ["no object", { "package.json": "[]" }, /files: package\.json: Expected an object/],
    ["too large", { "package.json": `{"a":"${"x".repeat(70_000)}"}` }, /65536 bytes at most/],
    [
      "an import of no package",
      { "deno.json": '{"imports":{"a":"npm:"}}' },
      /deno\.json: imports: "npm:"/,
    ],
    [
      "two that differ",
      { "package.json": '{"dependencies":{"a":"1"}}', "deno.json": '{"imports":{"a":"npm:a@2"}}' },
      /It has a as "2", and another file as "1"/,
    ],
  ])("a file that is %s", async (_what, files, message) => {
    const deployment = { files: { "main.ts": code, ...files } };
    const [status, , field, told] = await refusal(acme.functions.deploy("bad", deployment));
    expect([status, field, told]).toEqual([400, "files", expect.stringMatching(message)]);
  });

  it("code that names one package twice, in two ranges", async () => {
    const twice = 'import "npm:leaf@1.0.0"; import "npm:leaf@1.1.0"; export default () => 1;';
    const [, , field, told] = await refusal(acme.execute({ code: twice }));
    expect([field, told]).toEqual(["code", expect.stringContaining("leaf")]);
  });

  it("a registry that is down or lies", async () => {
    const { registry } = stage;
    registry.everyFault = { kind: "status", status: 500 };
    const down = await refusal(acme.execute({ code, dependencies: { leaf: "~1.0.0" } }));
    expect(down.slice(0, 2)).toEqual([503, "REGISTRY_UNAVAILABLE"]);
    registry.everyFault = undefined;
    registry.publish({ name: "liar", files: { "index.js": "" } });
    registry.fault("liar", "tarball", { kind: "other-bytes" });
    const lie = await refusal(
      acme.functions.deploy("bad", {
        code: 'import "liar"; export default () => 1',
        dependencies: { liar: "1" },
      }),
    );
    expect(lie.slice(0, 2)).toEqual([502, "REGISTRY_FAILED"]);
    expect(lie[3]).toContain("liar");
    expect((await refusal(acme.functions.get("bad")))[1]).toBe("FUNCTION_NOT_FOUND");
  });
});

it("the token of the registry is nowhere but in requests to it", async () => {
  const { log, printed } = stage.server;
  expect(log + printed).not.toContain("token-of-the-registry");
  const code = `export default () => {
    try { return JSON.stringify(Deno.env.toObject()); } catch (error) { return String(error); }
  }`;
  const answer = await acme.execute({ code, sandbox: "isolated" });
  expect(resultOf(answer)).not.toContain("token-of-the-registry");
});
