/** Tests the messages of a WebSocket from a sandbox that ignores all rules. */
import { describe, expect, it } from "vitest";
import { ResponseRelay } from "../../../../../runner-image/response-relay.ts";
import { DeliveryError, HttpDelivery } from "../../../../../src/engines/contract/http-delivery.ts";
import { encodeFrame, type Frame, FrameDecoder } from "../../../../../src/protocol/frames.ts";
import { HTTP_LIMITS } from "../../../../../src/protocol/http.ts";
import { readSocket } from "../../../../../src/protocol/inbound.ts";
import type { SocketEvent, SocketPart } from "../../../../../src/protocol/socket.ts";

const JOB = { method: "GET", url: "http://h/", headers: [], maxBytes: 1_000_000, isUpgrade: true };
const HEAD = { status: 101, headers: [] };
const piece = (size: number): SocketPart => ({
  op: "piece",
  bytes: new Uint8Array(size),
  text: false,
  last: true,
});

function frame(header: object, payload = new Uint8Array(0)): Frame {
  const [read] = new FrameDecoder(1_000_000).push(encodeFrame("socket", header, payload));
  return read as Frame;
}

function receive(job: object = {}, takes = true) {
  const seen: unknown[] = [];
  const told: SocketEvent[] = [];
  const granted: number[] = [];
  let send: (event: SocketEvent) => void = () => {};
  const socket = {
    connect: (way: (event: SocketEvent) => void) => {
      send = way;
    },
    onPiece: ({ length }: Uint8Array, { last }: { last: boolean }) => {
      seen.push([length, last]);
      return takes ? Promise.resolve() : new Promise<void>(() => {});
    },
    onTaken: () => seen.push("taken"),
    onClose: (code: number, reason: string) => seen.push([code, reason]),
  };
  const receiver = { onHead: () => {}, onChunk: () => Promise.resolve(), socket };
  const delivery = new HttpDelivery(
    { ...JOB, ...job },
    receiver,
    (bytes) => granted.push(bytes),
    (event) => told.push(event),
  );
  const attempt = (work: () => void): string => {
    try {
      work();
    } catch (thrown) {
      if (thrown instanceof DeliveryError) return thrown.fault.name;
      throw thrown;
    }
    return "none";
  };
  const part = (given: SocketPart | undefined) => attempt(() => delivery.socket(given));
  return {
    delivery,
    seen,
    told,
    granted,
    part,
    attempt,
    tell: (event: SocketEvent) => send(event),
  };
}

describe("the delivery of a WebSocket's messages", () => {
  it("takes nothing before the head, nor behind another one", () => {
    const early = receive();
    expect(early.part(piece(1))).toBe("ResponseError");
    const plain = receive();
    plain.delivery.head({ status: 200, headers: [] });
    for (const part of [piece(1), { op: "taken" }, undefined] as const) {
      expect(plain.part(part)).toBe("ResponseError");
    }
    expect([early.seen, plain.seen]).toEqual([[], []]);
    const other = receive({ isUpgrade: false });
    expect(other.attempt(() => other.delivery.head(HEAD))).toBe("ResponseError");
  });

  it("takes parts, confirmations and an end, but no body", () => {
    const { delivery, part, seen, attempt } = receive();
    delivery.head(HEAD);
    for (const given of [
      piece(3),
      piece(0),
      { op: "taken" },
      { op: "close", code: 1000, reason: "r" },
    ]) {
      expect(part(given as SocketPart)).toBe("none");
    }
    expect(seen).toEqual([[3, true], [0, true], "taken", [1000, "r"]]);
    expect(attempt(() => delivery.chunk(new Uint8Array(1)))).toBe("ResponseError");
    expect(part(undefined)).toBe("ResponseError");
  });

  it("lets no more through than there is credit for, and the job allows", async () => {
    const slow = receive({}, false);
    slow.delivery.head(HEAD);
    const most = Math.floor(HTTP_LIMITS.window / HTTP_LIMITS.chunkFee);
    for (let n = 0; n < most; n += 1) expect(slow.part(piece(0))).toBe("none");
    expect(slow.part(piece(0))).toBe("ResponseError");
    const short = receive({ maxBytes: 10 });
    short.delivery.head(HEAD);
    expect(short.part(piece(10))).toBe("none");
    expect(short.part(piece(1))).toBe("OutputLimitError");
    const large = receive();
    large.delivery.head(HEAD);
    expect(large.part(piece(65_537))).toBe("ResponseError");
    const quick = receive();
    quick.delivery.head(HEAD);
    for (let n = 0; n < 10; n += 1) {
      expect(quick.part(piece(60_000))).toBe("none");
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(quick.granted.length).toBeGreaterThan(0);
  });

  it("tells of nothing once the execution has ended", () => {
    const { delivery, tell, told, part, seen } = receive();
    delivery.head(HEAD);
    tell({ op: "open" });
    delivery.end();
    tell({ op: "closed", code: 1000, reason: "", clean: true });
    expect(part(piece(1))).toBe("none");
    expect([told, seen]).toEqual([[{ op: "open" }], []]);
  });
});

describe("a part of a WebSocket, as it is read", () => {
  it.each<[string, object, unknown]>([
    ["a confirmation", { op: "taken", code: 1 }, { op: "taken" }],
    ["an end", { op: "close", code: 4000, reason: "é" }, { op: "close", code: 4000, reason: "é" }],
    ["no op", {}, undefined],
    ["another op", { op: "open" }, undefined],
    ["a code of the protocol", { op: "close", code: 1002, reason: "" }, undefined],
    ["a code as text", { op: "close", code: "1000", reason: "" }, undefined],
    ["a fraction as code", { op: "close", code: 3000.5, reason: "" }, undefined],
    ["no reason", { op: "close", code: 1000 }, undefined],
    ["a long reason", { op: "close", code: 1000, reason: "é".repeat(62) }, undefined],
  ])("has %s checked", (_what, header, expected) => {
    expect(readSocket(frame(header))).toEqual(expected);
  });

  it("has bytes, and marks that are nothing but true or false", () => {
    const read = readSocket(frame({ op: "piece", text: 1, last: "yes" }, new Uint8Array([1, 2])));
    expect(read).toEqual({ op: "piece", bytes: new Uint8Array([1, 2]), text: false, last: false });
  });
});

describe("the relay of a sandbox", () => {
  const out = (part: SocketPart) => ({ type: "socket", ...part }) as const;
  const close = out({ op: "close", code: 1000, reason: "" });

  function relay(job: object = {}, head = HEAD): ResponseRelay {
    const made = new ResponseRelay({ ...JOB, ...job });
    made.outbound({ type: "head", status: head.status, headers: [] });
    return made;
  }

  it("hands on what is in order, and each end and confirmation once", () => {
    const made = relay();
    expect(made.socketOut(out(piece(1)))).toBeDefined();
    expect(made.socketOut(out({ op: "taken" }))).toBeUndefined();
    const again = relay();
    const payload = new Uint8Array([97]);
    const text = frame({ op: "message", text: true }, payload);
    expect(again.socketIn(text)).toEqual({ type: "socket", op: "message", data: "a" });
    const { data } = again.socketIn(frame({ op: "message", text: false }, payload)) as unknown as {
      data: Uint8Array;
    };
    expect([[...data], data.buffer.byteLength]).toEqual([[97], 1]);
    expect(again.socketOut(out({ op: "taken" }))).toBeDefined();
    expect(again.socketOut(close)).toBeDefined();
    expect(again.socketOut(close)).toBeUndefined();
  });

  it.each([
    ["a long part", relay(), piece(65_537)],
    ["more than the job allows", relay({ maxBytes: 1 }), piece(2)],
    ["a part of no upgrade", relay({ isUpgrade: false }), piece(1)],
    ["a part before the head", new ResponseRelay(JOB), piece(1)],
    ["a code of the protocol", relay(), { op: "close", code: 1006, reason: "" } as const],
    ["a long reason", relay(), { op: "close", code: 1000, reason: "x".repeat(124) } as const],
  ])("keeps %s", (_what, made, part) => {
    expect(made.socketOut(out(part as SocketPart))).toBeUndefined();
  });

  it("hands on no more than there is credit for", () => {
    const made = relay();
    let sent = 0;
    while (made.socketOut(out(piece(60_000))) !== undefined) sent += 1;
    expect(sent).toBe(4);
  });
});
