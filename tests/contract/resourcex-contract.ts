import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { LogEntry } from "../../src/request/types.ts";
import { packFiles } from "../../src/resourcex/archive/pack.ts";
import type { SerializedRXR } from "../../src/resourcex/data/serialized.ts";
import { builtinTypes } from "../../src/resourcex/types/builtin-bundles.ts";
import {
  CrashError,
  ExecutionError,
  MemoryError,
  ResolveError,
  TimeoutError,
} from "../../src/resourcex/types/execution-errors.ts";
import { LevelKernels } from "../../src/resourcex/types/level-kernels.ts";
import type { BundledType, SandboxType } from "../../src/resourcex/types/type.ts";
import { KernelRunner, type LogSource } from "../../src/resourcex/types/type-runner.ts";
import { sample } from "./case-choice.ts";
import { until } from "./engine-contract.ts";
import { PROBED_FILES, PROBED_RESOURCE, RESOURCE_PROBE } from "./resource-probe.ts";

const TIMEOUT = 20_000;

export function typeOf(code: string, sandbox: SandboxType): BundledType {
  return { name: "test", description: "", code, sandbox };
}

export function resolving(body: string, sandbox: SandboxType): BundledType {
  return typeOf(`export default { async resolve(rxr, args) { ${body} } }`, sandbox);
}

export async function resourceOf(
  files: Readonly<Record<string, string | Buffer>> = { content: "content" },
): Promise<SerializedRXR> {
  const entries = Object.entries(files).map(([path, data]) => [path, Buffer.from(data)] as const);
  const manifest = { domain: "localhost", name: "a", type: "test", version: "1" };
  const archive = await packFiles(new Map(entries));
  return { locator: "localhost/a.test@1", manifest, archive };
}

/** Tests the environment of types at a level. */
export function describeTypes(level: SandboxType): void {
  const logs: { entry: LogEntry; source: LogSource }[] = [];
  const settings = { timeout: TIMEOUT, memory: 256 };
  const kernels = new LevelKernels({ warm: 1, config: settings });
  const runner = new KernelRunner({
    kernels,
    tenant: { id: "one" },
    onLog: (entry, source) => logs.push({ entry, source }),
  });
  afterAll(() => runner.close());

  // A container runs what a process does by the same runtime and the same runner.
  const chosen = <Item>(items: readonly Item[]): readonly Item[] =>
    level === "container" ? sample(items) : items;

  async function run(body: string, args?: unknown): Promise<unknown> {
    return runner.run(resolving(body, level), await resourceOf(), args);
  }

  async function waitForSandbox(of: LevelKernels): Promise<void> {
    const kernel = await of.kernel(level);
    await until(() => (kernel.engine(level)?.status().warm ?? 0) > 0);
  }

  describe(`a type at level ${level} finds its resource`, () => {
    const files = { content: "größe", "lib/a.bin": Buffer.of(0, 255, 254) };
    const body = `async resolve(rxr, args) {
      const pkg = await rxr.archive.extract();
      const content = await pkg.file("content");
      return [String(rxr.locator), rxr.manifest.version, content.toString("utf8"), pkg.paths(),
        content.toString("hex").length, [...rxr.files["lib/a.bin"]], Object.keys(rxr.files),
        rxr.files.content instanceof Uint8Array, (await rxr.archive.buffer()).length > 0, args];
    }`;
    it.each(
      chosen([
        ["as a module", `export default { ${body} };`],
        ["as statements", `// @resolver: my_type\nconst my_type = { ${body} };`],
        ["as an expression", `({ ${body} })`],
      ]),
    )("%s", async (_form, code) => {
      const resource = await resourceOf(files);
      expect(await runner.run(typeOf(code, level), resource, { n: 1 })).toEqual([
        "localhost/a.test@1",
        "1",
        "größe",
        ["content", "lib/a.bin"],
        14,
        [0, 255, 254],
        ["content", "lib/a.bin"],
        true,
        true,
        { n: 1 },
      ]);
    });

    it("in the form that a host has", async () => {
      const code = `export default { resolve: ${RESOURCE_PROBE} }`;
      const resource = await resourceOf(PROBED_FILES);
      const found = await runner.run(typeOf(code, level), resource, undefined);
      expect(found).toStrictEqual(PROBED_RESOURCE);
    });

    it("of 10 MB", async () => {
      const content = randomBytes(10_000_000);
      const resource = await resourceOf({ content });
      expect(resource.archive.length).toBeGreaterThan(9_000_000);
      const [, , binary] = builtinTypes.map((type) => ({ ...type, sandbox: level }));
      const result = await runner.run(binary as BundledType, resource, undefined);
      expect(Buffer.compare(Buffer.from(result as Uint8Array), content)).toBe(0);
    });

    it("with an archive that is none", async () => {
      const resource = { ...(await resourceOf()), archive: Buffer.from("nothing") };
      const running = runner.run(
        resolving("return rxr.archive.extract()", level),
        resource,
        undefined,
      );
      await expect(running).rejects.toMatchObject({ name: "ContentError" });
    });
  });

  describe(`built-in types at level ${level}`, () => {
    const [text, json, binary] = builtinTypes.map((type) => ({ ...type, sandbox: level }));
    it.each(
      chosen([
        ["text", text, "größe\n", "größe\n"],
        ["json", json, '{"a":[1,null]}', { a: [1, null] }],
        ["binary", binary, Buffer.of(0, 200, 13), new Uint8Array([0, 200, 13])],
      ]),
    )("%s", async (_name, type, content, expected) => {
      const result = await runner.run(
        type as BundledType,
        await resourceOf({ content }),
        undefined,
      );
      expect(result).toStrictEqual(expected);
    });

    it("json that is none", async () => {
      const running = runner.run(
        json as BundledType,
        await resourceOf({ content: "{" }),
        undefined,
      );
      await expect(running).rejects.toMatchObject({ name: "SyntaxError" });
    });
  });

  it.each(
    chosen([
      ["nothing", "", undefined],
      ["null", "return null", null],
      ["bytes", "return new Uint8Array([1, 2])", new Uint8Array([1, 2])],
      ["a date", "return new Date(86_400_000)", new Date(86_400_000)],
      ["a map", "return new Map([['a', new Set([1])]])", new Map([["a", new Set([1])]])],
      ["a set", "return new Set(['a'])", new Set(["a"])],
      [
        "them inside",
        "return { a: [new Date(0)], b: undefined }",
        { a: [new Date(0)], b: undefined },
      ],
    ]),
  )(`a result at level ${level} can be %s`, async (_what, body, expected) => {
    expect(await run(body)).toStrictEqual(expected);
  });

  it(`what a type prints at level ${level} is no result, and not lost`, async () => {
    logs.length = 0;
    expect(await run(`console.log(JSON.stringify({ result: 1 })); console.error("two")`)).toBe(
      undefined,
    );
    const source = { locator: "localhost/a.test@1", type: "test" };
    expect(logs).toEqual([
      { entry: { level: "log", message: '{"result":1}', timestamp: expect.any(Number) }, source },
      { entry: { level: "error", message: "two", timestamp: expect.any(Number) }, source },
    ]);
  });

  it(`arguments at level ${level} are JSON`, async () => {
    expect(await run("return typeof args")).toBe("undefined");
    expect(await run("return args", { at: new Date(0) })).toEqual({ at: new Date(0).toJSON() });
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    await expect(run("return args", circular)).rejects.toMatchObject({
      name: "ResourceXError",
      message: expect.stringContaining("The arguments cannot be written as JSON"),
    });
  });

  describe(`a type at level ${level} fails`, () => {
    it("as its own exception", async () => {
      const running = run("console.log('before'); throw new RangeError('too far')");
      await expect(running).rejects.toMatchObject({ name: "RangeError", message: "too far" });
      await expect(running).rejects.toBeInstanceOf(ResolveError);
      await expect(running).rejects.toBeInstanceOf(ExecutionError);
      expect(logs.at(-1)?.entry.message).toBe("before");
    });

    it.each(
      chosen([
        ["for having no resolve", "export default {}", "TypeError"],
        ["for ending its process", "export default { resolve() { process.exit(3) } }", "ExitError"],
        [
          "for returning a function",
          "export default { resolve: () => () => 1 }",
          "SerializationError",
        ],
        [
          "in a callback",
          "export default { resolve: () => new Promise(() => setTimeout(() => { throw new EvalError('late') })) }",
          "EvalError",
        ],
      ]),
    )("%s", async (_why, code, name) => {
      const running = runner.run(typeOf(code, level), await resourceOf(), undefined);
      await expect(running).rejects.toMatchObject({ name });
      await expect(running).rejects.toBeInstanceOf(ResolveError);
    });

    it("for taking too long, and what only calls itself so is another class", async () => {
      const quick = new LevelKernels({ warm: 1, config: { ...settings, timeout: 1_500 } });
      const impatient = new KernelRunner({ kernels: quick, tenant: { id: "one" } });
      onTestFinished(() => impatient.close());
      await waitForSandbox(quick);
      const endless = impatient.run(resolving("for (;;);", level), await resourceOf(), undefined);
      await expect(endless).rejects.toBeInstanceOf(TimeoutError);
      const never = resolving("await new Promise(() => {})", level);
      await waitForSandbox(quick);
      await expect(impatient.run(never, await resourceOf(), undefined)).rejects.toBeInstanceOf(
        TimeoutError,
      );
      const liar = run("throw Object.assign(new Error('x'), { name: 'TimeoutError' })");
      await expect(liar).rejects.toMatchObject({ name: "TimeoutError" });
      await expect(liar).rejects.not.toBeInstanceOf(TimeoutError);
      expect(await run("return 'alive'")).toBe("alive");
    });

    if (level !== "none") {
      it("for needing too much memory", async () => {
        const running = run("const all = []; for (;;) all.push(new Array(1e6).fill(all.length))");
        await expect(running).rejects.toBeInstanceOf(MemoryError);
        await expect(running).rejects.not.toBeInstanceOf(CrashError);
      });
    }

    it("for its caller's change of mind", async () => {
      const stop = new AbortController();
      const type = resolving("await new Promise(() => {})", level);
      const running = runner.run(type, await resourceOf(), undefined, { signal: stop.signal });
      setTimeout(() => stop.abort(), 100);
      await expect(running).rejects.toMatchObject({ name: "Aborted" });
    });
  });

  describe(`code at level ${level} stays loaded`, () => {
    const type = typeOf(
      "let count = 0; export default { resolve() { count += 1; return count } }",
      level,
    );
    it("for the same tenant, and for no other", async () => {
      const other = new KernelRunner({ kernels, tenant: { id: "two" } });
      const counts: unknown[] = [];
      for (let round = 0; round < 3; round += 1) {
        counts.push(await runner.run(type, await resourceOf(), undefined));
      }
      expect(counts).toEqual([1, 2, 3]);
      expect(await other.run(type, await resourceOf(), undefined)).toBe(1);
    });
  });

  it(`a sandbox of level ${level} waits for the next type`, async () => {
    await waitForSandbox(kernels);
  });

  describe(`an untrusted type at level ${level}`, () => {
    let port = 0;
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx");
    });
    beforeAll(async () => {
      process.env.RESOURCEX_SECRET = "the host's";
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      port = (server.address() as { port: number }).port;
    });
    afterAll(() => {
      delete process.env.RESOURCEX_SECRET;
      server.close();
    });

    it(`is ${level === "none" ? "not " : ""}kept from files, environment and network`, async () => {
      const attempt = (what: string) =>
        `await (async () => { ${what} })().catch((error) => error.name)`;
      const seen = (await run(`
        const { readFileSync } = process.getBuiltinModule("node:fs");
        return [
          ${attempt(`return readFileSync("/etc/hostname").length > 0`)},
          ${attempt(`return process.env.RESOURCEX_SECRET`)},
          ${attempt(`return (await fetch("http://127.0.0.1:${port}/")).status`)},
        ]`)) as unknown[];
      if (level === "none") {
        expect(seen).toEqual([true, "the host's", 200]);
        expect(connections).toBe(1);
        return;
      }
      expect(seen).toEqual(["NotCapable", undefined, "NotCapable"]);
      expect(connections).toBe(0);
    });
  });
}
