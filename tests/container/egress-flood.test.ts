/** Tests that the proxy survives a tenant that fills all its connections and reads from none. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { readRunner } from "../../src/deno/runner.ts";
import { Label } from "../../src/engines/container/flags.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { Sidecar } from "../../src/engines/container/sidecar.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { until } from "../contract/engine-contract.ts";
import { docker } from "../helpers/containers.ts";
import { Cleanup, outcome, say, startUpstream } from "../helpers/egress.ts";

const cleanup = new Cleanup();
afterAll(() => cleanup.run());

const RUNS = 18;
const OPEN = "HTTP/1.1 200 Connection Established";
const CHUNK = Buffer.alloc(65_536, "z");

/** Sends endlessly, as fast as the socket takes it. */
function pour(socket: Socket): void {
  while (socket.writable && socket.write(CHUNK));
  socket.once("drain", () => pour(socket));
}

it("and serves another tenant, within the memory its container has", async () => {
  const image = await ensureRunnerImage(docker, await readRunner(), () => {});
  const directory = await mkdtemp(join(tmpdir(), "flood-"));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  const instance = await Instance.create(directory);
  cleanup.add(() => instance.close());
  const flooding = await startUpstream(cleanup, (socket) => {
    socket.pause();
    pour(socket);
  });
  const sound = await startUpstream(cleanup, (socket) => {
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsound");
  });
  const names = [flooding, sound].map(({ port }) => `up.test:${port}`);
  // With the usual limits, the buffers of the host's kernel would take all bytes of a run.
  const limits = { bytesOut: 2 ** 40, bytesIn: 2 ** 40 };
  const egress = { hosts: { "up.test": "127.0.0.1" }, private: names, limits };
  const lines: string[] = [];
  const sidecar = new Sidecar({
    docker,
    instance,
    image: () => image,
    egress,
    slots: new Set(),
    log: (line) => lines.push(line),
  });
  cleanup.add(() => sidecar.close());
  sidecar.keep();
  await until(() => sidecar.up);
  const open = async (run: string, tenant: string): Promise<string> => {
    await mkdir(join(instance.directory, run));
    const socket = join(instance.directory, run, "egress.sock");
    await sidecar.open({ run, tenant, egress: { socket, policy: { allow: names } } });
    return socket;
  };

  const told: string[] = [];
  for (let n = 0; n < RUNS; n += 1) {
    const path = await open(`flood${n}`, "greedy");
    for (let m = 0; m < 32; m += 1) {
      const client = connect({ path, allowHalfOpen: true }).on("error", () => {});
      cleanup.add(() => client.destroy());
      client.write(`CONNECT ${names[0]} HTTP/1.1\r\n\r\n`);
      client.once("data", (data: Buffer) => {
        client.pause();
        told.push(outcome(String(data)));
        if (told.at(-1) === OPEN) pour(client);
      });
    }
    await sleep(200);
  }
  await until(() => told.length === RUNS * 32);
  await sleep(1_000);

  const label = [`${Label.kind}=egress`, `${Label.instance}=${instance.id}`];
  const [proxy] = await docker.listContainers({ filters: { label } });
  const stats = await docker.getContainer(proxy?.Id ?? "").stats({ stream: false });
  const { usage, limit } = stats.memory_stats;
  expect(usage).toBeLessThan(limit / 2);
  expect(lines).toEqual(["The egress proxy is ready"]);
  expect(told.filter((each) => each === OPEN)).toHaveLength(512);
  expect(new Set(told)).toEqual(new Set([OPEN, "LIMIT_TENANT"]));
  const other = await open("other", "other");
  expect(await say(other, `GET http://${names[1]}/ HTTP/1.1\r\n\r\n`)).toMatch(
    /200 OK[\s\S]*sound$/,
  );
}, 90_000);
