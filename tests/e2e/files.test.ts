/** Tests files that executions are given, and artifacts that they leave, in real sandboxes. */
import { execFile, spawnSync } from "node:child_process";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExecutionAnswer } from "../../server/runs/answer.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { until } from "../contract/engine-contract.ts";
import { isolate } from "../helpers/command-line.ts";
import { fencesOf } from "../helpers/markdown.ts";
import { pageAt } from "../helpers/pages.ts";
import { TestServer } from "../helpers/server.ts";
import { OPERATOR_KEY, tenantOf } from "../helpers/tenant-of.ts";

type Asked = Partial<ExecuteRequest> & { readonly code: string };

let server: TestServer;
let acme: Awaited<ReturnType<typeof tenantOf>>;
let small: Awaited<ReturnType<typeof tenantOf>>;
beforeAll(async () => {
  server = await TestServer.start({
    ISOLATE_ADMIN_KEY: OPERATOR_KEY,
    ISOLATE_SECRET_KEY: "5e".repeat(32),
    ISOLATE_ARTIFACTS: "5",
  });
  const limits = { sandbox: ["container", "isolated"], reuse: "code", artifactBytes: 5_000_000 };
  acme = await tenantOf(server, "acme", limits);
  small = await tenantOf(server, "small", { fileBytes: 10, artifactBytes: 10, reuse: "tenant" });
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

async function run(body: Asked, as = acme): Promise<ExecutionAnswer> {
  const { status, body: answer } = await as.ask("POST", "/execute", { timeout: 60_000, ...body });
  expect([status, answer]).toEqual([200, expect.anything()]);
  return answer;
}

async function refusal(body: object, as = acme): Promise<unknown[]> {
  const asked = { code: "export default () => 1", ...body };
  const { status, body: answer } = await as.ask("POST", "/execute", asked);
  return [status, answer.error?.code, answer.error?.field];
}

describe("an execution with files", () => {
  it("reads what it is given, writes artifacts, and has no other permission", async () => {
    const png = Buffer.from([0x89, 0x50, 0, 0xff]);
    const answer = await run({
      code: `
        import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
        const refused = async (work) => {
          try { await work(); return "done"; } catch (error) { return error.name; }
        };
        export default async () => {
          mkdirSync("/tmp/out/report/a", { recursive: true });
          writeFileSync("/tmp/out/report/a/b.txt", readFileSync("/tmp/in/deep/x.txt"));
          await Deno.writeTextFile("/tmp/out/left.txt", "");
          Deno.writeFileSync("/tmp/out/chart.png", Deno.readFileSync("/tmp/in/logo.png"));
          return [
            await Deno.readTextFile("/tmp/in/data.csv"),
            await refused(() => Deno.writeTextFile("/tmp/in/new", "")),
            await refused(() => Deno.remove("/tmp/in/data.csv")),
            await refused(() => Deno.writeTextFile("/tmp/new", "")),
            await refused(() => Array.from(Deno.readDirSync("/tmp"))),
            await refused(() => Deno.symlinkSync("/etc/passwd", "/tmp/out/chart2.png")),
          ];
        };`,
      files: {
        "data.csv": "a,b\n1,ü",
        "deep/x.txt": "x",
        "logo.png": { base64: png.toString("base64") },
      },
      artifacts: ["*.png", "report/**"],
    });
    const no = "NotCapable";
    expect(answer).toMatchObject({
      ok: true,
      result: ["a,b\n1,ü", no, no, no, no, no],
      artifacts: [
        { path: "chart.png", bytes: 4, base64: png.toString("base64") },
        { path: "report/a/b.txt", bytes: 1, text: "x" },
      ],
    });
    expect(answer.artifactsOmitted).toBeUndefined();
  });

  it("leaves artifacts when it throws, and none but what the limits take", async () => {
    const code = `export default () => {
      for (let n = 0; n < 60; n += 1) Deno.writeTextFileSync("/tmp/out/" + String(n).padStart(2, "0"), "1234");
      throw new Error("no");
    }`;
    const many = await run({ code, artifacts: ["*"] });
    expect(many.outcome).toBe("exception");
    expect(many.artifacts?.map(({ path }) => path)).toEqual(["00", "01", "02", "03", "04"]);
    const left = many.artifactsOmitted ?? [];
    expect(left[0]).toEqual({ path: "05", reason: "count" });
    expect(left).toHaveLength(21);
    expect(left.at(-1)).toEqual({ reason: "others", count: 35 });
    const few = await run({ code, artifacts: ["0?"] }, small);
    expect(few.artifacts?.map(({ path }) => path)).toEqual(["00", "01"]);
    expect(few.artifactsOmitted?.[0]).toEqual({ path: "02", reason: "bytes" });
  });

  it("leaves nothing to the next execution of its sandbox", async () => {
    const reuse = "tenant";
    const files = { "mine.txt": "mine" };
    const looks = `const list = (path) => { try { return [...Deno.readDirSync(path)].map(({ name }) => name) } catch { return [] } };
      export default () => [list("/tmp/in"), list("/tmp/out"), list("/tmp")]`;
    let next: ExecutionAnswer;
    // A busy host may end a sandbox rather than wait until it is clean.
    do {
      const first = await run({
        code: `export default () => { Deno.writeTextFileSync("/tmp/out/mine.txt", "mine") }`,
        files,
        artifacts: ["*"],
        reuse,
      });
      expect(first.artifacts).toHaveLength(1);
      next = await run({ code: looks, files: { "own.txt": "" }, artifacts: ["*"], reuse });
    } while (next.usage.fresh !== "worker");
    expect([next.result, next.artifacts]).toEqual([[["own.txt"], [], []], []]);
    const read = ["/tmp"];
    const last = await run({ code: looks, permissions: { read }, reuse });
    expect(last.result).toEqual([[], [], []]);
  });

  it("leaves what is at rest: its own workers change nothing while files are taken", async () => {
    const answer = await run({
      code: `
        const swaps = () => {
          const bytes = new Uint8Array(1_000_000).fill(120);
          const grow = () => Deno.writeFileSync("/tmp/out/grows", bytes, { append: true });
          for (let n = 1; ; n += 1) {
            if (n % 7 === 0) Deno.removeSync("/tmp/out/grows");
            grow();
            Deno.linkSync("/tmp/outside", "/tmp/out/next");
            Deno.renameSync("/tmp/out/next", "/tmp/out/swapped");
            Deno.writeTextFileSync("/tmp/out/new", "mine");
            Deno.renameSync("/tmp/out/new", "/tmp/out/swapped");
            if (n === 2) postMessage("on");
          }
        };
        export default async () => {
          Deno.writeTextFileSync("/tmp/outside", "outside");
          const url = URL.createObjectURL(new Blob(["(" + swaps + ")()"], { type: "text/javascript" }));
          const worker = new Worker(url, { type: "module" });
          await new Promise((resolve) => { worker.onmessage = resolve; });
          return "ended";
        }`,
      artifacts: ["**"],
      permissions: { read: ["/tmp"], write: ["/tmp"] },
      memory: 256,
    });
    expect([answer.outcome, answer.result]).toEqual(["ok", "ended"]);
    const artifacts = answer.artifacts ?? [];
    expect(JSON.stringify(answer)).not.toContain("outside");
    expect(artifacts.length + (answer.artifactsOmitted ?? []).length).toBeGreaterThan(0);
    expect(artifacts.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(5_000_000);
    const grown = artifacts.find(({ path }) => path === "grows");
    expect(grown?.text?.length).toBe(grown?.bytes);
  });

  it("leaves none while a worker of its own cannot be ended, and its sandbox is not used again", async () => {
    const reuse = "tenant";
    const stuck = await run(
      {
        code: `
          const waits = () => {
            const open = () => Deno.openSync("/tmp/out/locked", { read: true, write: true, create: true });
            open().lockSync(true);
            const again = open();
            postMessage("on");
            again.lockSync(true);
          };
          export default async () => {
            Deno.writeTextFileSync("/tmp/out/left.txt", "left");
            const url = URL.createObjectURL(new Blob(["(" + waits + ")()"], { type: "text/javascript" }));
            const worker = new Worker(url, { type: "module" });
            await new Promise((resolve) => { worker.onmessage = resolve; });
            return "ended";
          }`,
        artifacts: ["*"],
        reuse,
      },
      small,
    );
    expect([stuck.outcome, stuck.result, stuck.artifacts]).toEqual(["ok", "ended", []]);
    expect(stuck.artifactsOmitted).toEqual([{ reason: "running" }]);
    const next = await run({ code: "export default () => 1", reuse }, small);
    expect(next.usage.fresh).toBe("container");
  });

  it("tells of holes and links that a sandbox with more permissions makes", async () => {
    const answer = await run({
      code: `export default () => {
        const hole = Deno.openSync("/tmp/out/hole", { write: true, create: true });
        hole.truncateSync(4_000_000);
        Deno.writeTextFileSync("/tmp/out/huge", "");
        Deno.truncateSync("/tmp/out/huge", 60_000_000);
        Deno.linkSync("/tmp/in/a", "/tmp/out/hard");
        Deno.writeTextFileSync("/tmp/out/fine", "");
      }`,
      files: { a: "a" },
      artifacts: ["**"],
      permissions: { read: ["/tmp"], write: ["/tmp"] },
    });
    expect(answer.artifacts).toEqual([{ path: "fine", bytes: 0, text: "" }]);
    expect(answer.artifactsOmitted).toEqual([
      { path: "hard", reason: "linked" },
      { path: "hole", reason: "sparse" },
      { path: "huge", reason: "bytes" },
    ]);
  });

  it("gives up among more entries than it looks at", async () => {
    const answer = await run({
      code: `export default () => {
        Deno.mkdirSync("/tmp/out/many");
        for (let n = 0; n < 20_500; n += 1) Deno.createSync("/tmp/out/many/" + n).close();
      }`,
      artifacts: ["*"],
      timeout: 120_000,
    });
    expect([answer.outcome, answer.artifacts, answer.artifactsOmitted]).toEqual([
      "ok",
      [],
      [{ reason: "unsearched" }],
    ]);
  });

  it("is refused by the name of the field", async () => {
    const bad = [400, "BAD_REQUEST"];
    for (const path of [
      "/a",
      "../a",
      "a/../b",
      "a//b",
      "",
      "a/",
      "a\0",
      ".",
      "\ud800",
      "x".repeat(256),
    ]) {
      expect(await refusal({ files: { [path]: "" } })).toEqual([...bad, "files"]);
    }
    expect(await refusal({ files: { a: "", "a/b": "" } })).toEqual([...bad, "files"]);
    expect(await refusal({ files: { a: { base64: "?" } } })).toEqual([...bad, 'files["a"].base64']);
    expect(await refusal({ files: { a: { text: "" } } })).toEqual([...bad, "files"]);
    expect(await refusal({ artifacts: ["/etc/passwd"] })).toEqual([...bad, "artifacts[0]"]);
    expect(await refusal({ artifacts: ["*"], reuse: "code" })).toEqual([...bad, "reuse"]);
    const refused = [403, "PERMISSION_REFUSED"];
    expect(await refusal({ files: { a: "" }, sandbox: "isolated" })).toEqual([...refused, "files"]);
    expect(await refusal({ artifacts: ["*"], sandbox: "isolated" })).toEqual([
      ...refused,
      "artifacts",
    ]);
    const asked = { code: "export default () => 1", files: { a: "" }, sandbox: "isolated" };
    const told = await acme.ask("POST", "/execute", asked);
    expect(told.body.error.message).toContain('set "sandbox": "container"');
    const { body: planned } = await acme.ask("POST", "/plan", asked);
    expect(planned.refusals).toMatchObject([
      { field: "files", message: expect.stringContaining('set "sandbox": "container"') },
    ]);
    const large = [413, "PAYLOAD_TOO_LARGE", "files"];
    expect(await refusal({ files: { a: "x".repeat(11) } }, small)).toEqual(large);
  });

  it("works as a job, in a batch and as events, and masks secrets", async () => {
    await acme.ask("PUT", "/secrets/TOKEN", { value: "sk-live-0123456789" });
    const request = {
      code: `export default () => {
        const text = Deno.env.get("TOKEN") + Deno.readTextFileSync("/tmp/in/a");
        Deno.writeTextFileSync("/tmp/out/text", text);
        Deno.writeTextFileSync("/tmp/out/bytes", text + "\\0");
      }`,
      files: { a: "x" },
      artifacts: ["*"],
      secrets: ["TOKEN"],
      timeout: 60_000,
    };
    const masked = "***x";
    const artifacts = [
      {
        path: "bytes",
        bytes: masked.length + 1,
        base64: Buffer.from(`${masked}\0`).toString("base64"),
      },
      { path: "text", bytes: masked.length, text: masked },
    ];
    const batch = await acme.ask("POST", "/execute/batch", { requests: [request] });
    expect(batch.body.results[0]).toMatchObject({ artifacts });
    const events = await acme.ask("POST", "/execute", request, { accept: "text/event-stream" });
    const data = events.body.split("event: result\ndata: ")[1].split("\n")[0];
    expect(JSON.parse(data)).toMatchObject({ ok: true, artifacts });
    const accepted = await acme.ask("POST", "/execute", request, { prefer: "respond-async" });
    const job = async () => (await acme.ask("GET", `/jobs/${accepted.body.id}`)).body;
    await until(async () => (await job()).answer !== undefined);
    expect((await job()).answer).toMatchObject({ artifacts });
  });

  it("has its files in the plan", async () => {
    const body = { code: "export default () => 1", files: { a: "ab" }, artifacts: ["*"] };
    const { body: plan } = await acme.ask("POST", "/plan", body);
    expect(plan).toMatchObject({
      worker: { read: ["/tmp/in", "/tmp/out"], write: ["/tmp/out"] },
      files: { given: [{ path: "a", bytes: 2 }], artifacts: { globs: ["*"], most: 5 } },
    });
  });
});

describe("files reach", () => {
  const copy =
    "export default (name) => Deno.copyFileSync('/tmp/in/' + name, '/tmp/out/copy-' + name)";
  const png = "iVBORw==";

  it("calls of a function, whose modules are others", async () => {
    const deployed = await acme.ask("PUT", "/functions/copy", { code: copy, timeout: 60_000 });
    expect(deployed.status).toBe(201);
    const body = { input: "a", files: { a: "text" }, artifacts: ["*"] };
    const { body: answer } = await acme.ask("POST", "/functions/copy/invoke", body);
    expect(answer).toMatchObject({ artifacts: [{ path: "copy-a", bytes: 4, text: "text" }] });
    const bad = await acme.ask("POST", "/functions/copy/invoke", { files: { "../a": "" } });
    expect([bad.status, bad.body.error.field]).toEqual([400, "files"]);
  });

  it("a model over MCP, which sees images as such", async () => {
    const client = new Client({ name: "test", version: "1" });
    const requestInit = { headers: { authorization: `Bearer ${acme.key}` } };
    const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
      requestInit,
    });
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    const files = { "a.png": { base64: png } };
    const given = { code: copy, input: "a.png", files, artifacts: ["*"], timeout: 60_000 };
    const result = await client.callTool({ name: "execute", arguments: given });
    expect(result.content).toContainEqual({ type: "image", data: png, mimeType: "image/png" });
    expect(result.structuredContent).toMatchObject({
      artifacts: [{ path: "copy-a.png", bytes: 4 }],
    });
    await client.close();
  });

  it.skipIf(spawnSync("python3", ["--version"]).status !== 0)("Python", async () => {
    const [text = ""] = fencesOf(pageAt("docs/api/python.md").text)
      .filter((fence) => fence.info === "python" && fence.text.includes("artifacts="))
      .map((fence) => fence.text.replaceAll("http://127.0.0.1:8787", server.url));
    const PYTHONPATH = fileURLToPath(new URL("../../clients/python", import.meta.url));
    const env = { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: "1", ISOLATE_KEY: acme.key };
    const { stdout } = await promisify(execFile)("python3", ["-c", text], { env });
    expect(stdout).toBe("copy.png b'\\x89PNG'\n");
  });

  it("a folder by the command line, and nothing outside of it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isolate-files-"));
    const env = { ISOLATE_URL: server.url, ISOLATE_KEY: acme.key };
    const words = ["run", "copy.js", "--input", '"in.txt"', "--file", "in.txt=own.txt"];
    const call = (more: string[], url = server.url) =>
      isolate([...words, "--timeout", "60000", ...more], {
        env: { ...env, ISOLATE_URL: url },
        cwd: folder,
      });
    let artifacts: object[] = [];
    const hostile = createServer((request, response) => {
      const answer = { id: "1", ok: true, outcome: "ok", duration: 1, usage: {}, artifacts };
      request.resume().once("end", () => {
        response.setHeader("content-type", "text/event-stream");
        response.end(`event: result\ndata: ${JSON.stringify(answer)}\n\n`);
      });
    }).listen(0, "127.0.0.1");
    try {
      await writeFile(join(folder, "copy.js"), copy);
      await writeFile(join(folder, "own.txt"), "mine");
      const first = await call(["--artifact", "*", "--out", "made/here"]);
      expect(first, first.stderr).toMatchObject({ code: 0 });
      expect(await readFile(join(folder, "made/here/copy-in.txt"), "utf8")).toBe("mine");
      // Replaced below --out, and not in a folder that was named for nothing.
      await writeFile(join(folder, "own.txt"), "newer");
      expect((await call(["--artifact", "*", "--out", "made/here"])).code).toBe(0);
      expect(await readFile(join(folder, "made/here/copy-in.txt"), "utf8")).toBe("newer");
      await writeFile(join(folder, "copy-in.txt"), "kept");
      const refused = await call(["--artifact", "*"]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("copy-in.txt exists");
      expect(await readFile(join(folder, "copy-in.txt"), "utf8")).toBe("kept");
      expect((await call(["--out", "made"])).code).toBe(2);

      await mkdir(join(folder, "out"));
      await mkdir(join(folder, "elsewhere"));
      await writeFile(join(folder, "elsewhere/file"), "kept");
      await symlink(join(folder, "elsewhere"), join(folder, "out/link"));
      await symlink(join(folder, "elsewhere/file"), join(folder, "out/name"));
      await symlink(join(folder, "elsewhere/none"), join(folder, "out/dangling"));
      const url = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`;
      for (const path of [
        "../elsewhere/new",
        "a/../../elsewhere/new",
        join(folder, "elsewhere/new"),
        "link/new",
        "link/file",
        "link/deep/new",
        "name",
        "dangling",
        "..\\elsewhere\\new",
        "new\n",
        "",
      ]) {
        artifacts = [{ path, bytes: 1, text: "x" }];
        const { code, stderr } = await call(["--artifact", "*", "--out", "out"], url);
        expect([path, code, stderr]).toEqual([
          path,
          1,
          expect.stringMatching(/elsewhere|no fol|no fil/),
        ]);
      }
      artifacts = [{ path: ".npmrc", bytes: 1, text: "x" }];
      const hidden = await call(["--artifact", "*"], url);
      expect([hidden.code, hidden.stderr]).toEqual([
        1,
        expect.stringContaining(".npmrc is hidden"),
      ]);
      expect(await readdir(join(folder, "elsewhere"))).toEqual(["file"]);
      expect(await readFile(join(folder, "elsewhere/file"), "utf8")).toBe("kept");
      expect((await readdir(join(folder, "out"))).sort()).toEqual(["dangling", "link", "name"]);
      expect((await lstat(join(folder, "out/name"))).isSymbolicLink()).toBe(true);
    } finally {
      hostile.close();
      await rm(folder, { recursive: true });
    }
  });
});
