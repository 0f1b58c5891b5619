/**
 * Tests raw connections and WebSockets to granted targets. Each protection against other targets is
 * tested alone, and each attack succeeds without it.
 */
import { createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobGrants } from "../../src/engines/contract/contract.ts";
import { withTunnels } from "../../src/protocol/tunnels.ts";
import { until } from "../contract/engine-contract.ts";
import { certificateFor } from "../helpers/certificate.ts";
import { Cleanup, listenLocally, startUpstream, type Upstream } from "../helpers/egress.ts";
import { startWebSocket } from "../helpers/web-socket.ts";
import { type EgressSite, grants as jobGrants, type Runner } from "./egress-site.ts";
import { openLoopbackSite } from "./loopback-site.ts";

const cleanup = new Cleanup();
let server: Upstream;
/** Address of that server as `host:port`. Next: of one with TLS, and of one with WebSocket. */
let target: string;
let secure: string;
let socket: string;
let certificate: string;
let site: EgressSite;
/** Address of a server that no job is granted, and the paths that reached it. */
let evil: string;
let reached: string[];
beforeAll(async () => {
  server = await startUpstream(cleanup, (client) => {
    client.once("data", (first: Buffer) => {
      if (first.toString().startsWith("end")) client.end("over");
      else client.write(first);
      client.on("data", (chunk: Buffer) => client.writable && client.write(chunk));
      client.on("end", () => client.end(" and after"));
    });
  });
  target = `up.example:${server.port}`;
  socket = `up.example:${await startWebSocket(cleanup)}`;
  secure = `up.example:${await startTls()}`;
  const ports = [target, secure, socket].map((address) => Number(address.split(":")[1]));
  ({ site, evil, reached } = await openLoopbackSite(cleanup, ports));
});
afterAll(() => cleanup.run());

/** Starts a server that echoes, with a certificate for `up.example`. */
async function startTls(): Promise<number> {
  const { key, cert } = certificateFor("up.example");
  certificate = cert;
  const tls = createServer({ key, cert }, (client) => {
    client.on("error", () => {}).pipe(client);
  });
  cleanup.add(() => tls.close());
  return listenLocally(tls);
}

/** Makes the grants of a job: hosts for its Worker, and hosts for the proxy. */
function grants(net: readonly string[], egress: readonly string[] = net): JobGrants {
  return jobGrants(withTunnels(net), egress);
}

/** Makes code that tries something with a host and port. It returns the result or the error. */
const attempt = (destination: string, body: string): string => `
  const [hostname, port] = [${JSON.stringify(destination.split(":")[0])}, ${destination.split(":")[1]}];
  const connect = (to = { hostname, port }) => Deno.connect(to);
  const say = (connection, text) => connection.write(new TextEncoder().encode(text));
  const hear = async (connection) => {
    const bytes = new Uint8Array(1000);
    const count = await connection.read(bytes);
    return count && new TextDecoder().decode(bytes.subarray(0, count));
  };
  const all = async (connection) => {
    let text = "";
    for (let more; (more = await hear(connection)) !== null; ) text += more;
    return text;
  };
  export default async () => {
    try { ${body} } catch (error) { return error.name + ": " + error.message }
  };`;

const GET = `const connection = await connect();
  await say(connection, "GET /raw HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n");
  return all(connection)`;

/** Returns the code's result. */
async function result(
  runner: Runner,
  granted: JobGrants | undefined,
  code: string,
): Promise<unknown> {
  const { ending } = await site.run(runner, granted, code);
  if (ending.type !== "result") throw new Error(JSON.stringify(ending));
  return JSON.parse(ending.text ?? "null");
}

describe("a raw connection to a granted target", () => {
  it("is one of the runtime's, streams both ways, and goes on after the code has ended its side", async () => {
    const body = `const connection = await connect({ hostname: hostname.toUpperCase(), port });
      await say(connection, "one ");
      const first = await hear(connection);
      const body = new Blob(["two".repeat(1e5)]).stream();
      await body.pipeTo(connection.writable, { preventClose: true });
      await connection.closeWrite();
      const rest = await all(connection);
      return [first, rest.length, rest.slice(-13), connection.constructor.name]`;
    const texts = await result("real", grants([target]), attempt(target, body));
    expect(texts).toEqual(["one ", 3e5 + 10, "two and after", "TcpConn"]);
  });

  it("goes on after the target has ended its side", async () => {
    const body = `const connection = await connect();
      await say(connection, "end");
      const said = await all(connection);
      await say(connection, "still here");
      connection.close();
      return said`;
    expect(await result("real", grants([target]), attempt(target, body))).toBe("over");
    await until(() => server.received().includes("still here"));
  });

  it("can be made a TLS connection, from the start or later", async () => {
    const options = `{ hostname, port, caCerts: [${JSON.stringify(certificate)}] }`;
    const body = `const texts = [];
      const raw = await connect();
      for (const open of [() => Deno.connectTls(${options}), () => Deno.startTls(raw, ${options})]) {
        const connection = await open();
        await say(connection, "secret");
        texts.push(await hear(connection), connection.constructor.name);
        connection.close();
      }
      texts.push(await Deno.connectTls({ ...${options}, cert: "", key: "" }).catch((e) => e.name));
      return texts`;
    const texts = await result("real", grants([secure]), attempt(secure, body));
    expect(texts).toEqual(["secret", "TlsConn", "secret", "TlsConn", "NotSupported"]);
  });

  it("is made by node:net, and ends without a byte if the proxy refuses it", async () => {
    const refused = `up.example:${evil.split(":")[1]}`;
    const code = `
      import net from "node:net";
      const talk = (...to) => new Promise((resolve) => {
        let text = "";
        const socket = net.connect(...to, () => socket.end("hello"));
        socket.on("data", (bytes) => { text += bytes; });
        socket.on("close", () => resolve(text)).on("error", () => {});
      });
      export default async ([host, port, refused]) => [
        await talk(port, host.toUpperCase()), await talk({ host, port: String(port) }), await talk(refused, host),
      ];`;
    const input = ["up.example", server.port, Number(evil.split(":")[1])];
    const wide = grants([target, refused], [target]);
    const { ending, denied } = await site.run("real", wide, code, input);
    const echoed = "hello and after";
    expect(ending).toMatchObject({ text: JSON.stringify([echoed, echoed, ""]) });
    expect(denied).toMatchObject([{ value: refused, by: "egress", code: "PORT_NOT_ALLOWED" }]);
    expect(reached).toEqual([]);
  });

  it("can be given up", async () => {
    const opened = server.sockets.length;
    const body = `for (;;) (await Deno.connect({ hostname, port, signal: AbortSignal.timeout(500) })).close()`;
    const outcome = result("real", grants([target]), attempt(target, body));
    await until(() => server.sockets.length > opened);
    const resume = await site.pauseProxy();
    // The proxy is needed again for the end of the job.
    setTimeout(() => void resume(), 2_000);
    expect(await outcome).toMatch(/^TimeoutError: /);
  });
});

describe("a raw connection elsewhere", () => {
  const elsewhere = (): string[] => [evil, `up.example:${evil.split(":")[1]}`];

  it.each([0, 1])("is refused by the Worker alone: %j", async (index) => {
    const destination = elsewhere()[index] ?? "";
    const wide = grants([target], [target, ...elsewhere()]);
    const text = await result("real", wide, attempt(destination, GET));
    expect(text).toMatch(`NotCapable: Requires net access to "${destination}"`);
    expect(reached).toEqual([]);
  });

  it.each([0, 1])("is refused by the proxy alone, at once and by name: %j", async (index) => {
    const destination = elsewhere()[index] ?? "";
    // The best of three must be below 100 ms, because a busy machine delays any one of them.
    const body = `let best = Infinity, error;
      for (let round = 0; round < 3; round += 1) {
        const since = performance.now();
        error = await connect().then(() => "connected", (thrown) => thrown);
        best = Math.min(best, performance.now() - since);
      }
      return [best < 100, error instanceof Deno.errors.ConnectionRefused, error.message]`;
    const wide = grants([target, ...elsewhere()], [target]);
    const { ending, denied } = await site.run("real", wide, attempt(destination, body));
    const code = ["HOST_NOT_ALLOWED", "PORT_NOT_ALLOWED"][index];
    const message = `The egress proxy refused ${destination}: ${code}`;
    expect(ending).toMatchObject({ text: JSON.stringify([true, true, message]) });
    expect(denied).toEqual([{ kind: "net", value: destination, by: "egress", code, count: 3 }]);
    expect(reached).toEqual([]);
  });

  it("is not to be had by a tunnel: what is said there goes to its target", async () => {
    const request = `CONNECT ${evil} HTTP/1.1\r\nHost: ${evil}\r\n\r\n`;
    const body = `const connection = await connect({ port: 61000 });
      await connection.write(Uint8Array.of(1));
      const status = await connection.read(new Uint8Array(1));
      await say(connection, ${JSON.stringify(request)});
      await connection.closeWrite();
      const texts = [status, await all(connection)];
      for (const port of [3128, 61001, 61511]) {
        texts.push(await connect({ port }).catch((error) => error.name));
      }
      return texts`;
    const wide = grants([target], [target, evil]);
    const texts = await result("real", wide, attempt(target, body));
    expect(texts).toEqual([1, `${request} and after`, ...Array(3).fill("NotCapable")]);
    expect(reached).toEqual([]);
  });

  it("finds nothing that listens where no host is granted, also after a job with some", async () => {
    const body = "return connect({ port: 61000 }).then(() => 'open', (error) => error.message)";
    const code = attempt(target, body);
    const texts: unknown[] = [];
    for (const given of [undefined, grants([target]), undefined, jobGrants([target], null)]) {
      texts.push(await result("open", given, code));
    }
    const nothing = expect.stringMatching(/^Connection refused/);
    expect(texts).toEqual([nothing, "open", nothing, nothing]);
  });

  it.each([0, 1])("would succeed with neither: %j", async (index) => {
    const destination = elsewhere()[index] ?? "";
    const text = await result("real", grants(elsewhere()), attempt(destination, GET));
    expect(text).toContain("reached /raw");
    expect(reached.splice(0)).toEqual(["/raw"]);
  });
});

describe("a WebSocket", () => {
  const talk = `return await new Promise((resolve) => {
      const ws = new WebSocket("ws://" + hostname + ":" + port + "/chat");
      const texts = [];
      ws.onopen = () => ws.send("first");
      ws.onmessage = ({ data }) => {
        texts.push(data);
        if (texts.length === 1) ws.send("second");
        else ws.close();
      };
      ws.onerror = ({ message }) => resolve(message);
      ws.onclose = () => resolve(texts);
    })`;

  it("speaks with a granted host", async () => {
    const texts = await result("real", grants([socket]), attempt(socket, talk));
    expect(texts).toEqual(["FIRST", "SECOND"]);
  });

  it("is refused by the Worker alone, and by the proxy alone", async () => {
    const code = attempt(evil, talk);
    const worker = await result("real", grants([socket], [socket, evil]), code);
    expect(worker).toMatch(/^NotCapable: /);
    const { ending, denied } = await site.run("real", grants([evil], [socket]), code);
    expect(ending).toMatchObject({ text: expect.stringContaining("403") });
    expect(denied).toMatchObject([{ value: evil, code: "HOST_NOT_ALLOWED" }]);
    expect(reached).toEqual([]);
  });
});

describe("a sandbox that is used again", () => {
  /** Leaves a connection, a request and a WebSocket open. */
  const leave = `export default async ({ hostname, port, web }) => {
    globalThis.left = await Deno.connect({ hostname, port });
    await left.write(new TextEncoder().encode("left"));
    await left.read(new Uint8Array(9));
    globalThis.all = [fetch("http://" + hostname + ":" + port), new WebSocket("ws://" + web)];
    return 1 }`;
  const speak = `export default async ({ hostname, port }) => {
    const found = Deno.connect({ hostname, port }).then(async (connection) => {
      await connection.write(new TextEncoder().encode("new"));
      const bytes = new Uint8Array(9);
      return new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes)));
    });
    return await found.catch(({ name }) => name) }`;

  it("closes its ways out, and opens those of the next grant alone", async () => {
    const [hostname, port] = target.split(":") as [string, string];
    const input = { hostname, port: Number(port), web: socket };
    const run = async (granted: JobGrants | undefined, code: string): Promise<unknown> => {
      const { ending } = await site.run("real", granted, code, input);
      return ending.type === "result" ? JSON.parse(ending.text ?? "null") : ending;
    };
    site.reuses = true;
    try {
      // A sandbox that is cleaned up too slowly ends, and shows nothing.
      for (let round = 1, reused = 0; reused !== 3; round += 1) {
        expect(round).toBeLessThan(6);
        await site.dropUsed();
        const before = site.reused;
        expect(await run(grants([target, socket]), leave)).toBe(1);
        expect(await run(grants([target]), speak)).toBe("new");
        expect(await run(undefined, speak)).toBe("NotCapable");
        // The proxy lets it reach another target alone.
        expect(await run(grants([target], [evil]), speak)).not.toBe("new");
        reused = site.reused - before;
      }
    } finally {
      site.reuses = false;
      await site.dropUsed();
    }
  });
});
