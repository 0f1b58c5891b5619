import { createServer as createHttp, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server as TcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import { callbackTarget } from "../../../../server/callbacks/callback-url.ts";
import { deliver } from "../../../../server/callbacks/deliver.ts";
import { nextTry } from "../../../../server/callbacks/schedule.ts";
import { callbackSecret } from "../../../../server/callbacks/secret.ts";
import { CallbackSender } from "../../../../server/callbacks/sender.ts";
import type { Jobs } from "../../../../server/store/contract/jobs.ts";
import { classify } from "../../../../src/destinations/address-class.ts";
import type { OperatorRules } from "../../../../src/destinations/admit.ts";
import { readOperatorRules } from "../../../../src/destinations/operator-rules.ts";
import { certificateFor } from "../../../helpers/certificate.ts";

const SECRET = callbackSecret(Buffer.alloc(32, 7), { id: "acme", since: 1 });
const servers: (Server | TcpServer)[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function groundWith(privates: string[], answers: Record<string, string[]> = {}): OperatorRules {
  const lookup = async (name: string): Promise<string[]> => answers[name] ?? [];
  return readOperatorRules({ hosts: {}, private: privates, lookup, classify });
}

function post(url: string, operatorRules: OperatorRules, timeout?: number): Promise<number> {
  const delivery = { url, tenant: "acme", id: "id 1", body: '{"text":"Grüße"}', secret: SECRET };
  return deliver(delivery, { operatorRules, ...(timeout && { timeout }) });
}

describe("a sender of callbacks", () => {
  it("leaves what hangs when its server does", async () => {
    const claimCallbacks = async () => [
      { id: "1", tenant: "acme", callback: "https://a.example", tries: 1 },
    ];
    const store = { claimCallbacks, notified: () => new Promise(() => {}) } as unknown as Jobs;
    const callerOf = async () => undefined;
    const secretKey = Buffer.alloc(32, 7);
    const onError = () => {};
    const sender = new CallbackSender({
      store,
      owner: "server",
      operatorRules: groundWith([]),
      callerOf,
      secretKey,
      onError,
    });
    sender.start();
    await sleep(20);
    await sender.close(50);
  }, 2_000);
});

describe("deliver()", () => {
  it("posts a body that the receiver can verify", async () => {
    const got: { request: IncomingMessage; body: string }[] = [];
    const port = await listen(
      createHttp(async (request, response) => {
        let body = "";
        for await (const chunk of request.setEncoding("utf8")) body += chunk;
        got.push({ request, body });
        response.writeHead(204).end();
      }),
    );
    const operatorRules = groundWith([`127.0.0.1:${port}`]);
    expect(await post(`http://127.0.0.1:${port}/hook?a=1#part`, operatorRules)).toBe(204);
    const [{ request, body }] = got as [(typeof got)[0]];
    expect(request).toMatchObject({ method: "POST", url: "/hook?a=1" });
    const headers = request.headers as Record<string, string>;
    expect(headers).toMatchObject({ "content-type": "application/json", "webhook-id": "id 1" });
    expect(new Webhook(SECRET).verify(body, headers)).toEqual({ text: "Grüße" });
    for (const tenant of [{ id: "other", since: 1 }, { id: "acme", since: 2 }, { id: "acme" }]) {
      const other = new Webhook(callbackSecret(Buffer.alloc(32, 7), tenant));
      expect(() => other.verify(body, headers)).toThrow("No matching signature");
    }
  });

  it("takes a redirect for an answer, and reads none to its end", async () => {
    const asked: unknown[] = [];
    const port = await listen(
      createHttp((request, response) => {
        asked.push(request.url);
        response.writeHead(302, { Location: "/elsewhere" });
        response.write("x".repeat(100_000));
      }),
    );
    expect(await post(`http://127.0.0.1:${port}/`, groundWith([`127.0.0.1:${port}`]))).toBe(302);
    expect(asked).toEqual(["/"]);
  });

  it.each([
    [
      "a change of protocol",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
      101,
    ],
    ["no answer but the end", "", "hang up"],
    ["interim answers alone", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(3), "hang up"],
  ])(
    "settles for %s",
    async (_what, answer, expected) => {
      const port = await listen(
        createTcp((socket) => {
          socket.on("error", () => {}).once("data", () => socket.end(answer));
        }),
      );
      const posted = post(`http://127.0.0.1:${port}/`, groundWith([`127.0.0.1:${port}`]));
      if (typeof expected === "number") expect(await posted).toBe(expected);
      else await expect(posted).rejects.toThrow(expected);
    },
    5_000,
  );

  it("gives up on a receiver that says nothing", async () => {
    const port = await listen(createHttp(() => {}));
    const operatorRules = groundWith([`127.0.0.1:${port}`]);
    await expect(post(`http://127.0.0.1:${port}/`, operatorRules, 100)).rejects.toThrow("aborted");
  });

  it("speaks TLS to the name it was given, at the address that was checked", async () => {
    const certificate = certificateFor("hooks.example");
    const names: unknown[] = [];
    const server = createHttps(certificate, (request, response) => {
      names.push(request.headers.host);
      response.end();
    });
    const port = await listen(server);
    const private_ = [`hooks.example:${port}`, `other.example:${port}`];
    const operatorRules = groundWith(private_, {
      "hooks.example": ["127.0.0.1"],
      "other.example": ["127.0.0.1"],
    });
    const options = { operatorRules, ca: certificate.cert };
    const delivery = { tenant: "acme", id: "1", body: "{}", secret: SECRET };
    const url = `https://hooks.example:${port}/`;
    expect(await deliver({ ...delivery, url }, options)).toBe(200);
    expect(names).toEqual([`hooks.example:${port}`]);
    const other = { ...delivery, url: `https://other.example:${port}/` };
    await expect(deliver(other, options)).rejects.toThrow("does not match");
    await expect(deliver({ ...delivery, url }, { operatorRules })).rejects.toThrow("self-signed");
  });

  it.each([
    ["the loopback", "https://name.example/", ["127.0.0.1"]],
    ["a private address", "https://name.example/", ["10.0.0.8"]],
    ["a metadata service", "https://name.example/", ["169.254.169.254"]],
    ["a public address and a private one", "https://name.example/", ["93.184.216.34", "::1"]],
    ["an address by number", "https://127.0.0.1/", []],
    ["an address in another spelling", "https://0x7f.1/", []],
    ["an IPv6 address that holds another", "https://[::ffff:10.0.0.1]/", []],
    ["nothing", "https://name.example/", []],
  ])("dials nothing for a name that leads to %s", async (_what, url, answers) => {
    const operatorRules = groundWith([], { "name.example": answers });
    await expect(post(url, operatorRules)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ADDRESS_NOT_ALLOWED|METADATA_ADDRESS|RESOLVE_FAILED)$/),
    });
  });
});

describe("callbackTarget()", () => {
  const operatorRules = groundWith(["localhost:9000"]);

  it.each([
    ["https://hooks.example/a?b=c", "https://hooks.example/a?b=c"],
    ["https://hooks.example:8443", "https://hooks.example:8443/"],
    ["http://localhost:9000/x#y", "http://localhost:9000/x"],
  ])("reads %s", (text, url) => {
    expect(callbackTarget(text, operatorRules).url.href).toBe(url);
  });

  it.each([
    "",
    "hooks.example",
    "/hook",
    "ftp://hooks.example/",
    "file:///etc/passwd",
    "http://hooks.example/",
    "http://localhost:9001/",
    "https://user:password@hooks.example/",
    "https://user@hooks.example/",
    "https://under_score.example/",
    `https://hooks.example/${"x".repeat(2_048)}`,
  ])("refuses %j", (text) => {
    expect(() => callbackTarget(text, operatorRules)).toThrow(
      expect.objectContaining({ name: "BadRequest", field: "callback" }),
    );
  });
});

describe("nextTry()", () => {
  it("tries for a day, and then no more", () => {
    let total = 0;
    let tries = 1;
    for (let next = nextTry(tries, 500); next !== null; next = nextTry(tries, undefined)) {
      expect(next).toBeGreaterThan(0);
      total += next;
      tries += 1;
    }
    expect(tries).toBe(9);
    const hours = total / 3_600_000;
    expect(hours).toBeGreaterThan(20);
    expect(hours).toBeLessThanOrEqual(24);
  });

  it.each([200, 204, 299, 410])("ends with an answer of %i", (status) => {
    expect(nextTry(1, status)).toBeNull();
  });

  it.each([undefined, 101, 301, 404, 429, 503])("goes on after %s", (status) => {
    expect(nextTry(1, status)).not.toBeNull();
  });
});
