import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenAt, socketState } from "../../../../src/base/sockets.ts";
import { leaveSocket } from "../../../helpers/egress.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sockets-"));
});
afterEach(() => rm(directory, { recursive: true }));

describe("what is at a socket's path", () => {
  it("answers while somebody listens, and is absent after that", async () => {
    const path = join(directory, "a.sock");
    const server = createServer((socket) => socket.destroy());
    await listenAt(server, path, 0o600);
    expect(await socketState(path)).toBe("answers");
    await new Promise((resolve) => server.close(resolve));
    expect(await socketState(path)).toBe("absent");
  });

  it("refuses where a process has ended without removing it", async () => {
    const path = join(directory, "left.sock");
    await leaveSocket(path);
    expect(await socketState(path)).toBe("refuses");
  });

  it("is absent without its directory, and unknown behind a file", async () => {
    expect(await socketState(join(directory, "none/a.sock"))).toBe("absent");
    await writeFile(join(directory, "file"), "");
    expect(await socketState(join(directory, "file/a.sock"))).toBe("unknown");
  });
});
