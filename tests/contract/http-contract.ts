import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Aborted } from "../../src/base/errors.ts";
import type { Engine, ExecuteOptions, Outcome } from "../../src/engines/contract/contract.ts";
import type { HttpReceiver } from "../../src/engines/contract/http-delivery.ts";
import { HTTP_LIMITS, type HttpJob, type ResponseHead } from "../../src/protocol/http.ts";
import { provedElsewhere } from "./case-choice.ts";
import { job, PROFILE, SHARED, until } from "./engine-contract.ts";

/** Keeps a response. It takes the parts at once, or when a test tells it to. */
class Keeper implements HttpReceiver {
  heads: ResponseHead[] = [];
  parts: string[] = [];
  bytes = 0;
  ends = 0;
  hold = false;
  #held: (() => void)[] = [];

  onHead(head: ResponseHead): void {
    this.heads.push(head);
  }

  onChunk(bytes: Uint8Array): Promise<void> {
    this.parts.push(Buffer.from(bytes).toString());
    this.bytes += bytes.length;
    return this.hold ? new Promise((resolve) => this.#held.push(resolve)) : Promise.resolve();
  }

  onEnd(): void {
    this.ends += 1;
  }

  release(): void {
    this.hold = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  get body(): string {
    return this.parts.join("");
  }
}

interface Asked extends Partial<HttpJob> {
  readonly body?: Uint8Array;
  readonly entry?: string;
  readonly options?: Partial<ExecuteOptions>;
}

/** Code whose answer depends on the request's path, so that one sandbox serves all cases. */
const CHOICE = `
const after = (pull) => () => new Response(new ReadableStream({
  start: (stream) => stream.enqueue(new Uint8Array([65])), pull,
}, { highWaterMark: 0 }));
const ways = {
  none: () => new Response(null, { status: 204 }),
  empty: () => new Response(""),
  error: () => new Response("abc", { status: 599 }),
  object: () => ({ status: 200 }),
  nothing: () => {},
  network: () => Response.error(),
  headers: () => new Response("", { headers: Array.from({ length: 101 }, (_, n) => ["x-" + n, "v"]) }),
  header: () => new Response("", { headers: { x: "v".repeat(17_000) } }),
  throw: () => { throw new RangeError("mine") },
  fail: after((stream) => stream.error(new RangeError("mine"))),
  text: after((stream) => stream.enqueue("text")),
  // Throws when the head has long been on its way.
  callback: after(() => { setTimeout(() => { throw new Error("x") }, 100) }),
};
export const get = async (request) => ways[new URL(request.url).pathname.slice(1)]();`;

const ENDLESS = `export default () => new Response(new ReadableStream({
  pull: (stream) => stream.enqueue(new Uint8Array(60_000)),
}))`;
const SILENT = `export default () => new Response(new ReadableStream({
  start: (stream) => stream.enqueue(new TextEncoder().encode("begun")),
}))`;

/**
 * Tests jobs that answer an HTTP request, on every engine. `shared`: in new workers of a tenant's kept sandboxes. `sampled`:
 * a further way to the same runner, for which another engine proves the rest.
 */
export function httpContract(
  name: string,
  open: () => Promise<Engine>,
  { shared = false, sampled = false } = {},
): void {
  const further = provedElsewhere(sampled);
  describe(`${name} engine's responses`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    function serve(code: string, keeper: Keeper, asked: Asked = {}): Promise<Outcome> {
      const { body, options, entry, ...request } = asked;
      const http: HttpJob = {
        method: "GET",
        url: "http://host.example/f/a/b?c=d",
        headers: [],
        maxBytes: 1_000_000,
        ...request,
      };
      return engine.execute(
        { ...job(code, undefined, entry), httpRequest: http, ...(body && { attachments: [body] }) },
        {
          profile: PROFILE,
          timeout: 20_000,
          responseReceiver: keeper,
          ...(shared && SHARED),
          ...options,
        },
      );
    }

    function choose(path: string, keeper: Keeper, asked: Asked = {}): Promise<Outcome> {
      const options = { reuse: { key: `${name}-choice` } };
      const url = `http://host.example/${path}`;
      return serve(CHOICE, keeper, { entry: "get", url, options, ...asked });
    }

    it("calls the entry with a Request, and gives its Response", async () => {
      const keeper = new Keeper();
      const code = `export default async (request, context, ...rest) => {
        console.log(request instanceof Request, typeof context.waitUntil, rest.length);
        const { method, url, headers } = request;
        const seen = [method, url, headers.get("x-mine"), headers.get("cookie"), await request.text()];
        return Response.json(seen, { status: 201, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
      }`;
      const outcome = await serve(code, keeper, {
        method: "PUT",
        headers: [
          ["X-Mine", "one"],
          ["x-mine", "two"],
          ["cookie", "k=v"],
        ],
        body: Buffer.from("Grüße"),
      });
      expect(outcome).toMatchObject({ status: "ok", logs: [{ message: "true function 0" }] });
      expect(outcome).not.toHaveProperty("result");
      expect(keeper.heads).toEqual([
        {
          status: 201,
          headers: [
            ["content-type", "application/json"],
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
            ["content-length", `${Buffer.byteLength(keeper.body)}`],
          ],
        },
      ]);
      const url = "http://host.example/f/a/b?c=d";
      expect(JSON.parse(keeper.body)).toEqual(["PUT", url, "one, two", "k=v", "Grüße"]);
    });

    further.each([
      ["no body", "none", "GET", [204, "", undefined]],
      ["an empty body", "empty", "GET", [200, "", "0"]],
      ["no body to HEAD", "error", "HEAD", [599, "", "3"]],
      ["status 599", "error", "DELETE", [599, "abc", "3"]],
    ])("gives %s, and its length", async (_what, path, method, expected) => {
      const keeper = new Keeper();
      const outcome = await choose(path, keeper, { method });
      expect(outcome.status).toBe("ok");
      const [head] = keeper.heads;
      const length = head?.headers.find(([header]) => header === "content-length")?.[1];
      expect([head?.status, keeper.body, length]).toEqual(expected);
    });

    it("streams the body as it is made, also to a code that is called again", async () => {
      const code = `let calls = 0; const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        export default () => new Response(new ReadableStream({
          async start(stream) {
            for (const part of [++calls, "b", "c"]) { stream.enqueue(new TextEncoder().encode(part)); await wait(150); }
            stream.close();
          },
        }))`;
      for (const calls of [1, 2]) {
        const keeper = new Keeper();
        const options = { reuse: { key: `${name}-stream` } };
        const running = serve(code, keeper, { options });
        await until(() => keeper.body === `${calls}`);
        expect((await running).status).toBe("ok");
        expect(keeper.parts).toEqual([`${calls}`, "b", "c"]);
      }
    });

    it("has code wait until its response is taken", async () => {
      const keeper = new Keeper();
      keeper.hold = true;
      const code = `export default () => {
        let left = 20;
        return new Response(new ReadableStream({
          pull(stream) {
            console.log(left);
            stream.enqueue(new Uint8Array(40_000));
            if (--left === 0) stream.close();
          },
        }));
      }`;
      const running = serve(code, keeper);
      await until(() => keeper.bytes >= 200_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(keeper.bytes).toBeLessThanOrEqual(HTTP_LIMITS.window);
      keeper.release();
      const { status, logs } = await running;
      expect([status, keeper.bytes, logs.length]).toEqual(["ok", 800_000, 20]);
    });

    further("cuts a large part into smaller ones, and leaves it to its code", async () => {
      const keeper = new Keeper();
      const code = `const part = new Uint8Array(300_000).fill(65);
        export default () => new Response(new ReadableStream({
          start(stream) { stream.enqueue(part.subarray(1)); stream.enqueue(part.subarray(299_999)); stream.close(); },
        }))`;
      expect((await serve(code, keeper)).status).toBe("ok");
      expect(keeper.body).toBe("A".repeat(300_000));
    });

    further(
      "keeps the this of an object with fetch, and waits for work announced to it",
      async () => {
        const keeper = new Keeper();
        const code = `class App { #ended = false;
        fetch(request, env, { waitUntil }) {
          waitUntil(new Promise((done) => setTimeout(done, 50)).then(() => console.log(this.#ended = true)));
          return new Response("begun " + this.#ended);
        } }
      export default new App();`;
        const outcome = await serve(code, keeper);
        expect(outcome).toMatchObject({ status: "ok", logs: [{ message: "true" }] });
        expect([keeper.body, keeper.ends]).toEqual(["begun false", 1]);
      },
    );

    further("calls a handler of Node's", async () => {
      const keeper = new Keeper();
      const code = `export default async function handler(req, res) {
        const parts = []; for await (const part of req) parts.push(part);
        res.statusCode = 201; res.setHeader("X-A", ["1", "2"]);
        res.write(req.method + req.url + req.headers["x-b"]); res.end(Buffer.concat(parts));
      }`;
      const headers = [["x-b", "3"]] as const;
      const outcome = await serve(code, keeper, { method: "PUT", headers, body: Buffer.from("é") });
      expect(outcome.status).toBe("ok");
      expect(keeper.body).toBe("PUT/f/a/b?c=d3é");
      expect(keeper.heads).toEqual([{ status: 201, headers: [["x-a", "1, 2"]] }]);
    });

    further.each([
      [
        "returns something else",
        "object",
        "ResponseError",
        /^Entry "get" returned an object, and no Response/,
      ],
      ["returns nothing", "nothing", "ResponseError", /returned nothing, and no Response/],
      [
        "returns an error of the network",
        "network",
        "ResponseError",
        /Response\.error\(\) cannot be sent/,
      ],
      ["sets too many headers", "headers", "ResponseError", /100 headers/],
      ["sets headers that are too long", "header", "ResponseError", /16384 characters/],
      ["throws", "throw", "RangeError", /^mine$/],
    ])("fails without a head if code %s", async (_how, path, fault, message) => {
      const keeper = new Keeper();
      const outcome = await choose(path, keeper);
      expect(outcome).toMatchObject({ status: "error", fault: { name: fault } });
      expect(outcome.fault?.message).toMatch(message);
      expect(keeper.heads).toEqual([]);
    });

    further.each([
      ["its stream fails", "fail", "RangeError", /^mine$/],
      ["it streams texts", "text", "ResponseError", /no Uint8Array/],
      ["a callback throws", "callback", "Error", /^x$/],
    ])("fails behind the head if %s", async (_how, path, fault, message) => {
      const keeper = new Keeper();
      const outcome = await choose(path, keeper);
      expect(outcome).toMatchObject({ status: "error", fault: { name: fault } });
      expect(outcome.fault?.message).toMatch(message);
      expect(keeper.heads).toHaveLength(1);
    });

    it("ends a response that is too long", async () => {
      const keeper = new Keeper();
      const outcome = await serve(ENDLESS, keeper, { maxBytes: 150_000 });
      const fault = { name: "OutputLimitError", message: "The response exceeds 150000 bytes" };
      expect(outcome).toMatchObject({ status: "error", fault });
      expect(keeper.bytes).toBe(120_000);
    });

    it("counts the whole response against the timeout", async () => {
      const keeper = new Keeper();
      await until(() => engine.status().warm > 0);
      const outcome = await serve(SILENT, keeper, { options: { timeout: 1_000 } });
      expect(outcome).toMatchObject({ status: "timeout", fault: { name: "TimeoutError" } });
      expect(keeper.body).toBe("begun");
    });

    it("ends the sandbox when its caller goes away, and tells of nothing any more", async () => {
      const caller = new AbortController();
      const keeper = new Keeper();
      const running = serve(ENDLESS, keeper, {
        maxBytes: 1e12,
        options: { signal: caller.signal },
      });
      const refused = expect(running).rejects.toBeInstanceOf(Aborted);
      await until(() => keeper.bytes > 500_000);
      caller.abort();
      await refused;
      const { bytes } = keeper;
      await until(() => engine.status().leased === 0);
      expect(keeper.bytes).toBe(bytes);
    });
  });
}
