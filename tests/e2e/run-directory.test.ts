/** Tests a run directory that is deleted while a server runs. */
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { Cleanup } from "../helpers/egress.ts";
import { TestServer } from "../helpers/server.ts";

const cleanup = new Cleanup();
afterAll(() => cleanup.run());

it("is made again, for both levels and for the way out, and said to be gone where it cannot", async () => {
  const site = createServer((_request, response) => response.end("reached"));
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  cleanup.add(() => new Promise((resolve) => site.close(resolve)));
  const host = `127.0.0.1:${(site.address() as AddressInfo).port}`;
  const server = await TestServer.start({
    ISOLATE_POOL_MIN: "1",
    ISOLATE_EGRESS_PRIVATE: host,
  });
  cleanup.add(async () => expect(await server.dispose()).toEqual([]));
  const code = `export default async () => (await fetch("http://${host}/")).text()`;
  const asks = [
    { code: "export default () => 1", sandbox: "container" },
    { code: "export default () => 1", sandbox: "isolated" },
    { code, sandbox: "container", permissions: { net: [host] } },
  ];
  /** Retries until each request succeeds; it needs more sandboxes than the warm ones. */
  const eventually = async (): Promise<void> => {
    for (const ask of [...asks, ...asks]) {
      let tries = 0;
      while (!(await server.post({ ...ask, timeout: 30_000 })).ok) {
        tries += 1;
        if (tries > 20) expect.fail(server.log);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  };
  await eventually();

  await rm(server.runDirectory, { recursive: true });
  await eventually();

  await rm(server.runDirectory, { recursive: true });
  await writeFile(server.runDirectory, "in its place");
  await until(async () => !(await fetch(`${server.url}/readyz`)).ok);
  for (const ask of asks.slice(0, 2)) {
    // Warm sandboxes still serve.
    let refused = await server.post(ask);
    for (let n = 0; n < 5 && refused.ok; n += 1) refused = await server.post(ask);
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe("ENGINE_UNAVAILABLE");
    expect(error.message).toContain(`run directory ${server.runDirectory} is gone`);
  }
  await rm(server.runDirectory);
  await eventually();
}, 240_000);
