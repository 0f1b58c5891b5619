import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ResultMeter } from "../../../../src/database/result-meter.ts";

/** Makes a server's message: its type, and a body of that many bytes. */
function message(type: string, bytes = 0): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeUInt32BE(bytes + 4, 1);
  return Buffer.concat([head, Buffer.alloc(bytes, type)]);
}

const rows = (count: number, bytes = 10): Buffer[] => Array(count).fill(message("D", bytes));

/** Returns the types of forwarded messages, and the number of cuts. */
function pass(stream: Buffer, cuts: readonly number[], limits = { rows: 3, bytes: 100 }) {
  let exceeded = 0;
  const meter = new ResultMeter(limits, () => {
    exceeded += 1;
  });
  const out: Buffer[] = [];
  const ends = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
  for (const [index, end] of [...ends, stream.length].entries()) {
    out.push(...meter.push(stream.subarray(ends[index - 1] ?? 0, end)));
  }
  return { bytes: Buffer.concat(out), exceeded, idle: meter.idle };
}

function typesOf(bytes: Buffer): string {
  let types = "";
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    types += String.fromCharCode(bytes[at] ?? 0);
  }
  return types;
}

const anywhere = fc.array(fc.nat(), { maxLength: 40 });

describe("a meter of results", () => {
  it("changes nothing of what keeps to the limits, however it arrives", () => {
    const query = [message("T", 30), ...rows(3), message("C", 9), message("Z", 1)];
    const stream = Buffer.concat([...query, message("N", 30), ...query, ...query]);
    fc.assert(
      fc.property(anywhere, (cuts) => {
        const passed = pass(stream, cuts);
        expect(passed.bytes.equals(stream)).toBe(true);
        expect(passed).toMatchObject({ exceeded: 0, idle: true });
      }),
    );
  });

  it.each([
    ["rows", rows(4), 3],
    ["bytes of rows", rows(2, 60), 1],
    ["bytes of one row", rows(1, 101), 0],
    ["notices", Array(3).fill(message("N", 40)), 2],
    ["notifications", Array(3).fill(message("A", 40)), 2],
    ["settings that change", Array(3).fill(message("S", 40)), 2],
    ["descriptions", Array(3).fill(message("t", 40)), 2],
    ["bytes that are copied", Array(2).fill(message("d", 60)), 1],
  ])("puts an error in the place of too many %s, however they arrive", (_what, data, kept) => {
    const over = [message("T", 9), ...data, ...rows(5), message("C", 9), message("Z", 1)];
    const fine = [message("T", 9), ...rows(3), message("C", 9), message("Z", 1)];
    const stream = Buffer.concat([...over, ...fine]);
    fc.assert(
      fc.property(anywhere, (cuts) => {
        const { bytes, exceeded } = pass(stream, cuts);
        expect(typesOf(bytes)).toMatch(new RegExp(`^T[DdNASt]{${kept}}EZTDDDCZ$`));
        expect(bytes.toString()).toContain("54000");
        expect(exceeded).toBe(1);
      }),
    );
  });

  it("replaces the server's own error, and drops the rest of what was asked with it", () => {
    const cancelled = Buffer.concat([...rows(4), message("E", 80), message("Z", 1)]);
    expect(typesOf(pass(cancelled, []).bytes)).toBe("DDDEZ");
    expect(pass(cancelled, []).bytes.toString()).toContain("54000");
    const second = [...rows(4), message("C", 9), message("T", 9), ...rows(1), message("Z", 1)];
    expect(typesOf(pass(Buffer.concat(second), []).bytes)).toBe("DDDEZ");
  });

  it("counts what comes behind the last statement, and descriptions without any", () => {
    const told = [message("C", 9), ...Array(3).fill(message("A", 40)), message("Z", 1)];
    expect(typesOf(pass(Buffer.concat(told), []).bytes)).toBe("CAAEZ");
    const described = [...Array(4).fill(message("T", 40)), message("Z", 1)];
    expect(typesOf(pass(Buffer.concat(described), []).bytes)).toBe("TTEZ");
  });

  it("counts each statement by itself", () => {
    const stream = Buffer.concat([...rows(3), message("C"), ...rows(3), message("C"), ...rows(3)]);
    expect(pass(stream, [])).toMatchObject({ exceeded: 0, idle: false });
  });

  it("refuses what is no message", () => {
    expect(() => pass(Buffer.from([0x44, 0, 0, 0, 3]), [])).toThrow("no message");
  });
});
