import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startEgress } from "../../../egress/start.ts";
import {
  AdminClient,
  Cleanup,
  Client,
  directory,
  echo,
  eventually,
  leaveSocket,
  outcome,
  type StartedProxy,
  say,
  startProxy,
  startUpstream,
} from "../../helpers/egress.ts";
import { ownTime } from "../../helpers/own-time.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function withUpstream(serve = echo) {
  const upstream = await startUpstream(cleanup, serve);
  const name = `up.test:${upstream.port}`;
  const proxy = await startProxy(cleanup, { hosts: { "up.test": "127.0.0.1" }, private: [name] });
  return { upstream, proxy, name, connectText: `CONNECT ${name} HTTP/1.1\r\n\r\n` };
}

async function tunnelThrough(path: string, connectText: string): Promise<Client> {
  const client = new Client(path);
  client.write(connectText);
  await client.until(/ 200 /);
  return client;
}

function openRequest(path: string, over: Record<string, unknown> = {}) {
  const { socket = path, policy = { allow: ["a.example"] }, ...rest } = over;
  return { op: "open", run: "r", tenant: "t", egress: { socket, policy }, ...rest };
}

const databaseAt = (socket: string) => ({ socket, target: {}, limits: {}, timeLeft: 1 });

const code = (answer: Awaited<ReturnType<AdminClient["ask"]>>) =>
  answer.ok ? "ok" : answer.error.code;

describe("open", () => {
  it("is answered once the socket is there for every user", async () => {
    const { proxy, adminSocket } = await fresh();
    const path = await proxy.open(["a.example"]);
    expect((await stat(path)).mode & 0o777).toBe(0o666);
    expect((await stat(adminSocket)).mode & 0o777).toBe(0o600);
    expect(outcome(await say(path, "CONNECT b.example:1 HTTP/1.1\r\n\r\n"))).toBe(
      "HOST_NOT_ALLOWED",
    );
  });

  it("gives each socket its own policy", async () => {
    const { proxy, connectText, name } = await withUpstream();
    const one = await proxy.open([name], "one");
    const two = await proxy.open(["other.example"], "two");
    (await tunnelThrough(one, connectText)).socket.destroy();
    expect(outcome(await say(two, connectText))).toBe("HOST_NOT_ALLOWED");
    const denied = proxy.records.filter(({ code }) => code === "HOST_NOT_ALLOWED");
    expect(denied.map(({ run }) => run)).toEqual(["two"]);
  });

  it("counts the connections to a database, of which the log takes only so many", async () => {
    const { proxy } = await fresh();
    const socket = join(await directory(cleanup), "database.sock");
    const target = {
      hosts: [{ host: "127.0.0.1", port: 1 }],
      user: "u",
      password: "",
      database: "d",
    };
    const database = { socket, target, limits: { rows: 1, bytes: 1 }, timeLeft: 1_000 };
    expect(code(await proxy.admin.ask({ op: "open", run: "r", tenant: "t", database }))).toBe("ok");
    for (let round = 0; round < 2; round += 1) {
      const client = connect(socket, () => client.write(Buffer.from([0, 0, 0, 8, 0, 3, 0, 0])));
      await new Promise((resolve) => client.resume().once("close", resolve));
    }
    expect(proxy.records.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it("takes a run and a socket once", async () => {
    const { proxy, adminSocket } = await fresh();
    const path = await proxy.open(["a.example"], "taken");
    const other = new AdminClient(adminSocket);
    for (const client of [proxy.admin, other]) {
      const sameRun = openRequest(await proxy.slot(), { run: "taken" });
      expect(code(await client.ask(sameRun))).toBe("ALREADY_OPEN");
      expect(code(await client.ask(openRequest(path)))).toBe("ALREADY_OPEN");
    }
    await proxy.admin.close("taken");
    expect(code(await other.ask(openRequest(path, { run: "taken" })))).toBe("ok");
    other.socket.destroy();
  });

  it("replaces the socket of a proxy that was killed, and nothing else", async () => {
    const { proxy } = await fresh();
    const stale = await proxy.slot();
    await leaveSocket(stale);
    expect(code(await proxy.admin.ask(openRequest(stale)))).toBe("ok");
    const file = await proxy.slot();
    await writeFile(file, "precious");
    expect(code(await proxy.admin.ask(openRequest(file, { run: "r2" })))).toBe("LISTEN_FAILED");
    expect(
      code(await proxy.admin.ask(openRequest("/nonexistent/egress.sock", { run: "r3" }))),
    ).toBe("LISTEN_FAILED");
    // A failed request takes nothing.
    expect(code(await proxy.admin.ask(openRequest(await proxy.slot(), { run: "r2" })))).toBe("ok");
  });

  it.each([
    ["a relative path", { socket: "egress.sock" }, "BAD_REQUEST"],
    ["a path with dots", { socket: "/run/../run/egress.sock" }, "BAD_REQUEST"],
    ["another name", { socket: "/run/control.sock" }, "BAD_REQUEST"],
    ["a path with a NUL", { socket: "/run/x\0/egress.sock" }, "BAD_REQUEST"],
    ["a long path", { socket: `/${"a".repeat(100)}/egress.sock` }, "BAD_REQUEST"],
    ["no run", { run: undefined }, "BAD_REQUEST"],
    ["an empty run", { run: "" }, "BAD_REQUEST"],
    ["a run that is no text", { run: 5 }, "BAD_REQUEST"],
    ["no tenant", { tenant: null }, "BAD_REQUEST"],
    ["no policy", { policy: null }, "BAD_REQUEST"],
    ["a database with another socket", { database: databaseAt("/run/egress.sock") }, "BAD_REQUEST"],
    ["a database without a target", { database: { socket: "/run/database.sock" } }, "BAD_REQUEST"],
    ["a list for a policy", { policy: [] }, "BAD_REQUEST"],
    ["no list of hosts", { policy: {} }, "BAD_REQUEST"],
    ["too many hosts", { policy: { allow: Array(257).fill("a.example") } }, "BAD_REQUEST"],
    ["no number of requests", { policy: { allow: [], requests: 0 } }, "BAD_REQUEST"],
    ["too many requests", { policy: { allow: [], requests: 1_000_001 } }, "BAD_REQUEST"],
    ["a host that is no text", { policy: { allow: [1] } }, "BAD_REQUEST"],
    ["a host that is none", { policy: { allow: ["127.1"] } }, "BAD_POLICY"],
  ])("with %s is refused", async (_what, over, expected) => {
    const { proxy } = await fresh();
    const answer = await proxy.admin.ask(openRequest(await proxy.slot(), over));
    expect(answer.id).toBe(1);
    expect(code(answer)).toBe(expected);
  });
});

describe("close", () => {
  it("ends live tunnels at once, removes the socket and tells what there was", async () => {
    const { proxy, connectText, name, upstream } = await withUpstream();
    const path = await proxy.open([name]);
    const clients = [];
    for (let count = 0; count < 3; count += 1) {
      const client = await tunnelThrough(path, connectText);
      client.write("hello");
      await client.until(/hello$/);
      clients.push(client);
    }
    const waiting = new Client(path);
    waiting.write("CONN");
    await say(path, "CONNECT evil.example:443 HTTP/1.1\r\n\r\n");
    await say(path, "CONNECT evil.example:443 HTTP/1.1\r\n\r\n");

    const taken = ownTime();
    const report = await proxy.admin.close("run1");
    await Promise.all([...clients, waiting].map((client) => client.closed));
    expect(taken()).toBeLessThan(200);
    expect(report).toEqual({
      tunnels: 3,
      bytesOut: 15,
      bytesIn: 15,
      denied: [{ kind: "net", value: "evil.example:443", code: "HOST_NOT_ALLOWED", count: 2 }],
      deniedMore: 0,
      unreported: 0,
    });
    expect(existsSync(path)).toBe(false);
    await eventually(() =>
      upstream.sockets.every((socket) => socket.closed || socket.readableEnded),
    );
    expect(code(await proxy.admin.ask({ op: "close", run: "run1" }))).toBe("NOT_OPEN");
  });

  it("ends what is being resolved, and nothing is dialled any more", async () => {
    const upstream = await startUpstream(cleanup, echo);
    let answer = (_addresses: string[]) => {};
    const proxy = await startProxy(cleanup, {
      private: [`slow.test:${upstream.port}`],
      resolver: () => new Promise((resolve) => (answer = resolve)),
    });
    const path = await proxy.open([`slow.test:${upstream.port}`]);
    const client = new Client(path);
    client.write(`CONNECT slow.test:${upstream.port} HTTP/1.1\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await proxy.admin.close("run1");
    answer(["127.0.0.1"]);
    await client.closed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(upstream.sockets).toHaveLength(0);
    expect(proxy.records).toEqual([]);
  });
});

describe("configure", () => {
  it("holds for the runs its connection opens from then on, and for no other's", async () => {
    const upstream = await startUpstream(cleanup, echo);
    const name = `up.test:${upstream.port}`;
    const { proxy, adminSocket } = await fresh();
    const before = await proxy.open([name], "before");
    const settings = { hosts: { "up.test": "127.0.0.1" }, private: [name] };
    expect(code(await proxy.admin.ask({ op: "configure", ...settings }))).toBe("ok");
    const connectText = `CONNECT ${name} HTTP/1.1\r\n\r\n`;
    const after = await tunnelThrough(await proxy.open([name], "after"), connectText);
    after.socket.destroy();
    const other = new AdminClient(adminSocket);
    const elsewhere = await proxy.slot();
    await other.ask(openRequest(elsewhere, { policy: { allow: [name] } }));
    for (const path of [before, elsewhere]) {
      expect(outcome(await say(path, connectText))).toBe("RESOLVE_FAILED");
    }
    other.socket.destroy();
  });

  it.each([
    ["no hosts", { private: [] }, "BAD_REQUEST"],
    ["a list of hosts", { hosts: [], private: [] }, "BAD_REQUEST"],
    ["no list", { hosts: {}, private: "a.test:80" }, "BAD_REQUEST"],
    ["an address that is none", { hosts: { "a.test": 1 }, private: [] }, "BAD_SETTINGS"],
    ["a metadata address", { hosts: {}, private: ["169.254.169.254:80"] }, "BAD_SETTINGS"],
  ])("with %s is refused", async (_what, settings, expected) => {
    const { proxy } = await fresh();
    expect(code(await proxy.admin.ask({ op: "configure", ...settings }))).toBe(expected);
  });
});

describe("an admin connection", () => {
  it.each(["destroy", "end"] as const)("takes its runs along, with %s", async (how) => {
    const { proxy, connectText, name } = await withUpstream();
    const path = await proxy.open([name]);
    const other = new AdminClient(proxy.adminSocket);
    const otherPath = await proxy.slot();
    await other.ask(openRequest(otherPath, { run: "other", policy: { allow: [name] } }));
    const client = await tunnelThrough(path, connectText);
    const stays = await tunnelThrough(otherPath, connectText);
    proxy.admin.socket[how]();
    await client.closed;
    await eventually(() => !existsSync(path));
    await new Promise((resolve) => setTimeout(resolve, 50));
    stays.write("still here");
    await stays.until(/still here$/);
    // The run can be opened again.
    expect(code(await other.ask(openRequest(await proxy.slot(), { run: "run1" })))).toBe("ok");
    stays.socket.destroy();
    other.socket.destroy();
  });

  it("closes no run of another one", async () => {
    const { proxy, adminSocket } = await fresh();
    const path = await proxy.open(["a.example"]);
    const other = new AdminClient(adminSocket);
    expect(code(await other.ask({ op: "close", run: "run1" }))).toBe("NOT_OPEN");
    expect(existsSync(path)).toBe(true);
    other.socket.destroy();
  });

  it("answers in the order it was asked, and says of nonsense that it is", async () => {
    const { proxy } = await fresh();
    const { admin } = proxy;
    const answers = await Promise.all([
      admin.askRaw('{"id":7,"op":"configure","hosts":{},"private":[]}'),
      admin.askRaw("nonsense"),
      admin.askRaw("[]"),
      admin.askRaw('{"op":"close","run":"r"}'),
      admin.askRaw('{"id":8,"op":"reboot"}'),
      admin.askRaw('{"id":9,"op":"configure","hosts":{},"private":[]}'),
    ]);
    expect(answers.map((answer) => [answer.id, code(answer)])).toEqual([
      [7, "ok"],
      [null, "BAD_REQUEST"],
      [null, "BAD_REQUEST"],
      [null, "BAD_REQUEST"],
      [8, "BAD_REQUEST"],
      [9, "ok"],
    ]);
  });

  it("ends with a line that does not", async () => {
    const { proxy } = await fresh();
    const path = await proxy.open(["a.example"]);
    const closed = new Promise((resolve) => proxy.admin.socket.once("close", resolve));
    proxy.admin.socket.write(Buffer.alloc(600_000, "x"));
    await closed;
    await eventually(() => !existsSync(path));
  });

  it("is told of decisions and ends, but not flooded", async () => {
    const { proxy } = await fresh();
    const path = await proxy.open(["a.example"]);
    for (let count = 0; count < 250; count += 1) {
      await say(path, `CONNECT evil${count % 120}.example:443 HTTP/1.1\r\n\r\n`);
    }
    const report = await proxy.admin.close("run1");
    expect(proxy.records).toHaveLength(250);
    expect(proxy.admin.events).toHaveLength(200);
    expect(report.unreported).toBe(50);
    expect(report.denied).toHaveLength(100);
    const counted = report.denied.reduce((sum, { count }) => sum + count, 0);
    expect(counted + report.deniedMore).toBe(250);
    expect(proxy.admin.events[0]).toEqual({
      event: "decision",
      run: "run1",
      tenant: "default",
      host: "evil0.example",
      port: 443,
      address: null,
      verdict: "denied",
      code: "HOST_NOT_ALLOWED",
    });
  });
});

describe("a proxy", () => {
  it("does not start beside another one, and does after one that was killed", async () => {
    const { adminSocket } = await fresh();
    await expect(startEgress({ adminSocket })).rejects.toThrow(/Another proxy listens/);
    const stale = `${await directory(cleanup)}/admin.sock`;
    await leaveSocket(stale);
    const egress = await startEgress({ adminSocket: stale });
    await egress.close();
    expect(existsSync(stale)).toBe(false);
  });

  it.each([
    { private: ["169.254.169.254:80"] },
    { private: ["[fd00:ec2::254]:80"] },
    { private: ["[::ffff:169.254.169.254]:80"] },
    { private: ["168.63.129.16:80"] },
    { hosts: { "innocent.test": "169.254.169.254" } },
    { hosts: { "innocent.test": "fe80::1" } },
  ])("does not start with %j", async (options) => {
    const adminSocket = `${await directory(cleanup)}/admin.sock`;
    await expect(startEgress({ adminSocket, ...options })).rejects.toThrow(/metadata/);
    expect(existsSync(adminSocket)).toBe(false);
  });

  it.each([
    { private: ["no-port.test"] },
    { private: ["*:80"] },
    { hosts: { "127.0.0.1": "127.0.0.1" } },
    { hosts: { "a.test": "127.1" } },
    { hosts: { "a_b.test": "127.0.0.1" } },
  ])("does not start with %j either", async (options) => {
    const adminSocket = `${await directory(cleanup)}/admin.sock`;
    await expect(startEgress({ adminSocket, ...options })).rejects.toThrow(/^(?:private|hosts): /);
  });
});

async function fresh(): Promise<{ proxy: StartedProxy; adminSocket: string }> {
  const proxy = await startProxy(cleanup);
  return { proxy, adminSocket: proxy.adminSocket };
}
