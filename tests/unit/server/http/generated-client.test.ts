/** Tests what generators make of the contract: programs by it compile, and wrong ones do not. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ADMIN_KEY, SECRET_KEY, tenantsApp } from "../../../helpers/tenants.ts";

const run = promisify(execFile);

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const FOR_TYPESCRIPT = at("tests/generators/node_modules/openapi-typescript/bin/cli.js");
const FOR_PYTHON = at("tests/generators/node_modules/quicktype/dist/index.js");
const COMPILER = at("node_modules/typescript/lib/tsc.js");

const PROGRAM = `
import type { components, operations, paths } from "./contract.ts";

type Answer = components["schemas"]["Answer"];
type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody?: { content: { "application/json": infer Sent } };
} ? Sent : never;

export const request: Body<"execute"> = {
  code: "export default (x) => x * 2",
  input: 21,
  permissions: { net: ["example.com"], hrtime: true },
};
export const nothing: Body<"plan"> = { code: "", permissions: "none" };
export const deployment: Body<"deployFunction"> = { code: "export default () => 1", kind: "http" };
export const settings: Body<"putTenant"> = { ceiling: { net: ["example.com"] }, concurrency: 4 };
export const patch: Body<"updateTenant"> = { timeout: null };

export async function execute(url: string, body: Body<"execute">): Promise<Answer> {
  const path: keyof paths = "/execute";
  const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  if (response.ok) return (await response.json()) as Answer;
  const { error } = (await response.json()) as components["schemas"]["Problem"];
  throw new Error(error.code + ": " + (error.field ?? error.message));
}

export function outcomeOf({ outcome, logs = [], usage: { cpu } }: Answer): string {
  const first: string | undefined = logs[0]?.message;
  const spent: number | null = cpu;
  return outcome === "timeout" ? "late" : first ?? String(spent);
}

type Listed = operations["listFunctions"]["responses"][200]["content"]["application/json"];
export const names = ({ functions, next }: Listed): (string | undefined)[] =>
  [...functions.map(({ name }) => name), next];
export type Stream = operations["execute"]["responses"][200]["content"]["text/event-stream"];
export const stream: Stream = "event: log";
`;

/** Mistakes, each of which has to be an error. */
const WRONG = [
  'export const a: Body<"execute"> = { code: 1 };',
  'export const b: Body<"execute"> = { code: "", permissions: "all" };',
  'export const c: Body<"execute"> = { code: "", permissions: { nett: [] } };',
  'export const d: Body<"deployFunction"> = { code: "", kind: "page" };',
  'export const e: Answer["outcome"] = "done";',
  'export type F = operations["postExecute"];',
];

/** Text of the contract, of all routes. */
let document: string;
let directory: string;
beforeAll(async () => {
  const host = await tenantsApp();
  const { app } = host.start({ adminKey: ADMIN_KEY, secretKey: SECRET_KEY });
  document = await (await app.request("/openapi.json")).text();
  await host.close();
  directory = await mkdtemp(join(tmpdir(), "isolate-generated-"));
});
afterAll(() => rm(directory, { recursive: true }));

it("openapi-typescript makes types by which a program compiles, and which refuse mistakes", async () => {
  await writeFile(join(directory, "openapi.json"), document);
  await writeFile(join(directory, "right.ts"), PROGRAM);
  await writeFile(join(directory, "wrong.ts"), `${PROGRAM}${WRONG.join("\n")}\n`);
  const contract = join(directory, "contract.ts");
  // Otherwise a field of a request with a default would have to be sent.
  const made = ["--default-non-nullable", "false", "-o", contract];
  await run(process.execPath, [FOR_TYPESCRIPT, join(directory, "openapi.json"), ...made]);
  const flags = ["--ignoreConfig", "--noEmit", "--strict", "--exactOptionalPropertyTypes"];
  const target = ["--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"];
  const options = [...flags, ...target, "--allowImportingTsExtensions", "--types", ""];
  const files = ["right.ts", "wrong.ts"].map((name) => join(directory, name));
  const { stdout } = await run(process.execPath, [COMPILER, ...options, ...files]).catch(
    (error: { stdout: string }) => error,
  );
  const faults = [...stdout.matchAll(/(\w+)\.ts\((\d+),/g)].map(([, file, line]) => {
    return [file, Number(line)];
  });
  const first = PROGRAM.split("\n").length;
  expect(faults, stdout).toEqual(WRONG.map((_, index) => ["wrong", first + index]));
});

const ANSWER = {
  id: "019b7c6a-0d3f-7a41-9c55-5f2d1f0a6b11",
  ok: true,
  outcome: "ok",
  result: 42,
  duration: 3,
  usage: {
    ...{ wall: 4, queued: 0, cpu: null, peakMemory: null, bytesOut: 2, egressBytes: 0 },
    ...{ channelDropped: 0, fresh: "container" },
  },
};

it.skipIf(spawnSync("python3", ["--version"]).status !== 0)(
  "quicktype makes classes of Python that read an answer",
  async () => {
    const { components } = JSON.parse(document) as { components: { schemas: object } };
    const definitions = components.schemas;
    const names = Object.keys(definitions);
    const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
    const schema = JSON.stringify({ $defs: definitions, type: "object", properties })
      .replaceAll("#/components/schemas/", "#/$defs/")
      // Classes of Python would need a package for times.
      .replaceAll('"format":"date-time"', '"title":"time"');
    await writeFile(join(directory, "schema.json"), schema);
    const language = ["--src-lang", "schema", "--lang", "python", "--python-version", "3.7"];
    const files = [join(directory, "schema.json"), "-o", join(directory, "contract.py")];
    await run(process.execPath, [FOR_PYTHON, ...language, "-t", "Contract", ...files]);
    const program = `
import json, sys
from contract import Answer, Problem
answer = Answer.from_dict(json.loads(sys.argv[1]))
print(answer.outcome.value, answer.result, answer.usage.cpu)
problem = Problem.from_dict({"error": {"name": "BadRequest", "code": "BAD_REQUEST", "message": "m", "requestId": "r"}})
print(problem.error.code, problem.error.field)
`;
    const env = { ...process.env, PYTHONPATH: directory };
    const { stdout } = await run("python3", ["-c", program, JSON.stringify(ANSWER)], { env });
    expect(stdout).toBe("ok 42 None\nBAD_REQUEST None\n");
  },
);
