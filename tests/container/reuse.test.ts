/** Tests which state a kept container still has, and that no other key sees it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { DockerSupervisor } from "../../src/engines/container/docker-supervisor.ts";
import type { Engine, JobGrants, Outcome } from "../../src/engines/contract/contract.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { CONTRACT_POOL, job, PROFILE } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";
import { Cleanup } from "../helpers/egress.ts";
import { grants } from "./egress-site.ts";
import { openLoopbackSite } from "./loopback-site.ts";

const cleanup = new Cleanup();
afterAll(() => cleanup.run());

describe("a container that is kept", () => {
  let engine: Engine;
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), "isolate-"));
    const instance = await Instance.create(directory);
    const supervisor = new DockerSupervisor({
      docker,
      runtime,
      instance,
      reach: { env: ["TOKEN"], net: false, read: ["/tmp"], write: ["/tmp"], sys: false },
      bundle: await readRunner(),
      pool: { ...CONTRACT_POOL, max: 5, onError: console.error },
      log: () => {},
    });
    await supervisor.prepared();
    engine = supervisor.engine;
    engine.prewarm();
    cleanup.add(async () => {
      await engine.close();
      await instance.close();
      await rm(directory, { recursive: true });
    });
  });

  const { worker } = grants([], null);
  const granted: JobGrants = {
    worker: { ...worker, net: false, env: ["TOKEN"], read: ["/tmp"], write: ["/tmp"] },
    env: { TOKEN: "t" },
    egress: null,
  };
  const code = `let calls = 0;
    export default (name) => {
      const found = [...Deno.readDirSync("/tmp")].map(({ name }) => name).sort();
      Deno.writeTextFileSync("/tmp/" + name, "secret");
      return [++calls, found, Deno.env.get("TOKEN")];
    }`;
  const run = (key: string, input: string): Promise<Outcome> =>
    engine.execute(
      { ...job(code, input), grants: granted },
      { profile: PROFILE, timeout: 20_000, reuse: { key } },
    );

  it("has its files, its variables and its permissions again, and another key has none", async () => {
    expect((await run("a", "one")).result).toEqual([1, [], "t"]);
    expect((await run("b", "two")).result).toEqual([1, [], "t"]);
    expect((await run("a", "three")).result).toEqual([2, ["one"], "t"]);
    expect((await run("b", "four")).result).toEqual([2, ["two"], "t"]);
  });

  it("is another one after the memory of the first has run out", async () => {
    const hungry = `let calls = 0; const all = [];
      export default (more) => { calls++; while (more) all.push(new Array(1e5).fill(calls)); return calls }`;
    const asked = (more: boolean): Promise<Outcome> =>
      engine.execute(job(hungry, more), {
        profile: PROFILE,
        timeout: 30_000,
        reuse: { key: "hungry" },
      });
    expect((await asked(false)).result).toBe(1);
    expect(await asked(true)).toMatchObject({ status: "crash", fault: { name: "MemoryError" } });
    expect((await asked(false)).result).toBe(1);
  });
});

it("has its way out again, and none in between", async () => {
  const { site, up, evil, reached } = await openLoopbackSite(cleanup);
  const sandbox = await site.launch("real");
  try {
    const code = `let calls = 0, between = null;
      const status = async (url) => (await fetch(url).catch(() => undefined))?.status ?? 0;
      export default async ([up, evil]) => {
        const all = [++calls, await status(up), await status(evil), between];
        setTimeout(async () => { between = await status(up) }, 300);
        return all;
      }`;
    const granted = grants([up, evil], [up]);
    const ask = async (): Promise<unknown> => {
      const input = [`http://${up}/`, `http://${evil}/`];
      const asked = { ...job(code, input), grants: granted, reuse: true };
      const ending = await sandbox.run(asked, { onLog: () => {} }, 20_000);
      return ending.type === "result" ? JSON.parse(ending.text ?? "") : ending;
    };
    expect(await ask()).toEqual([1, 200, 403, null]);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await ask()).toEqual([2, 200, 403, 0]);
    expect(reached).toEqual([]);
  } finally {
    await sandbox.destroy();
  }
});
