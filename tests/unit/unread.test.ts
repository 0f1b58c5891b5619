import { connect, type Socket } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../../server/app.ts";
import { config } from "../../src/config.ts";
import { Kernel } from "../../src/kernel.ts";
import { until } from "../contract/engine-contract.ts";
import { RecordingEngine } from "../fakes/recording-engine.ts";
import { storelessServices } from "../helpers/services.ts";

const RESULT = "x".repeat(4_000_000);
const BODY = JSON.stringify({ code: "export default () => 1" });

let port: number;
let close: () => void;

beforeAll(async () => {
  const engine = new RecordingEngine("container", () => ({ result: JSON.stringify(RESULT) }));
  const kernel = new Kernel({ config: config(), engines: [engine] });
  const services = storelessServices(kernel);
  const onError = (): void => {};
  const app = buildApp({ services, maxBody: 100_000, onError, maxUnread: 33_554_432 });
  port = await new Promise((resolve) => {
    const fetch = app.fetch as (request: Request) => Response;
    const server = serve({ fetch, port: 0, hostname: "127.0.0.1" }, (to) => resolve(to.port));
    close = () => server.close();
  });
});
afterAll(() => close());

/** Asks for a large answer, and reads its first line alone. */
function askAndStopReading(accept: string): Promise<{ socket: Socket; status: number }> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", (data) => {
      socket.pause();
      resolve({ socket, status: Number(String(data).split(" ")[1]) });
    });
    const head = `Content-Type: application/json\r\nAccept: ${accept}\r\nContent-Length: ${BODY.length}`;
    socket.write(`POST /execute HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n${BODY}`);
  });
}

const read = async (): Promise<number> => {
  const headers = { "content-type": "application/json" };
  const url = `http://127.0.0.1:${port}/execute`;
  const response = await fetch(url, { method: "POST", headers, body: BODY });
  return (await response.text()).length > 0 ? response.status : 0;
};

describe("answers that nobody reads", () => {
  it.each(["application/json", "text/event-stream"])(
    "end before memory does: %s",
    async (accept) => {
      const sockets: Socket[] = [];
      const statuses: number[] = [];
      while (statuses.at(-1) !== 429 && statuses.length < 40) {
        const { socket, status } = await askAndStopReading(accept);
        sockets.push(socket);
        statuses.push(status);
      }
      expect(statuses.at(-1)).toBe(429);
      expect(statuses.length).toBeGreaterThan(4);
      expect(await read()).toBe(429);
      for (const socket of sockets) socket.destroy();
      await until(async () => (await read()) === 200);
      for (let count = 0; count < 20; count += 1) expect(await read()).toBe(200);
    },
  );
});
