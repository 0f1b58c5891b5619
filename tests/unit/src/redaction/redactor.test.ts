/** Tests where values of secrets are found, in text, JSON and bytes in parts. */
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { JsonText, partsOfText } from "../../../../src/base/json-text.ts";
import type { HttpExchange } from "../../../../src/engines/contract/http-delivery.ts";
import type { ResponseHead } from "../../../../src/protocol/http.ts";
import { redactedExchange } from "../../../../src/redaction/exchange.ts";
import { redactedOutput } from "../../../../src/redaction/output.ts";
import { Redactor } from "../../../../src/redaction/redactor.ts";
import type { Output } from "../../../../src/request/types.ts";

const VALUES = [
  "sk-live-0123456789",
  'a "quoted" \\ line\nand another & <b>',
  "pässwört-€-😀-ünd",
  "x".repeat(60) + "😀".repeat(400),
  "%2F+/= =/+%2F",
];

it.each(VALUES)("finds a value in each usual form: %s", (value) => {
  const redactor = new Redactor([value]);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const shown: Record<string, string> = {
    plain: `before ${value} after`,
    json: JSON.stringify({ value }),
    nested: JSON.stringify(JSON.stringify({ value })),
    percent: `https://x.example/?q=${encodeURIComponent(value)}&b=1`,
    form: new URLSearchParams({ value }).toString(),
    hex: Buffer.from(value).toString("hex"),
    console: inspect(`${value}`).length > 76 ? value : inspect({ value }),
    ...Object.fromEntries(
      ["", "u", "us", "user:"].map((user) => [`base64 ${user}`, base64(`${user}${value}!`)]),
    ),
    base64url: Buffer.from(`:${value}`).toString("base64url"),
  };
  for (const [form, text] of Object.entries(shown)) {
    const masked = redactor.text(text);
    expect(masked, form).toContain("***");
    // At most the characters that hold bits of a neighbour are left.
    expect(masked.length, form).toBeLessThanOrEqual(text.length - Math.min(value.length, 20) + 9);
  }
  expect(redactor.text("nothing of it")).toBe("nothing of it");
});

it("masks texts, names and numbers of JSON and leaves the rest as it is", () => {
  const redactor = new Redactor(["12345678", "sk-live-0123456789"]);
  const clean = { a: [1, { b: null }], c: "12345" };
  expect(redactor.json(clean)).toBe(clean);
  const value = { "k sk-live-0123456789": [12345678, { deep: "<sk-live-0123456789>" }], ok: true };
  expect(redactor.json(value)).toEqual({ "k ***": ["***", { deep: "<***>" }], ok: true });
});

it("masks a value wherever a stream is cut, and loses no byte", () => {
  for (const value of VALUES) {
    const redactor = new Redactor([value, "other-value-1"]);
    const text = `${value.slice(0, 12)} ${value}${value} ä ${value.slice(0, 5)}`.toWellFormed();
    const bytes = Buffer.from(text);
    const expected = redactor.text(text);
    for (const size of [1, 2, 7, 63, 64, 65]) {
      const parts = redactor.byteParts();
      const out: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        out.push(parts.push(bytes.subarray(at, at + size)));
      }
      out.push(parts.end());
      expect(Buffer.concat(out).toString(), `${value} by ${size}`).toBe(expected);
    }
    expect(expected).toContain("***");
  }
});

it("passes parts on at once that cannot begin a value", () => {
  const parts = new Redactor(["sk-live-0123456789"]).byteParts();
  expect(Buffer.from(parts.push(Buffer.from("data: 1\n\n"))).toString()).toBe("data: 1\n\n");
  expect(Buffer.from(parts.push(Buffer.from("data: sk-"))).toString()).toBe("data: ");
  expect(Buffer.from(parts.push(Buffer.from("ate\n\n"))).toString()).toBe("sk-ate\n\n");
});

it("takes no longer for text that repeats the begin of a value", () => {
  const redactor = new Redactor([`${"a".repeat(32_000)}b`, `${"a".repeat(40)}c`]);
  expect(redactor.text("a".repeat(2_000_000)).length).toBeLessThan(500);
  const parts = redactor.byteParts();
  let length = 0;
  for (let n = 0; n < 500; n += 1) length += parts.push(Buffer.alloc(4_000, "a")).length;
  expect(length).toBeLessThan(500);
});

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Makes a text of letters that begins with others and differs for each number. */
const lineOf = (begin: string, n: number): string =>
  `${begin}${String(n).padStart(5, "0")}${LETTERS.repeat(3)}`;

it.each([
  ["nothing", ""],
  ["a begin", "aaaaaaaa"],
  ["a long begin", "a".repeat(100)],
])("takes no longer for a hundred values of many lines with %s in common", (_what, begin) => {
  const values = Array.from({ length: 100 }, (_, value) =>
    Array.from({ length: 200 }, (_, line) => lineOf(begin, value * 200 + line)).join("\n"),
  );
  const begun = process.cpuUsage().user;
  const redactor = new Redactor(values);
  redactor.isIn(LETTERS.repeat(80_000));
  redactor.text("aaaaaaaab".repeat(20_000));
  const parts = redactor.byteParts();
  for (let n = 0; n < 2_000; n += 1) parts.push(Buffer.from("aaaaaaaaaa".slice(n % 9)));
  // Some seconds to some minutes if each value is compared at each character.
  expect((process.cpuUsage().user - begun) / 1_000).toBeLessThan(1_500);
  expect(redactor.text(`<${lineOf(begin, 7)}>`)).not.toContain(lineOf(begin, 7).slice(0, 100));
});

it("shows no more text once searching it has cost too much", () => {
  const alike = Array.from({ length: 100 }, (_, n) => `${"a".repeat(2_000)}${n}`);
  const redactor = new Redactor(alike);
  const text = `${"a".repeat(1_999)}b`.repeat(2_000);
  const parts = redactor.byteParts();
  for (const shown of [redactor.text(text), `${Buffer.from(parts.push(Buffer.from(text)))}`]) {
    expect(shown.length).toBeLessThan(text.length / 100);
  }
  expect(redactor.text("anything")).toBe("***");
  expect(redactor.isIn("anything")).toBe(true);
  expect(Buffer.concat([parts.push(Buffer.from("more")), parts.end()]).toString()).toBe("***");
});

it("masks JSON as a whole that is nested too deeply to be read", () => {
  const redactor = new Redactor(["sk-live-0123456789"]);
  const text = `${"[".repeat(100_000)}"sk-live-0123456789"${"]".repeat(100_000)}`;
  const output = { result: new JsonText(partsOfText(text)), logs: [], duration: 1 };
  const masked = redactedOutput(output as unknown as Output, redactor);
  expect((masked.result as JsonText).text).toBe('"***"');
  expect(redactor.json(JSON.parse(text))).toBe("***");
});

it("masks results, logs and exceptions, and keeps the rest of an output", () => {
  const redactor = new Redactor(["sk-live-0123456789", "exception"]);
  const secret = "sk-live-0123456789";
  const fault = { name: "E", message: secret, stack: `at ${secret}`, details: { token: secret } };
  const entry = {
    level: "exception",
    timestamp: 1,
    ...fault,
    cause: fault,
    errors: [fault],
  } as const;
  const output = {
    ok: false,
    outcome: "exception",
    result: new JsonText(partsOfText(JSON.stringify({ [secret]: `${secret}\n` }))),
    logs: [{ ...entry, errors: [...entry.errors] }],
    denied: [{ kind: "net", value: `${secret}.example:443`, by: "egress" }],
    duration: 1,
  } as unknown as Output;
  const masked = redactedOutput(output, redactor);
  expect(JSON.stringify(masked)).not.toContain(secret);
  expect((masked.result as JsonText).text).toBe('{"***":"***\\n"}');
  expect(masked).toMatchObject({ outcome: "exception", logs: [{ level: "exception", name: "E" }] });
  const huge = new JsonText(partsOfText(JSON.stringify([secret, "y".repeat(2_000_000)])));
  expect(redactedOutput({ ...output, result: huge }, redactor).result).toMatchObject({
    text: '"***"',
  });
});

it("masks headers, text bodies and text messages of a response", async () => {
  const value = "sk-live-0123456789";
  const seen: string[] = [];
  let head: ResponseHead | undefined;
  const exchange = {
    request: {},
    onHead: (given: ResponseHead) => {
      head = given;
    },
    onChunk: async (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString()),
    socket: {
      connect: () => {},
      onTaken: () => {},
      onClose: (_: number, reason: string) => void seen.push(reason),
      onPiece: async (bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString()),
    },
  } as unknown as HttpExchange;
  const masked = redactedExchange(exchange, new Redactor([value]));
  const respond = async (headers: ResponseHead["headers"], chunks: readonly string[]) => {
    seen.length = 0;
    masked.onHead({ status: 200, headers });
    for (const chunk of chunks) await masked.onChunk(Buffer.from(chunk));
    masked.flush?.();
    return seen.join("|");
  };
  const chunks = ["a sk-live-", "0123456789 b sk"];
  expect(
    await respond(
      [
        ["content-length", "25"],
        ["x-a", `B ${value}`],
      ],
      chunks,
    ),
  ).toBe("a |*** b |sk");
  expect(head?.headers).toEqual([["x-a", "B ***"]]);
  const binary = [
    ["content-type", "image/png"],
    ["content-length", "25"],
  ] as const;
  expect(await respond(binary as never, chunks)).toBe(chunks.join("|"));
  expect(head?.headers).toEqual(binary);
  const zipped = [
    ["content-encoding", "gzip"],
    ["content-type", "text/plain"],
  ] as const;
  expect(await respond(zipped as never, chunks)).toBe(chunks.join("|"));
  seen.length = 0;
  const { socket } = masked;
  await socket?.onPiece(Buffer.from("sk-live-"), { text: true, last: false });
  await socket?.onPiece(Buffer.from("0123456789 sk"), { text: true, last: true });
  await socket?.onPiece(Buffer.from(value), { text: false, last: true });
  socket?.onClose(1000, value);
  expect(seen).toEqual(["", "*** sk", value, "***"]);
});
