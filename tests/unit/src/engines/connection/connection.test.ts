/** Tests a hostile sandbox: a bare client that sends any bytes on a sandbox's socket. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../../../../../src/engines/connection/connection.ts";
import { SocketDirectory } from "../../../../../src/engines/connection/socket-directory.ts";
import type { Ending } from "../../../../../src/engines/contract/contract.ts";
import { HttpDelivery } from "../../../../../src/engines/contract/http-delivery.ts";
import { toOutcome } from "../../../../../src/engines/explain/outcome.ts";
import { encodeFrame, type Frame, FrameDecoder } from "../../../../../src/protocol/frames.ts";
import { OUTPUT_LIMITS } from "../../../../../src/protocol/limits.ts";
import type { ChannelRequest } from "../../../../../src/protocol/messages.ts";
import type { LogEntry } from "../../../../../src/request/types.ts";
import { until } from "../../../../contract/engine-contract.ts";

const job = {
  code: "",
  entry: "default",
  input: undefined,
  tools: [{ name: "channel", config: {} }],
  limits: OUTPUT_LIMITS,
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const result = (value: string, header = {}): Uint8Array =>
  encodeFrame("result", { hasResult: true, dropped: 0, ...header }, text(value));

let directory: string;
let slot: SocketDirectory;
let sandbox: Socket;
let connection: Connection;
let logs: (LogEntry | { dropped: number })[];
let asked: ChannelRequest[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "isolate-"));
  slot = await SocketDirectory.create(directory);
  sandbox = connect(slot.controlSocket);
  sandbox.on("error", () => {});
  sandbox.write(encodeFrame("hello"));
  connection = await slot.connected();
  logs = [];
  asked = [];
});
afterEach(async () => {
  connection.close();
  sandbox.destroy();
  await slot.remove();
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});

/** Runs a job, and answers it with these bytes. */
async function answer(...chunks: Uint8Array[]): Promise<Ending> {
  const ending = connection.run(job, {
    onLog: (entry) => logs.push(entry),
    onChannel: (request) => asked.push(request),
  });
  for (const chunk of chunks) sandbox.write(chunk);
  return ending;
}

/** Returns log entries without the counts of dropped ones. */
function entries(): object[] {
  return logs.filter((entry) => !("dropped" in entry));
}

describe("a control connection", () => {
  it("takes a result", async () => {
    expect(await answer(result("[1]"))).toEqual({ type: "result", text: "[1]", dropped: 0 });
  });

  it("counts the first terminal word only", async () => {
    const error = encodeFrame("error", { name: "Error", message: "second" });
    expect(await answer(result("1"), error, result("2"))).toMatchObject({ text: "1" });
  });

  it("ends without a word when the sandbox does", async () => {
    const ending = connection.run(job, { onLog: () => {} });
    sandbox.end();
    sandbox.destroy();
    expect(await ending).toEqual({ type: "closed" });
    await connection.closed;
  });

  it.each([
    ["random bytes", text("GET / HTTP/1.1\r\n\r\n")],
    ["an unknown frame type", Buffer.from([0, 0, 0, 6, 1, 99, 0, 0, 0, 0])],
    ["another protocol version", Buffer.from([0, 0, 0, 6, 7, 4, 0, 0, 0, 0])],
  ])("is closed on %s", async (_what, bytes) => {
    const ending = await answer(bytes);
    expect(ending.type === "closed" || ending.type === "error").toBe(true);
    await connection.closed;
  });

  it("turns an announcement of 4 GB into an OutputLimitError without waiting for it", async () => {
    const ending = await answer(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    expect(ending).toMatchObject({ type: "error", fault: { name: "OutputLimitError" } });
    await connection.closed;
  });

  it("is closed on a flood of frames there is no reason for", async () => {
    const pong = encodeFrame("pong");
    const ending = connection.run({ ...job, tools: [] }, { onLog: () => {} });
    sandbox.write(Buffer.concat(Array.from({ length: 5_000 }, () => pong)));
    expect(await ending).toEqual({ type: "closed" });
    await connection.closed;
  });

  it("keeps no more log entries than the limits allow, whatever is sent", async () => {
    const log = encodeFrame("log", { level: "log" }, text("x"));
    const flood = Array.from({ length: OUTPUT_LIMITS.logEntries + 50 }, () => log);
    expect(await answer(...flood, result("1"))).toMatchObject({ dropped: 50 });
    expect(entries()).toHaveLength(OUTPUT_LIMITS.logEntries);
  });

  it("keeps no more log bytes than the limits allow", async () => {
    const log = encodeFrame("log", { level: "log" }, new Uint8Array(65_536).fill(120));
    await answer(...Array.from({ length: 200 }, () => log), result("1"));
    expect(entries().length).toBeLessThan(20);
  });

  it("counts what only it has dropped with what the sandbox has", async () => {
    const most = OUTPUT_LIMITS.logBytes / 65_536;
    const log = encodeFrame("log", { level: "log" }, new Uint8Array(65_536).fill(120));
    const dropped = encodeFrame("log", { dropped: 4 });
    const frames = Array.from({ length: most + 3 }, () => log);
    const ending = await answer(...frames, dropped, result("1", { dropped: 5 }));
    expect(entries()).toHaveLength(most);
    expect(ending).toMatchObject({ type: "result", dropped: 5 + 3 });
    // For a run that ends without a message.
    expect(logs.at(-1)).toEqual({ dropped: 4 + 3 });
  });

  it("takes time and level of a log entry from nobody but itself", async () => {
    const before = Date.now();
    await answer(
      encodeFrame("log", { level: "exception", timestamp: 1, name: "Forged" }, text("x")),
      encodeFrame("log", { level: { toString: 1 } }, text("y")),
      result("1"),
    );
    expect(logs).toHaveLength(2);
    for (const entry of logs) {
      expect(entry).toMatchObject({ level: "log" });
      expect(Object.keys(entry).sort()).toEqual(["level", "message", "timestamp"]);
      expect((entry as LogEntry).timestamp).toBeGreaterThanOrEqual(before);
    }
  });

  it("takes nothing but texts and counts from an error's header", async () => {
    const ending = await answer(
      encodeFrame("error", { name: 1, message: ["x"], stack: {}, dropped: -5, status: "ok" }),
    );
    const fault = { name: "Exception", message: "" };
    expect(ending).toEqual({ type: "error", fault, dropped: 0 });
  });

  it.each([
    [
      ["A", "A", "b_1", 5, "x y", "then", "c".repeat(65), "<b>"],
      ["A", "b_1"],
    ],
    [Array.from({ length: 200 }, (_, n) => `N${n}`), Array.from({ length: 10 }, (_, n) => `N${n}`)],
    [{ length: 1, 0: "A" }, undefined],
    ["A", undefined],
  ])(
    "takes a few names of variables alone, of what claims to be some: %#",
    async (ungranted, kept) => {
      const error = encodeFrame("error", { name: "Error", message: "x", dropped: 0, ungranted });
      for (const frame of [result("1", { ungranted }), error]) {
        const ending = (await answer(frame)) as { ungranted?: unknown };
        expect(ending.ungranted).toEqual(kept);
      }
    },
  );

  it.each(['{"a":1', "", "undefined", '1,"ok":true', "NaN"])(
    "makes a failure of the result %j, which is no JSON",
    async (forged) => {
      const ending = await answer(result(forged));
      if (ending.type === "closed" || ending.type === "declined") throw new Error("No answer");
      const outcome = toOutcome(ending, { logs: [], logsDropped: 0, duration: 0 }, "container");
      expect(outcome).toMatchObject({ status: "error", fault: { name: "SerializationError" } });
    },
  );

  it("makes a failure of a result nested 100,000 levels deep", async () => {
    const ending = await answer(result("[".repeat(1e5) + "]".repeat(1e5)));
    if (ending.type === "closed" || ending.type === "declined") throw new Error("No answer");
    const outcome = toOutcome(ending, { logs: [], logsDropped: 0, duration: 0 }, "container");
    expect(outcome).toMatchObject({ status: "error", fault: { name: "SerializationError" } });
  });

  it("takes well-formed words about channels and drops the others", async () => {
    const said = (header: object, payload = "1"): Uint8Array =>
      encodeFrame("channel", header, text(payload));
    const longest = "x".repeat(256);
    await answer(
      said({ op: "emit", topic: "a", tenant: "other" }, '{"n":1}'),
      said({ op: "on", topic: longest }, ""),
      said({ op: "off", topic: "a" }),
      said({ op: "taken", topic: 1 }),
      said({ op: "emit", topic: "" }),
      said({ op: "emit", topic: `${longest}x` }),
      said({ op: "emit", topic: ["a"] }),
      said({ op: "emit" }),
      said({ op: "join", topic: "a" }),
      said({ op: "__proto__", topic: "a" }),
      said({ topic: "a" }),
      said({ op: "emit", topic: "a" }, ""),
      said({ op: "emit", topic: "a" }, "{'n':1}"),
      said({ op: "emit", topic: "a" }, "1 2"),
      said({ op: "emit", topic: "a" }, `"${"x".repeat(65_535)}"`),
      encodeFrame("channel", { op: "emit", topic: "a" }, new Uint8Array([34, 255])),
      said({ op: "emit", topic: "a" }, `"${"x".repeat(65_534)}"`),
      result("1"),
      said({ op: "emit", topic: "late" }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([
      { op: "emit", topic: "a", text: '{"n":1}' },
      { op: "on", topic: longest },
      { op: "off", topic: "a" },
      { op: "taken" },
      { op: "emit", topic: "a", text: `"${"x".repeat(65_534)}"` },
    ]);
  });

  it("is closed on a flood of words about channels", async () => {
    const emit = encodeFrame("channel", { op: "emit", topic: "a" }, text("1"));
    const ending = await answer(Buffer.concat(Array.from({ length: 40_000 }, () => emit)));
    expect(ending).toEqual({ type: "closed" });
    expect(asked.length).toBeGreaterThanOrEqual(10_000);
    expect(asked.length).toBeLessThan(40_000);
    await connection.closed;
  });

  it("is closed on few words about channels if the job has no such tool", async () => {
    const emit = encodeFrame("channel", { op: "emit", topic: "a" }, text("1"));
    const ending = connection.run({ ...job, tools: [] }, { onLog: () => {} });
    sandbox.write(Buffer.concat(Array.from({ length: 5_000 }, () => emit)));
    expect(await ending).toEqual({ type: "closed" });
  });

  it("takes the second job of a sandbox for what it is, with an allowance of its own", async () => {
    const log = encodeFrame("log", { level: "log" }, text("x"));
    for (const round of [1, 2, 3]) {
      logs = [];
      const flood = Array.from({ length: OUTPUT_LIMITS.logEntries }, () => log);
      const ending = await answer(...flood, result(`${round}`, { reusable: true }));
      expect(ending).toMatchObject({ text: `${round}`, reusable: true });
      expect(logs).toHaveLength(OUTPUT_LIMITS.logEntries);
    }
  });

  it("sends the code of the same sandbox once", async () => {
    const decoder = new FrameDecoder(1e6);
    const payloads: string[] = [];
    sandbox.on("data", (chunk: Buffer) => {
      for (const { payload } of decoder.push(chunk)) payloads.push(Buffer.from(payload).toString());
    });
    for (const input of ["1", "2"]) {
      const ending = connection.run({ ...job, code: "code", input }, { onLog: () => {} });
      sandbox.write(result("1", { reusable: true }));
      await ending;
    }
    await until(() => payloads.length === 2);
    expect(payloads).toEqual(["code1", "2"]);
  });

  it.each([
    ["a second answer", result("2")],
    ["an answer before it is asked", result("2", { reusable: true })],
    ["a log entry", encodeFrame("log", { level: "log" }, text("x"))],
    ["a pong nobody waits for", encodeFrame("pong")],
    ["half a frame", result("2").subarray(0, 9)],
    ["nothing but a byte", Uint8Array.of(0)],
  ])("is closed on %s between two jobs", async (_what, bytes) => {
    await answer(result("1", { reusable: true }));
    sandbox.write(bytes);
    await connection.closed;
    expect(await answer()).toEqual({ type: "declined" });
  });

  it("takes no job behind the rest of a frame that came with an answer", async () => {
    const half = result("2").subarray(0, 9);
    const ending = answer(Buffer.concat([result("1", { reusable: true }), half]));
    expect(await ending).toMatchObject({ text: "1" });
    expect(await answer(result("2").subarray(9))).toEqual({ type: "declined" });
    await connection.closed;
  });

  it("is closed on two answers at once", async () => {
    const both = [result("1", { reusable: true }), result("2", { reusable: true })];
    expect(await answer(Buffer.concat(both))).toMatchObject({ text: "1" });
    await connection.closed;
  });

  it("sends a channel's message while a job runs", async () => {
    expect(connection.sendChannel("a", "1")).toBe(false);
    const ending = connection.run(job, { onLog: () => {} });
    expect(connection.sendChannel("a", '"é"')).toBe(true);
    const decoder = new FrameDecoder(1e6);
    const frames: Frame[] = [];
    sandbox.on("data", (chunk: Buffer) => frames.push(...decoder.push(chunk)));
    await until(() => frames.length === 2);
    expect(frames[1]).toMatchObject({ type: "channel", header: { topic: "a" } });
    expect(Buffer.from(frames[1]?.payload ?? []).toString()).toBe('"é"');
    sandbox.write(result("1"));
    await ending;
    expect(connection.sendChannel("a", "1")).toBe(false);
  });

  it("keeps little for a sandbox that says it has taken all and reads nothing", async () => {
    const ending = connection.run(job, { onLog: () => {} });
    const big = JSON.stringify("x".repeat(60_000));
    let sent = 0;
    for (let n = 0; n < 1_000; n += 1) {
      if (connection.sendChannel("a", big)) sent += 1;
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeGreaterThan(8);
    expect(sent).toBeLessThan(60);
    sandbox.destroy();
    expect(await ending).toEqual({ type: "closed" });
    expect(connection.sendChannel("a", "1")).toBe(false);
  });

  it("ends with the fault of a response that is not in order, and believes nothing behind it", async () => {
    const http = { method: "GET", url: "http://h/", headers: [], maxBytes: 100_000 };
    const heads: number[] = [];
    const receiver = {
      onHead: ({ status }: { status: number }) => heads.push(status),
      onChunk: () => new Promise<void>(() => {}),
    };
    const delivery = new HttpDelivery(http, receiver, (bytes) => connection.sendCredit(bytes));
    const ending = connection.run(
      { ...job, httpRequest: http },
      { onLog: () => {}, delivery: delivery },
    );
    sandbox.write(encodeFrame("head", { status: 200, headers: [] }));
    sandbox.write(encodeFrame("chunk", {}, new Uint8Array(60_000)));
    sandbox.write(encodeFrame("head", { status: 500, headers: [] }));
    sandbox.write(result("1"));
    expect(await ending).toMatchObject({ type: "error", fault: { name: "ResponseError" } });
    await connection.closed;
    expect(heads).toEqual([200]);
  });

  it("takes no more of a response than there is credit for, however small its parts", async () => {
    const http = { method: "GET", url: "http://h/", headers: [], maxBytes: 1e9 };
    let bytes = 0;
    const onChunk = (chunk: Uint8Array): Promise<void> => {
      bytes += chunk.length;
      return new Promise(() => {});
    };
    const delivery = new HttpDelivery(http, { onHead: () => {}, onChunk }, () => {});
    const ending = connection.run(
      { ...job, tools: [], httpRequest: http },
      { onLog: () => {}, delivery: delivery },
    );
    const flood = Buffer.concat(
      Array.from({ length: 100_000 }, () => encodeFrame("chunk", {}, new Uint8Array(1))),
    );
    sandbox.write(encodeFrame("head", { status: 200, headers: [] }));
    sandbox.write(flood);
    expect(await ending).toMatchObject({ type: "error", fault: { name: "ResponseError" } });
    expect(bytes).toBe(511);
  });

  it("sends code of 8 MiB once to a sandbox that keeps it", async () => {
    const code = "日".repeat(2_796_202);
    const decoder = new FrameDecoder(16_777_216);
    const sizes: number[] = [];
    sandbox.on("data", (chunk: Buffer) => {
      for (const { type, header, payload } of decoder.push(chunk)) {
        if (type !== "job") continue;
        sizes.push(payload.length);
        const { codeBytes } = header as { codeBytes: number };
        const same = Buffer.from(payload.subarray(0, codeBytes)).toString() === code;
        sandbox.write(result(JSON.stringify(codeBytes > 0 && same), { reusable: true }));
      }
    });
    const texts: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      const ending = await connection.run({ ...job, code, reuse: true }, { onLog: () => {} });
      texts.push("text" in ending && ending.text);
    }
    expect([sizes, texts]).toEqual([
      [8_388_606, 0, 0],
      ["true", "false", "false"],
    ]);
  });

  it("answers a ping or rejects in time", async () => {
    sandbox.once("data", () => sandbox.write(encodeFrame("pong")));
    await expect(connection.ping(1_000)).resolves.toBeUndefined();
    await expect(connection.ping(50)).rejects.toThrow("No pong");
  });

  it("takes one client and no second", async () => {
    const second = connect(slot.controlSocket);
    const refused = await new Promise((resolve) => {
      second.once("error", () => resolve(true));
      second.once("close", () => resolve(true));
      second.once("data", () => resolve(false));
    });
    expect(refused).toBe(true);
  });
});
