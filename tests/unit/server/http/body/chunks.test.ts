import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../../../../server/app.ts";
import { readBytes } from "../../../../../server/http/body/body.ts";
import { FormParser } from "../../../../../server/resources/form-parser.ts";
import { config } from "../../../../../src/config/config.ts";
import { Kernel } from "../../../../../src/kernel/kernel.ts";
import { RecordingEngine } from "../../../../fakes/recording-engine.ts";
import { storelessServices } from "../../../../helpers/services.ts";

const share = { add: () => {} };
const BOUNDARY = "b";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** Yields a text byte by byte in one buffer, so that a kept chunk changes. */
async function* bytewise(text: string): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(1);
  for (const byte of Buffer.from(text)) {
    chunk[0] = byte;
    yield chunk;
  }
}

function read(body: AsyncIterable<Uint8Array>, maxBytes = 1_000_000): Promise<Uint8Array> {
  const request = { headers: new Headers(), body } as unknown as Request;
  return readBytes({ request }, { maxBytes, share });
}

describe("the chunks of a body", () => {
  it("are copied, and not kept", async () => {
    const text = "0123456789".repeat(900);
    const bytes = await read(bytewise(text));
    expect(Buffer.from(bytes).toString()).toBe(text);
    expect(bytes.buffer.byteLength).toBe(text.length);
  });

  it("keep nothing of the buffer that they are a part of", async () => {
    const large = new Uint8Array(65_536).fill(120);
    async function* one(): AsyncGenerator<Uint8Array> {
      yield large.subarray(100, 101);
    }
    expect((await read(one())).buffer.byteLength).toBe(1);
  });

  it("may be many if they bring something", async () => {
    async function* lines(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 30_000; n += 1) yield new Uint8Array(64);
    }
    expect((await read(lines(), 2_000_000)).length).toBe(1_920_000);
  });
});

it("a form keeps no chunk of its parts", async () => {
  const parser = new FormParser(TYPE);
  const head = 'Content-Disposition: form-data; name="archive"; filename="a"';
  const content = "\r\n-0123456789".repeat(500);
  const text = `--${BOUNDARY}\r\n${head}\r\n\r\n${content}\r\n--${BOUNDARY}--\r\n`;
  for (let from = 0; from < text.length; from += 1_000) {
    const chunk = Buffer.from(text.slice(from, from + 1_000));
    parser.write(chunk);
    // Parts arrive asynchronously, as those of a stream do.
    await new Promise(setImmediate);
    chunk.fill(0);
  }
  const part = (await parser.end()).get("archive") as Uint8Array;
  expect(Buffer.from(part).toString()).toBe(content);
  expect(part.buffer.byteLength).toBe(content.length);
});

describe("a server that is sent chunks of one byte", () => {
  let server: Server;
  beforeAll(async () => {
    const kernel = new Kernel({ config: config(), engines: [new RecordingEngine("container")] });
    const services = storelessServices(kernel);
    const app = buildApp({ services, maxBody: 4_194_304, onError: () => {} });
    const fetch = app.fetch as (request: Request) => Response;
    server = serve({ fetch, port: 0, hostname: "127.0.0.1" }) as Server;
    await new Promise((resolve) => server.once("listening", resolve));
  });
  afterAll(() => server.close());

  /** Resolves with the first line of the answer. */
  function send(chunks: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      socket.once("data", (data) => {
        socket.destroy();
        resolve(String(data));
      });
      // Errors of bytes that are still sent then do not matter.
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
      });
      const head = "Host: localhost\r\nContent-Type: application/json";
      socket.write(`POST /execute HTTP/1.1\r\n${head}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      socket.write(`${"1\r\n \r\n".repeat(chunks)}e\r\n{"code":"x=1"}\r\n0\r\n\r\n`);
    });
  }

  it("takes some thousands of them", async () => {
    expect(await send(9_000)).toMatch(/^HTTP\/1.1 200/);
  });

  it("refuses them once they are far more than their bytes explain", async () => {
    const answer = await send(400_000);
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect(answer).toMatch(/too many chunks/);
  });
});
