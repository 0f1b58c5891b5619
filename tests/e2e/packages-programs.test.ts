/**
 * Programs for packages that many servers use, by `dependencies` alone, beside plain Deno: with the same results. With
 * ISOLATE_TEST_REGISTRY, such as https://registry.npmjs.org, packages come from there.
 */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestRegistry } from "../../dev/npm-registry/server.ts";
import type { Output } from "../../src/request/types.ts";
import { sample } from "../contract/case-choice.ts";
import { REUSING, TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";
import { publishPackages } from "../packages/publish.ts";
import {
  type Program,
  type Run,
  readPrograms,
  readVersions,
  runPlainly,
} from "../packages/reference.ts";

const PAGE = new URL("../../docs/guides/packages-that-work.md", import.meta.url);
const REAL = process.env.ISOLATE_TEST_REGISTRY;
/** Programs of one deployment. Their bundle has to stay within the limit for one. */
const TOGETHER = 10;

/** Programs deployed alone, because all files of their packages would not fit into a bundler with others. */
const ALONE = ["mathjs", "tiktoken"];

/** Packages of each kind: what they load, generate, or take from the runtime. A soak runs the programs of all. */
const KINDS = new Set([
  // WebAssembly: fetched, imported, read as a file, inside of code.
  ...["@jsquash/png", "@wasm-fmt/sql_fmt", "source-map", "es-module-lexer"],
  // Code that makes code; globals; decorators; conditions of exports; files of their own.
  ...["ajv", "handlebars", "protobufjs", "core-js", "inversify", "react-dom", "yargs"],
  // Node's streams, cryptography, sockets and insides; languages; modules of both kinds.
  ...["csv-parse", "winston", "jsonwebtoken", "ioredis", "pino", "luxon"],
  ...["lodash", "nanoid", "zod"],
]);

const all = await readPrograms("programs");
const programs = SOAK ? all : all.filter(({ name }) => KINDS.has(name));
const refused = await readPrograms("refused");
const versions = await readVersions();
const rows = tableOf(await readFile(PAGE, "utf8"));

/** A row of the page's table. */
interface Row {
  readonly version: string;
  /** `yes` or `no`. */
  readonly works: string;
  readonly note: string;
}

function tableOf(page: string): Map<string, Row> {
  const found = page.matchAll(/^\| ([@\w][\w@/.-]*) \| (\d[\w.-]*) \| ([^|]+) \| ([^|]*)\|$/gm);
  return new Map(
    [...found].map(([, name = "", version = "", works = "", note = ""]) => [
      name,
      { version, works: works.trim(), note: note.trim() },
    ]),
  );
}

/** Programs that are deployed together. Large ones are not neighbours by name, so that groups are about as large. */
function groupsOf(some: readonly Program[]): [string, readonly Program[]][] {
  const count = Math.ceil(some.length / TOGETHER);
  return Array.from({ length: count }, (_, n) => [
    `group-${n}`,
    some.filter((_program, index) => index % count === n),
  ]);
}

const isAlone = ({ name }: Program): boolean => ALONE.includes(name);
const GROUPS: [string, readonly Program[]][] = [
  ...groupsOf(programs.filter((each) => !isAlone(each))),
  ...programs.filter(isAlone).map((each): [string, readonly Program[]] => [each.name, [each]]),
];

/** Module that runs all programs of a group one after the other, each whatever became of those before it. */
function mainOf(group: readonly Program[]): string {
  const entries = group.map(
    ({ name }) => `[${JSON.stringify(name)}, () => import("./${name}.ts")]`,
  );
  return `const programs = [${entries.join(", ")}];
    export default async () => {
      const runs = {};
      for (const [name, load] of programs) {
        try { runs[name] = [(await (await load()).default()) ?? null, null]; }
        catch (error) { runs[name] = [null, String(error?.stack ?? error)]; }
      }
      return runs;
    };`;
}

/** Packages that the tests import. Reading all of them takes seconds. */
function needed(): string[] {
  const by = [...programs, ...refused].flatMap(({ dependencies }) => Object.keys(dependencies));
  const others = ["@anthropic-ai/sdk", "openai", "express", "koa", "fastify"];
  return SOAK ? Object.keys(versions) : [...by, ...others];
}

let registry: TestRegistry;
let server: TestServer;
let expected: ReadonlyMap<string, Run>;

async function put(name: string, deployment: object): Promise<[status: number, text: string]> {
  const response = await fetch(`${server.url}/functions/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(deployment),
  });
  return [response.status, await response.text()];
}

async function invoke(name: string): Promise<Output> {
  return (await (await server.post({}, undefined, `/functions/${name}/invoke`)).json()) as Output;
}

beforeAll(async () => {
  registry = await TestRegistry.start();
  if (REAL === undefined) publishPackages(registry, needed());
  registry.publish({
    name: "@jsr/tea__leaves",
    version: "1.2.0",
    manifest: { type: "module", exports: { ".": "./mod.js", "./kinds": "./kinds.js" } },
    files: {
      "mod.js": 'import { kinds } from "./kinds.js"; export const pick = (n) => kinds[n];',
      "kinds.js": 'export const kinds = ["green", "black"];',
    },
  });
  const [runs] = await Promise.all([
    runPlainly(
      "programs",
      programs.map(({ name }) => name),
    ),
    (async () => {
      server = await TestServer.start({
        ...REUSING,
        ISOLATE_NPM_REGISTRY: REAL ?? registry.url,
        ISOLATE_JSR_REGISTRY: registry.url,
      });
    })(),
  ]);
  expected = new Map(programs.map(({ name }, index) => [name, runs[index] ?? [null, "not run"]]));
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  await registry.stop();
});

describe("the page of packages", () => {
  it("lists those of the programs, with their versions", () => {
    const shown = [...rows].map(([name, { version, works }]) => [name, version, works === "no"]);
    const tried = [...all, ...refused].map(({ name }) => [
      name,
      versions[name] ?? "1.2.0",
      refused.some((each) => each.name === name),
    ]);
    expect(shown.sort()).toEqual(tried.sort());
  });
});

describe.each([
  // The same worker runs the same bundles. A soak runs all of them at both.
  ["container", SOAK ? GROUPS : GROUPS.slice(0, 1)],
  ["isolated", SOAK ? GROUPS : GROUPS.slice(1)],
] as const)("at level %s", (sandbox, groups) => {
  describe.each(groups)("the packages of %s do what they do in plain Deno", (id, group) => {
    let runs: Readonly<Record<string, Run>>;
    beforeAll(async () => {
      const files = Object.fromEntries(group.map(({ name, code }) => [`${name}.ts`, code]));
      const dependencies = Object.assign({}, ...group.map((program) => program.dependencies));
      const deployment = {
        files: { ...files, "main.js": mainOf(group) },
        main: "main.js",
        dependencies,
        timeout: 30_000,
        sandbox,
      };
      const name = `${id}-${sandbox}`;
      expect(await put(name, deployment)).toEqual([201, expect.any(String)]);
      const { result, ok, logs = [] } = await invoke(name);
      expect({ ok, failure: logs.filter(({ level }) => level === "exception") }).toEqual({
        ok: true,
        failure: [],
      });
      runs = result as Readonly<Record<string, Run>>;
    });

    it.each(group)("$name", ({ name }) => {
      expect(runs[name]).toEqual(expected.get(name));
    });
  });
});

describe("a package that does not work", () => {
  it.each(refused.map((program) => [program.name, program] as const))(
    "%s",
    async (name, program) => {
      const { code, dependencies } = program;
      const [, words = "?"] = /`([^`]+)`/.exec(rows.get(name)?.note ?? "") ?? [];
      const [status, text] = await put(name, { code, dependencies, language: "typescript" });
      const told = status === 201 ? JSON.stringify(await invoke(name)) : text;
      expect(told).toContain(words);
    },
  );
});

describe("packages in containers", () => {
  it("come from JSR", async () => {
    const code = `import { pick } from "tea"; import { kinds } from "jsr:@tea/leaves@1/kinds";
      export default () => [pick(1), kinds.length];`;
    const dependencies = { tea: "jsr:@tea/leaves@^1.0.0" };
    expect(await put("jsr", { code, dependencies, sandbox: "container" })).toEqual([
      201,
      expect.any(String),
    ]);
    expect((await invoke("jsr")).result).toEqual(["black", 2]);
  });

  const clients = [
    [
      "@anthropic-ai/sdk",
      'messages.create({ model: "claude-opus-5", max_tokens: 1, messages: [] })',
      "api.anthropic.com",
    ],
    ["openai", "models.list()", "api.openai.com"],
  ] as const;
  it.each(sample(clients))("reach no host that is not granted: %s", async (name, call, host) => {
    const code = `import Client from "${name}";
      export default async () => {
        const client = new Client({ apiKey: "not a key", maxRetries: 0 });
        const error = await client.${call}.catch((error) => error);
        const texts = [];
        for (let cause = error; cause; cause = cause.cause) texts.push(cause.message);
        return [error.constructor.name, texts];
      }`;
    const dependencies = { [name]: versions[name] };
    const permissions = { net: ["api.example.com"] };
    const deployment = { code, dependencies, permissions, sandbox: "container" };
    expect(await put("client", deployment)).toEqual([expect.any(Number), expect.any(String)]);
    const { result } = await invoke("client");
    expect(result).toEqual([
      "APIConnectionError",
      ["Connection error.", expect.stringContaining(`net access to "${host}:443"`)],
    ]);
  });

  const sites = [
    [
      "express",
      `import express from "express"; const app = express();
        app.get("/tea/:kind", (request, response) => response.json({ kind: request.params.kind }));
        export default app;`,
    ],
    [
      "koa",
      `import Koa from "koa"; const app = new Koa();
        app.use((context) => { context.body = { kind: context.path.slice(5) }; });
        export default app.callback();`,
    ],
    [
      "fastify",
      `import Fastify from "fastify"; const app = Fastify();
        app.get("/tea/:kind", async (request) => ({ kind: request.params.kind }));
        await app.ready();
        export default (request, response) => app.server.emit("request", request, response);`,
    ],
  ] as const;
  it.each(sample(sites))("answer HTTP: %s", async (name, code) => {
    const dependencies = { [name]: versions[name] };
    const site = { code, dependencies, kind: "http", public: true, sandbox: "container" };
    expect(await put(`${name}-site`, site)).toEqual([201, expect.any(String)]);
    const answer = await fetch(`${server.url}/f/default/${name}-site/tea/green`);
    expect([answer.status, await answer.json()]).toEqual([200, { kind: "green" }]);
  });
});
