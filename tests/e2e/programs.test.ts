/** Programs as people write them, unchanged, beside plain Deno: with the same output. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogEntry, Output } from "../../src/request/types.ts";
import { sample } from "../contract/case-choice.ts";
import { TestServer } from "../helpers/server.ts";
import { IN_KEPT } from "../helpers/soak.ts";
import { type Input, SAME, THROWING } from "../programs/inputs.ts";
import { answerByApps, pathOf, runScripts, type ScriptRun } from "../programs/reference.ts";

const SCRIPTS = pathOf("scripts");
const APPS = pathOf("apps");
const REQUESTS = join(APPS, "requests.json");
const HEADERS = [
  "content-type",
  "location",
  "allow",
  "x-powered-by",
  "access-control-allow-origin",
];
/** First line of a bundle for Node, as esbuild's documentation has it. */
const BANNER =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** The result in the text of an answer. */
const RESULT = /"result":([\s\S]*?)(?:,"logs":\[|,"outcome":"|\}$)/;

type Sent = [method: string, path: string, headers?: Record<string, string>, body?: string];

const scripts = (await readdir(SCRIPTS)).map((name) => join(SCRIPTS, name));
const requests = JSON.parse(await readFile(REQUESTS, "utf8")) as Record<string, Sent[]>;

/** File of an input for plain Deno, below the folder of this test. */
const fileOf = ({ name, ending }: Input, kind: string): string =>
  join(folder, kind, name.replace(/\W+/g, "-"), `main.${ending ?? "js"}`);

let server: TestServer;
let folder: string;
let printed: Map<string, ScriptRun>;
let answers: Record<string, unknown[]>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isolate-"));
  server = await TestServer.start({ ISOLATE_CODE_BYTES: "1000000" });
  await build({
    entryPoints: Object.keys(requests).map((name) => ({ in: join(APPS, name), out: name })),
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["deno"],
    banner: { js: BANNER },
    outdir: folder,
    logLevel: "error",
  });
  await writeFile(join(folder, "headers.json"), JSON.stringify(HEADERS));
  const inputs = [
    ...THROWING.map((input) => [fileOf(input, "throwing"), input.code] as const),
    ...SAME.map((input) => [fileOf(input, "same"), input.code] as const),
  ];
  for (const [path, code] of inputs) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, code);
  }
  printed = await runScripts([...scripts, ...inputs.map(([path]) => path)]);
  answers = await answerByApps(folder, server.url, REQUESTS);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
  await rm(folder, { recursive: true });
});

/** Returns what plain Deno printed, with the names that modules have here, and without its caller's frames. */
function byDeno(path: string): ScriptRun | undefined {
  const run = printed.get(path);
  if (run === undefined) return undefined;
  const text = run.text
    .replaceAll(`file://${path}`, "main.ts")
    .replace(/\n *at (async )?file:\S*scripts\.deno\.js:\d+:\d+/g, "");
  return { ...run, text };
}

interface Named {
  readonly name: string;
  readonly message: string;
  readonly cause?: Named;
}

/** Names an error as plain Deno prints it, and any other value by its text. */
const nameOf = ({ name, message }: Named): string =>
  name === "Exception" ? message : `${name}: ${message}`;

function causesOf({ cause }: { readonly cause?: Named }): string[] {
  return cause === undefined ? [] : [nameOf(cause), ...causesOf(cause)];
}

async function answer(site: string, [method, path, headers = {}, body]: Sent): Promise<unknown> {
  const response = await fetch(`${site}${path}`, {
    method,
    headers,
    body: body ?? null,
    redirect: "manual",
  });
  const prefix = new URL(site).pathname;
  const headerOf = (name: string): string | null =>
    // The server writes the function's place before paths of its own.
    response.headers.get(name)?.replace(new RegExp(`^${prefix}(?=/)`), "") ?? null;
  return [response.status, ...HEADERS.map(headerOf), await response.text()];
}

describe.each(["isolated", "container"] as const)("at level %s", (sandbox) => {
  // A container runs what a process does by the same runtime and the same runner.
  const chosen = <Item>(items: readonly Item[]): readonly Item[] =>
    sandbox === "container" ? sample(items) : items;
  // A worker of one process for each costs a tenth of a process.
  const kept = sandbox === "isolated" ? IN_KEPT : {};

  it.each(chosen(scripts).map((path) => [basename(path), path] as const))(
    "%s prints and returns the same",
    async (_name, path) => {
      const code = await readFile(path, "utf8");
      const language = path.endsWith(".ts") ? "typescript" : "javascript";
      const {
        logs = [],
        result,
        ...output
      } = await server.execute({ code, language, sandbox, ...kept, timeout: 20_000 });
      const expected = printed.get(path);
      const text = logs.map(({ message }) => message).join("\n");
      expect({ text, result: JSON.stringify(result) ?? "" }).toEqual(expected);
      expect(output).toMatchObject({ ok: true });
    },
  );

  it.each(chosen(SAME))("$name: the same text and result", async (input) => {
    const { code, request } = input;
    const path = fileOf(input, "same");
    const answer = await (
      await server.post({ code, sandbox, ...kept, timeout: 20_000, ...request })
    ).text();
    const { logs = [], ...output } = JSON.parse(answer) as Output;
    expect(output).toMatchObject({ ok: true });
    // Taken from the answer's text, because numbers may be more than a double holds.
    const [, result = ""] = RESULT.exec(answer) ?? [];
    const text = logs.map(({ message }) => message).join("\n");
    expect({ text, result }).toEqual(byDeno(path));
  });

  it.each(chosen(THROWING))("$name: the same failure", async (input) => {
    const { logs = [], ok } = await server.execute({
      code: input.code,
      sandbox,
      ...kept,
      ...input.request,
    });
    const last = logs.at(-1) as LogEntry & Named & { readonly errors?: readonly Named[] };
    expect(ok).toBe(false);
    const result = [nameOf(last), causesOf(last), (last.errors ?? []).map(nameOf)];
    const text = logs
      .slice(0, -1)
      .map(({ message }) => message)
      .join("\n");
    expect({ text, result: JSON.stringify(result) }).toEqual(byDeno(fileOf(input, "throwing")));
  });

  it.each(chosen(Object.keys(requests)))("the app %s answers the same", async (name) => {
    const code = await readFile(join(folder, `${name}.js`), "utf8");
    const id = `${name.replace(/\W/g, "-")}-${sandbox}`;
    const deployment = {
      code,
      kind: "http",
      language: "javascript",
      // Elysia draws random numbers by the global `crypto`, which is a tool here.
      tools: ["crypto"],
      // Other sites' pages may call it, as they may call any server of plain Deno.
      public: true,
      sandbox,
      timeout: 20_000,
    };
    const deployed = await fetch(`${server.url}/functions/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(deployment),
    });
    expect([deployed.status, await deployed.text()]).toEqual([201, expect.any(String)]);
    const site = `${server.url}/f/default/${id}`;
    // One after another, because some change what later ones read.
    const given: unknown[] = [];
    for (const sent of requests[name] ?? []) given.push(await answer(site, sent));
    expect(given).toEqual(answers[name]);
  });
});
