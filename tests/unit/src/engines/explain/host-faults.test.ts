import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createRawServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { call, dockerClient } from "../../../../../src/engines/container/docker.ts";
import {
  foreignEngine,
  missingSandbox,
  oldEngine,
  silentEngine,
} from "../../../../../src/engines/explain/host-faults.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** Asks for an engine at a socket, and returns what an operator is told. */
async function told(socket: string, within = 2_000) {
  const error = await call("ping", dockerClient(socket).ping(), within).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return silentEngine(socket, error);
}

async function listening(socket: string, answer: RequestListener): Promise<() => void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

it("tells an engine that is absent from one that has stopped", async () => {
  const socket = join(directory, "none.sock");
  const absent = await told(socket);
  expect(absent.message).toBe(
    `No Docker Engine answers at ${socket}: there is no such socket (ENOENT)`,
  );
  expect(absent.advice).toMatch(/^Install it\. Start it \("systemctl start docker"\)/);
  await writeFile(socket, "");
  const stopped = await told(socket);
  expect(stopped.message).toContain("nothing listens there (ECONNREFUSED)");
  expect(stopped.advice).toMatch(/^Start it /);
});

it("tells a user without permission of the group, and not to start what runs", () => {
  const error = Object.assign(new Error("connect EACCES /s"), { code: "EACCES" });
  const { message, advice } = silentEngine("/s", error);
  expect(message).toContain("this user may not open it (EACCES)");
  expect(advice).toContain('in the group "docker"');
  expect(advice).not.toContain("systemctl start");
  // The set-up, which runs before there is a build, has the same words.
  const setup = readFileSync(new URL("../../../../../scripts/setup.mjs", import.meta.url), "utf8");
  expect(setup).toContain(`this user may not open it (EACCES). ${advice}`);
});

it("tells what is no engine from one that hangs", async () => {
  const web = join(directory, "web.sock");
  const close = await listening(web, (_request, response) => {
    response.statusCode = 404;
    response.end("no such page");
  });
  expect((await told(web)).message).toContain("what listens there is none, or too old");
  close();
  const raw = createRawServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n"));
  const other = join(directory, "raw.sock");
  await new Promise<void>((resolve) => raw.listen(other, resolve));
  expect((await told(other)).message).toContain("what listens there is none, or too old");
  raw.close();
  const slow = join(directory, "slow.sock");
  const closeSlow = await listening(slow, () => {});
  const hung = await told(slow, 50);
  expect(hung.message).toContain("took over 50 ms");
  expect(hung.advice).toMatch(/^See the engine's log, and restart it/);
  closeSlow();
});

it("warns of old engines and refuses those for other systems", () => {
  expect(oldEngine("19.03.15", "1.40")?.message).toContain("19.03.15 with API 1.40 is older");
  for (const api of ["1.41", "1.52", "2.0"]) expect(oldEngine("x", api)).toBeUndefined();
  expect(foreignEngine("windows")).toMatchObject({ advice: "Switch it to Linux" });
  expect(foreignEngine("linux")).toBeUndefined();
});

it("tells a broken runtime from other failures of a start", () => {
  const broken = missingSandbox(
    new Error(
      'failed to create shim task: OCI runtime create failed: unable to retrieve OCI runtime error: exec: "/x/runsc": no such file',
    ),
  );
  expect(broken.advice).toContain("ISOLATE_RUNTIME");
  expect(missingSandbox(new Error("no space left on device")).advice).not.toContain("RUNTIME");
});
