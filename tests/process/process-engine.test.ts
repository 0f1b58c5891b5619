import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { CodeCaches } from "../../src/engines/code-cache/code-caches.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { PooledEngine } from "../../src/engines/run/pooled-engine.ts";
import { callContract } from "../contract/call-contract.ts";
import { isRequested } from "../contract/caller-contract.ts";
import { channelContract } from "../contract/channel-contract.ts";
import { clockContract } from "../contract/clock-contract.ts";
import { CONTRACT_POOL, engineContract, job, PROFILE } from "../contract/engine-contract.ts";
import { errorContract } from "../contract/error-contract.ts";
import { httpContract } from "../contract/http-contract.ts";
import { reuseContract } from "../contract/reuse-contract.ts";
import { sessionContract } from "../contract/session-contract.ts";
import { tenantContract } from "../contract/tenant-contract.ts";
import { usageContract } from "../contract/usage-contract.ts";

let directory: string;
/** Made while the first cases run, and used by all that follow. */
let codeCaches: CodeCaches;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  // For sandboxes of other users, which have compiled code.
  await chmod(directory, 0o711);
  const runnerDirectory = join(directory, "runner");
  await writeRunner(await readRunner(), runnerDirectory);
  const onError = console.error;
  codeCaches = new CodeCaches({ instanceDirectory: directory, runnerDirectory, onError });
});
afterAll(async () => {
  await codeCaches.close();
  await rm(directory, { recursive: true });
});

async function open(pool: object = {}): Promise<PooledEngine> {
  const launcher = new DenoProcessLauncher({
    // Each for itself, because a launcher gives its own to a group.
    instanceDirectory: await mkdtemp(join(directory, "engine-")),
    runnerDirectory: join(directory, "runner"),
    codeCaches: { directoryFor: (heap) => codeCaches.directoryFor(heap), close: async () => {} },
  });
  const engine = new PooledEngine(launcher, { ...CONTRACT_POOL, ...pool, onError: console.error });
  engine.prewarm();
  return engine;
}

// HTTP runs the others: tests/e2e/rest-contract.test.ts.
engineContract("process", open, { elsewhere: isRequested, shared: true });
errorContract("process", open);
clockContract("process", open);
callContract("process", open);
channelContract("process", open, { shared: true });
httpContract("process", open, { shared: true });
reuseContract("process", open);
sessionContract("process", () => open({ max: 8 }));
tenantContract("process", open);
usageContract("process", open);

it("keeps nothing of one execution where the next could find it", async () => {
  const engine = await open();
  const options = { profile: PROFILE, timeout: 20_000 };
  // The web's Cache API asks for no permission, and neither does it in a nested worker.
  const store = `
    const leave = async () => {
      const cache = await caches.open("left");
      const found = await cache.match("http://left/");
      await cache.put("http://left/", new Response("secret"));
      return found !== undefined;
    };
    const nested = () => new Promise((resolve) => {
      const code = \`(\${leave})().then(String, (error) => error.name).then(postMessage)\`;
      const worker = new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
    });
    export default async () => [await leave().catch((error) => error.name), await nested()]`;
  const first = await engine.execute(job(store), options);
  const second = await engine.execute(job(store), options);
  await engine.close();
  expect(first).toMatchObject({ status: "ok", result: [expect.any(String), expect.any(String)] });
  expect(second.result).toEqual(first.result);
  expect(second.result).not.toContain("true");
});
