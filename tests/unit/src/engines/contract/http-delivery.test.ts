/** Tests a response from a sandbox that ignores all rules. */
import { describe, expect, it } from "vitest";
import { ResponseRelay } from "../../../../../runner-image/response-relay.ts";
import { DeliveryError, HttpDelivery } from "../../../../../src/engines/contract/http-delivery.ts";
import { encodeFrame, type Frame, FrameDecoder } from "../../../../../src/protocol/frames.ts";
import { HTTP_LIMITS, type ResponseHead } from "../../../../../src/protocol/http.ts";

const JOB = { method: "GET", url: "http://h/", headers: [], maxBytes: 1_000_000 };
const HEAD = { status: 200, headers: [["content-type", "text/plain"]] };
const part = (size: number): Uint8Array => new Uint8Array(size);

function receive({ maxBytes = JOB.maxBytes, takes = true } = {}) {
  const heads: ResponseHead[] = [];
  const granted: number[] = [];
  let bytes = 0;
  let ends = 0;
  const receiver = {
    onEnd: () => {
      ends += 1;
    },
    onHead: (head: ResponseHead) => heads.push(head),
    onChunk: ({ length }: Uint8Array) => {
      bytes += length;
      return takes ? Promise.resolve() : new Promise<void>(() => {});
    },
  };
  const delivery = new HttpDelivery({ ...JOB, maxBytes }, receiver, (credit) =>
    granted.push(credit),
  );
  return { delivery, heads, granted, bytes: () => bytes, ends: () => ends };
}

const faultOf = (work: () => void): string => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof DeliveryError) return thrown.fault.name;
    throw thrown;
  }
  return "none";
};

describe("the delivery of a response", () => {
  it.each<[string, unknown, unknown]>([
    ["a text as status", "200", []],
    ["a fraction as status", 200.5, []],
    ["status 101", 101, []],
    ["status 600", 600, []],
    ["no headers", 200, undefined],
    ["a header without a value", 200, [["a"]]],
    ["a number as value", 200, [["a", 1]]],
    ["a name in upper case", 200, [["A", "1"]]],
    ["a name with a line break", 200, [["a\r\nb", "1"]]],
    ["an empty name", 200, [["", "1"]]],
    ["a value with a line break", 200, [["a", "1\r\nset-cookie: x=1"]]],
    ["a value with a NUL", 200, [["a", "\0"]]],
    ["a value beyond Latin-1", 200, [["a", "\u0100"]]],
    ["101 headers", 200, Array.from({ length: 101 }, () => ["a", "1"])],
    ["long headers", 200, [["a", "v".repeat(HTTP_LIMITS.headCharacters)]]],
  ])("refuses %s", (_what, status, headers) => {
    const { delivery, heads } = receive();
    expect(faultOf(() => delivery.head({ status, headers }))).toBe("ResponseError");
    expect(heads).toEqual([]);
  });

  it("takes one head, and nothing before it", () => {
    const early = receive();
    expect(faultOf(() => early.delivery.chunk(part(1)))).toBe("ResponseError");
    const { delivery, heads } = receive();
    delivery.head(HEAD);
    expect(faultOf(() => delivery.head(HEAD))).toBe("ResponseError");
    expect(heads).toEqual([HEAD]);
  });

  it.each([
    ["more than there is credit for", 65_536, 4],
    ["more small parts than there is credit for", 1, 511],
  ])("refuses %s", (_what, size, most) => {
    const { delivery, bytes } = receive({ takes: false });
    delivery.head(HEAD);
    const send = (): string => faultOf(() => delivery.chunk(part(size)));
    for (let n = 0; n < most - 1; n += 1) expect(send()).toBe("none");
    const rest = Array.from({ length: 3 }, send);
    expect(rest).toContain("ResponseError");
    expect(bytes()).toBeLessThanOrEqual(HTTP_LIMITS.window);
  });

  it("gives credit back for what is taken, and for nothing else", async () => {
    const { delivery, granted } = receive({ maxBytes: 1e9 });
    delivery.head(HEAD);
    for (let n = 0; n < 50; n += 1) {
      delivery.chunk(part(60_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const total = granted.reduce((sum, credit) => sum + credit, 0);
    expect(total).toBeGreaterThan(50 * 60_512 - HTTP_LIMITS.window);
    expect(total).toBeLessThanOrEqual(50 * 60_512);
  });

  it("refuses a part of 65537 bytes", () => {
    const { delivery } = receive();
    delivery.head(HEAD);
    expect(faultOf(() => delivery.chunk(part(65_537)))).toBe("ResponseError");
  });

  it("takes an empty part as the end of the body, once, and nothing behind it", () => {
    for (const size of [0, 1]) {
      const { delivery, ends } = receive();
      expect(faultOf(() => receive().delivery.chunk(part(0)))).toBe("ResponseError");
      delivery.head(HEAD);
      delivery.chunk(part(1));
      delivery.chunk(part(0));
      expect(ends()).toBe(1);
      expect(faultOf(() => delivery.chunk(part(size)))).toBe("ResponseError");
      expect(ends()).toBe(1);
    }
  });

  it("ends a body that is too long, or in too many parts", async () => {
    const long = receive({ maxBytes: 100 });
    long.delivery.head(HEAD);
    long.delivery.chunk(part(100));
    expect(faultOf(() => long.delivery.chunk(part(1)))).toBe("OutputLimitError");
    expect(long.bytes()).toBe(100);
    const many = receive();
    many.delivery.head(HEAD);
    let sent = 0;
    while (sent < 200_000 && faultOf(() => many.delivery.chunk(part(1))) === "none") {
      sent += 1;
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBe(100_000);
  });

  it("tells nothing once it has ended", () => {
    const { delivery, heads, bytes } = receive();
    delivery.head(HEAD);
    delivery.end();
    delivery.chunk(part(9));
    delivery.head(HEAD);
    expect([heads.length, bytes()]).toEqual([1, 0]);
  });
});

describe("the relay of responses", () => {
  const head = { type: "head", status: 200, headers: [["a", "b"]] } as const;
  const chunk = (size: number) => ({ type: "chunk", bytes: part(size) }) as const;
  const credit = (bytes: number): Frame => {
    const [frame] = new FrameDecoder(1_000).push(encodeFrame("credit", { bytes }));
    return frame as Frame;
  };

  it("hands parts on, and credit", () => {
    const relay = new ResponseRelay(JOB);
    expect(relay.outbound(head)).toEqual(
      encodeFrame("head", { status: 200, headers: [["a", "b"]] }),
    );
    expect(relay.outbound(head)).toBeUndefined();
    expect(relay.outbound(chunk(2))).toEqual(encodeFrame("chunk", {}, part(2)));
    expect(relay.inbound(credit(7))).toEqual({ type: "credit", bytes: 7 });
  });

  it("hands on no more than there is credit for", () => {
    const relay = new ResponseRelay(JOB);
    const most = (): number => {
      let sent = 0;
      while (relay.outbound(chunk(50_000)) !== undefined) sent += 1;
      return sent;
    };
    expect(most()).toBe(5);
    relay.inbound(credit(200_000));
    expect(most()).toBeLessThanOrEqual(4);
  });

  it.each([
    ["a long part", chunk(65_537), JOB],
    ["more than the job allows", chunk(11), { ...JOB, maxBytes: 10 }],
    ["a part of no job's", chunk(1), undefined],
    ["a head of no job's", head, undefined],
    ["a bad status", { ...head, status: 0 }, JOB],
  ])("keeps %s", (_what, message, job) => {
    expect(new ResponseRelay(job).outbound(message)).toBeUndefined();
  });
});
