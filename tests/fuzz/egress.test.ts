import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAdminRequest } from "../../egress/admin-request.ts";
import { AdminRequestError } from "../../egress/admin-request-error.ts";
import { answerFramingOf } from "../../egress/answer-framing.ts";
import { BodyEnd } from "../../egress/body-end.ts";
import { HeadSyntaxError, parseRequestHead, parseResponseHead } from "../../egress/head.ts";
import { HeadError, headEnd } from "../../egress/read-head.ts";
import { readTarget } from "../../egress/request-target.ts";
import { writeRequestHead, writeResponseHead } from "../../egress/rewrite.ts";
import { formatHost, HostError, parseHost } from "../../src/destinations/host.ts";
import { Refusal } from "../../src/destinations/refusal.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";

const FAULTS = [HeadSyntaxError, HeadError, HostError, Refusal, AdminRequestError];
const LIMITS = { bytes: 16_384, lines: 102 };

/** Text of pieces with a meaning for some reader, and any bytes between them. */
const pieces = (...known: string[]) =>
  fc
    .array(
      fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...known) },
        fc.string({
          unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
        }),
      ),
      { maxLength: 12 },
    )
    .map((all) => all.join(""));

const FIELDS = [
  ...["Host: a.test\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"],
  ...["Connection: close, x-kept\r\n", "X-Kept: 1\r\n", "X-Isolate-Denied: NO\r\n", "A: b"],
  ...[" ", "\t", "\n", "\r", ":", "\0", "content-length: 3\r\n", "transfer-encoding: gzip\r\n"],
];
const request = pieces(
  ...["GET http://a.test/x HTTP/1.1\r\n", "POST http://A.test:8080?q HTTP/1.1\r\n", "CONNECT "],
  ...["a.test:443", "[::1]:80", "@", "#", "//", "http://", "HTTP/1.1\r\n", ...FIELDS],
);
const response = pieces("HTTP/1.1 200 OK\r\n", "HTTP/1.0 103 \r\n", "HTTP/1.1 ", "204", ...FIELDS);
const ended = (text: string): Buffer => Buffer.from(`${text}\r\n\r\n`, "latin1");

/** Reads a value. Returns `undefined` where it is refused with an allowed error. */
function readOrRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    expect(FAULTS.some((fault) => error instanceof fault)).toBe(true);
    return undefined;
  }
}

function fuzz(name: string, property: fc.IProperty<never>): void {
  it(name, () => fc.assert(property, FUZZ), FUZZ_TIMEOUT);
}

describe("what code sends the egress proxy", () => {
  fuzz(
    "is refused, or is one head that every reader reads alike",
    fc.property(fc.constantFrom("", "GET http://a.test/ HTTP/1.1\r\n"), request, (first, text) => {
      const head = readOrRefused(() => parseRequestHead(ended(first + text)));
      const target = head && readOrRefused(() => readTarget(head));
      if (head === undefined || target?.kind !== "exchange") return;
      const written = readOrRefused(() => writeRequestHead({ ...head, ...target }, false));
      if (written === undefined) return;
      const again = parseRequestHead(Buffer.from(written, "latin1"));
      const names = again.fields.map(([field]) => field);
      expect(written.split("\r\n").length).toBe(again.fields.length + 3);
      expect(names.filter((field) => field === "host")).toHaveLength(1);
      const { host, port } = target.destination;
      const expected = port === 80 ? formatHost(host) : `${formatHost(host)}:${port}`;
      expect(again.fields).toContainEqual(["host", expected]);
      const lengths = names.filter((field) => /^(content-length|transfer-encoding)$/.test(field));
      expect(lengths.length).toBeLessThanOrEqual(1);
      expect(again.fields.at(-1)).toEqual(["connection", "close"]);
    }) as never,
  );

  fuzz(
    "is a host in one spelling, the one that URLs have, or none",
    fc.property(
      pieces("a", "A", "-", ".", "1", "0x7f", "127.0.0.1", "[", "]", "::1", "::ffff:", "%", "xn--"),
      (text) => {
        const host = readOrRefused(() => parseHost(text));
        if (host === undefined) return;
        const written = formatHost(host);
        expect(parseHost(written)).toEqual(host);
        // Compares with `URL`, which decodes names in Punycode and accepts only valid ones.
        const url = `http://${written}`;
        if (URL.canParse(url)) expect(new URL(url).hostname).toBe(written);
        else expect(written).toContain("xn--");
      },
    ) as never,
  );

  fuzz(
    "is read alike in whatever pieces it comes",
    fc.property(request, fc.array(fc.nat(60), { maxLength: 20 }), (text, cuts) => {
      const bytes = Buffer.from(text, "latin1");
      const whole = readOrRefused(() => headEnd(LIMITS)(bytes));
      const find = headEnd(LIMITS);
      let found: number | undefined;
      const ends = [
        ...cuts.toSorted((a, b) => a - b).filter((cut) => cut < bytes.length),
        bytes.length,
      ];
      readOrRefused(() => {
        for (const end of ends) {
          found = find(bytes.subarray(0, end));
          if (found !== undefined) return;
        }
      });
      expect(found).toBe(whole);
    }) as never,
  );

  fuzz(
    "is a body that ends at one place in whatever pieces it comes",
    fc.property(
      pieces("3\r\nabc\r\n", "0\r\n\r\n", "A\r\n", "0123456789", "\r\n", ";", "f", "0"),
      fc.nat(40),
      (text, cut) => {
        const bytes = Buffer.from(text, "latin1");
        const end = (...parts: Buffer[]): number | undefined =>
          readOrRefused(() => {
            const body = new BodyEnd({ kind: "chunked" });
            return parts.reduce((taken, part) => taken + body.take(part), 0);
          });
        expect(end(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(end(bytes));
      },
    ) as never,
  );
});

describe("what hosts send the egress proxy", () => {
  fuzz(
    "is refused, or has one length and no word of the proxy's",
    fc.property(fc.constantFrom("GET", "HEAD"), response, (method, text) => {
      const head = readOrRefused(() => parseResponseHead(ended(`HTTP/1.1 200 OK\r\n${text}`)));
      const framing = head && readOrRefused(() => answerFramingOf(method, head));
      if (head === undefined || framing === undefined) return;
      const written = writeResponseHead(head, framing);
      const again = parseResponseHead(Buffer.from(written, "latin1"));
      expect(again.status).toBe(head.status);
      expect(again.fields.map(([name]) => name)).not.toContain("x-isolate-denied");
      const lengths = again.fields.filter(([name]) => name === "content-length");
      const codings = again.fields.filter(([name]) => name === "transfer-encoding");
      expect(lengths.length).toBeLessThanOrEqual(codings.length > 0 ? 0 : 1);
      if (framing === "closing")
        expect(again.fields).toContainEqual(["transfer-encoding", "chunked"]);
    }) as never,
  );
});

describe("what comes on the admin socket", () => {
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom<unknown>("open", "configure", "close", "/a/egress.sock", ["x.org"], 1),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const keys = [
    "id",
    "op",
    "run",
    "tenant",
    "egress",
    "database",
    "socket",
    "policy",
    "allow",
    "hosts",
  ];
  const dictionary = (of: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom(...keys), of);

  fuzz(
    "is refused by name, or is a request with all it needs",
    fc.property(fc.oneof(dictionary(fc.oneof(value, dictionary(value))), value), (sent) => {
      const read = readOrRefused(() => parseAdminRequest(JSON.stringify(sent)));
      if (read === undefined) return;
      expect(Number.isSafeInteger(read.id)).toBe(true);
      if (read.op === "open" || read.op === "close")
        expect(read.run).toMatch(/^[^\0-\x1f]{1,300}$/);
      if (read.op === "open" && read.egress) {
        expect(read.egress.socket).toMatch(/^\/.*egress\.sock$/);
        for (const entry of read.egress.policy.allow) expect(typeof entry).toBe("string");
      }
    }) as never,
  );
});
