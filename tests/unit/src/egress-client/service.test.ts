/** Tests a proxy that another program runs, over its whole life. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { startEgress } from "../../../../egress/start.ts";
import { EgressUnavailable } from "../../../../src/base/errors.ts";
import type { EgressRun, EgressSettings } from "../../../../src/egress-client/egress.ts";
import type { EgressLink } from "../../../../src/egress-client/link.ts";
import { egressService } from "../../../../src/egress-client/service.ts";
import {
  Cleanup,
  Client,
  directory,
  echo,
  eventually,
  outcome,
  say,
  startUpstream,
} from "../../../helpers/egress.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const NOTHING: EgressSettings = { hosts: {}, private: [] };

async function linkTo(settings = NOTHING) {
  const path = await directory(cleanup);
  const adminSocket = join(path, "egress", "admin.sock");
  const lines: string[] = [];
  const link: EgressLink = egressService({
    socket: adminSocket,
    settings,
    log: (line) => lines.push(line),
  });
  cleanup.add(() => link.close());
  link.keep();
  const start = async () => {
    const egress = await startEgress({ adminSocket });
    cleanup.add(() => egress.close());
    await eventually(() => link.up);
    return egress;
  };
  const socket = join(path, "egress.sock");
  const open = (allow: string[], onRefused?: EgressRun["onRefused"]) =>
    link.open({ run: "r", tenant: "acme", egress: { socket, policy: { allow } }, onRefused });
  return { link, lines, start, socket, open };
}

describe("a proxy that somebody else runs", () => {
  it("is told the operator's settings, and what was refused comes back", async () => {
    const serverConnection = await startUpstream(cleanup, echo);
    const name = `up.test:${serverConnection.port}`;
    const settings = { hosts: { "up.test": "127.0.0.1" }, private: [name] };
    const { start, socket, open } = await linkTo(settings);
    await start();
    const refused: unknown[] = [];
    const lease = await open([name], (denial) => refused.push(denial));
    const denied = "CONNECT evil.test:443 HTTP/1.1\r\n\r\n";
    expect(outcome(await say(socket, denied))).toBe("HOST_NOT_ALLOWED");
    // Reported at once, each time, and summed up at the end.
    const told = { kind: "net", value: "evil.test:443", by: "egress", code: "HOST_NOT_ALLOWED" };
    await eventually(() => refused.length === 1);
    expect(refused).toEqual([told]);
    const { denied: all, bytes } = await lease.close();
    expect(bytes).toBe(0);
    expect(all).toEqual([{ ...told, count: 1 }]);
    const again = await open([name]);
    const connect = `CONNECT ${name} HTTP/1.1\r\nConnection: close\r\n\r\n`;
    const answer = say(socket, connect);
    await eventually(() => serverConnection.sockets.length === 1);
    serverConnection.sockets[0]?.destroy();
    expect(outcome(await answer)).toBe("HTTP/1.1 200 Connection Established");
    await again.close();
  });

  it("may come late, go and come back; what needs it is refused in between", async () => {
    const { link, lines, start, socket, open } = await linkTo();
    await expect(open(["a.test"])).rejects.toThrow(EgressUnavailable);
    const first = await start();
    const lease = await open(["a.test"]);
    expect(existsSync(socket)).toBe(true);
    await first.close();
    await eventually(() => !link.up);
    expect(await lease.close()).toEqual({ denied: [], bytes: 0 });
    await expect(open(["a.test"])).rejects.toThrow(/unavailable/);
    await start();
    await (await open(["a.test"])).close();
    expect(lines.filter((line) => line === "The egress proxy is ready")).toHaveLength(2);
    const down = lines.filter((line) => line.includes("nobody listens on its socket"));
    // Tried several times by then, and reported once per loss.
    expect(down.length).toBeLessThanOrEqual(2);
  });

  it("is charged for what was moved before it went, by connections that were open as well", async () => {
    const serverConnection = await startUpstream(cleanup, echo);
    const name = `up.test:${serverConnection.port}`;
    const settings = { hosts: { "up.test": "127.0.0.1" }, private: [name] };
    const { link, start, socket, open } = await linkTo(settings);
    const proxy = await start();
    const lease = await open([name]);
    const connect = async () => {
      const client = new Client(socket);
      client.write(`CONNECT ${name} HTTP/1.1\r\n\r\n`);
      await client.until(/ 200 /);
      client.write("x".repeat(10_000));
      await client.until(/x{10000}/);
      return client;
    };
    const ended = await connect();
    ended.socket.end();
    await ended.closed;
    await connect();
    // The next report of the proxy.
    await sleep(1_200);
    await proxy.close();
    await eventually(() => !link.up);
    expect((await lease.close()).bytes).toBe(40_000);
  });

  it("that does not take the settings is not used", async () => {
    const settings = { hosts: {}, private: ["169.254.169.254:80"] };
    const { link, lines, start, open } = await linkTo(settings);
    await expect(start()).rejects.toThrow("never came true");
    expect(link.up).toBe(false);
    await expect(open(["a.test"])).rejects.toThrow(/BAD_SETTINGS.*metadata/);
    expect(lines).toEqual([expect.stringContaining("nobody"), expect.stringContaining("BAD_SET")]);
  });
});
