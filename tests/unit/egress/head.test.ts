import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyEnd } from "../../../egress/body-end.ts";
import {
  framingOf,
  HeadSyntaxError,
  parseRequestHead,
  parseResponseHead,
} from "../../../egress/head.ts";
import { readTarget, type Target } from "../../../egress/request-target.ts";
import { wantsWebSocket, writeRequestHead, writeResponseHead } from "../../../egress/rewrite.ts";
import { Refusal } from "../../../src/destinations/refusal.ts";

const GET = "GET http://a.example/ HTTP/1.1\r\n";

/** Refused heads, each without its empty line. */
const REFUSED: [what: string, head: string][] = [
  ["no request line", ""],
  ["an empty first line", `\r\n${GET}`],
  ["HTTP/1.0", "GET http://a.example/ HTTP/1.0\r\n"],
  ["HTTP/2.0", "PRI * HTTP/2.0\r\n"],
  ["HTTP/0.9", "GET http://a.example/\r\n"],
  ["a lower-case method", "get http://a.example/ HTTP/1.1\r\n"],
  ["a lower-case version", "GET http://a.example/ http/1.1\r\n"],
  ["two spaces", "GET  http://a.example/ HTTP/1.1\r\n"],
  ["a tab for a space", "GET\thttp://a.example/ HTTP/1.1\r\n"],
  ["a space in the target", "GET http://a.example/ x HTTP/1.1\r\n"],
  ["a space at the end", "GET http://a.example/ HTTP/1.1 \r\n"],
  ["a NUL in the target", "GET http://a.example/\0 HTTP/1.1\r\n"],
  ["a CR in the target", "GET http://a.example/\r HTTP/1.1\r\n"],
  ["an LF in the target", "GET http://a.example/\n HTTP/1.1\r\n"],
  ["a letter beyond ASCII in the target", "GET http://a.example/\xe9 HTTP/1.1\r\n"],
  ["a folded line", `${GET}X: a\r\n b\r\n`],
  ["a line folded with a tab", `${GET}X: a\r\n\tb\r\n`],
  ["a fold right away", `${GET} X: a\r\n`],
  ["a bare LF between headers", `${GET}X: a\nY: b\r\n`],
  ["a bare CR in a value", `${GET}X: a\rY: b\r\n`],
  ["a NUL in a value", `${GET}X: a\0b\r\n`],
  ["a vertical tab in a value", `${GET}X: \v1\r\n`],
  ["DEL in a value", `${GET}X: \x7f\r\n`],
  ["no colon", `${GET}X\r\n`],
  ["no name", `${GET}: a\r\n`],
  ["a space before the colon", `${GET}Content-Length : 5\r\n`],
  ["a tab before the colon", `${GET}Transfer-Encoding\t: chunked\r\n`],
  ["a space in a name", `${GET}X Y: a\r\n`],
  ["a NUL in a name", `${GET}Content\0Length: 5\r\n`],
  ["a name beyond ASCII", `${GET}Contént-Length: 5\r\n`],
  ["a bracket in a name", `${GET}X[]: 5\r\n`],
  ["two Hosts", `${GET}Host: a.example\r\nHost: b.example\r\n`],
];

/** Bodies of ambiguous length. */
const AMBIGUOUS: [what: string, headers: string][] = [
  ["CL and TE", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"],
  ["TE and CL", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"],
  ["CL of zero and TE", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"],
  ["two CLs", "Content-Length: 5\r\nContent-Length: 6\r\n"],
  ["two equal CLs", "Content-Length: 5\r\nContent-Length: 5\r\n"],
  ["two CLs in one", "Content-Length: 5, 5\r\n"],
  ["a CL with a sign", "Content-Length: +5\r\n"],
  ["a negative CL", "Content-Length: -1\r\n"],
  ["a hexadecimal CL", "Content-Length: 0x5\r\n"],
  ["a CL with a point", "Content-Length: 5.0\r\n"],
  ["a CL with an exponent", "Content-Length: 1e3\r\n"],
  ["an empty CL", "Content-Length:\r\n"],
  ["a CL with a space", "Content-Length: 5 5\r\n"],
  ["a CL with a no-break space", "Content-Length: \xa05\r\n"],
  ["a huge CL", "Content-Length: 99999999999999999999\r\n"],
  ["two TEs", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"],
  ["TE identity", "Transfer-Encoding: identity\r\n"],
  ["TE gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n"],
  ["TE chunked, identity", "Transfer-Encoding: chunked, identity\r\n"],
  ["TE xchunked", "Transfer-Encoding: xchunked\r\n"],
  ["a quoted TE", 'Transfer-Encoding: "chunked"\r\n'],
  ["a TE with a vertical tab's cousin", "Transfer-Encoding: \xa0chunked\r\n"],
  ["an empty TE", "Transfer-Encoding:\r\n"],
  ["a TE with a parameter", "Transfer-Encoding: chunked;q=1\r\n"],
];

const TARGETS: [line: string, expected: string][] = [
  ["CONNECT a.example:443", "tunnel a.example 443"],
  ["CONNECT [::1]:443", "tunnel ::1 443"],
  ["CONNECT a.example", "BAD_HOST"],
  ["CONNECT a.example:443/", "BAD_HOST"],
  ["CONNECT http://a.example:443", "BAD_HOST"],
  ["CONNECT user@a.example:443", "BAD_HOST"],
  ["CONNECT a.example:443@b.example:443", "BAD_HOST"],
  ["CONNECT a.example.:443", "BAD_HOST"],
  ["CONNECT 2130706433:80", "BAD_HOST"],
  ["CONNECT ::1:80", "BAD_HOST"],
  ["CONNECT *:80", "BAD_HOST"],
  ["GET http://a.example", "exchange a.example 80 /"],
  ["GET HTTP://A.example/x?y", "exchange a.example 80 /x?y"],
  ["GET http://a.example?y", "exchange a.example 80 /?y"],
  ["GET http://a.example:8080/", "exchange a.example 8080 /"],
  ["GET http://a.example//evil.com/", "exchange a.example 80 //evil.com/"],
  ["GET http://a.example/@evil.com", "exchange a.example 80 /@evil.com"],
  ["GET http://a.example/\\evil.com", "exchange a.example 80 /\\evil.com"],
  ["GET http://a.example\\@evil.com/", "BAD_HOST"],
  ["GET http://a.example@evil.com/", "BAD_HOST"],
  ["GET http://user:pass@a.example/", "BAD_HOST"],
  ["GET http://@a.example/", "BAD_HOST"],
  ["GET http://a.example:/", "BAD_HOST"],
  ["GET http://a.example:80:80/", "BAD_HOST"],
  ["GET http:///a.example/", "BAD_HOST"],
  ["GET http://", "BAD_HOST"],
  ["GET http://%61.example/", "BAD_HOST"],
  ["GET http://0x7f.1/", "BAD_HOST"],
  ["GET http://a.example#@evil.com/", "BAD_REQUEST"],
  ["GET http://a.example/#x", "BAD_REQUEST"],
  ["GET http:a.example/", "BAD_REQUEST"],
  ["GET //a.example/", "BAD_REQUEST"],
  ["GET /path", "BAD_REQUEST"],
  ["OPTIONS *", "BAD_REQUEST"],
  ["GET https://a.example/", "SCHEME_NOT_SUPPORTED"],
  ["GET ftp://a.example/", "SCHEME_NOT_SUPPORTED"],
  ["GET file:///etc/passwd", "SCHEME_NOT_SUPPORTED"],
  ["TRACE http://a.example/", "METHOD_NOT_ALLOWED"],
  ["PRI http://a.example/", "METHOD_NOT_ALLOWED"],
];

const head = (text: string) => parseRequestHead(Buffer.from(`${text}\r\n`, "latin1"));

function exchangeOf(text: string) {
  const request = head(text);
  const target = readTarget(request);
  if (target.kind !== "exchange") throw new Error("This is no exchange");
  return { ...request, ...target };
}

function describeTarget(read: () => Target): string {
  try {
    const target = read();
    const { host, port } = target.destination;
    const name = host.kind === "name" ? host.name : host.address;
    return [target.kind, name, port, ...(target.kind === "exchange" ? [target.path] : [])].join(
      " ",
    );
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error);
  }
}

describe("a request's head", () => {
  it.each(REFUSED)("with %s is refused", (_what, text) => {
    expect(() => head(text)).toThrow(HeadSyntaxError);
  });

  it.each(AMBIGUOUS)("with %s is refused", (_what, headers) => {
    expect(() => framingOf(head(GET + headers).fields)).toThrow(HeadSyntaxError);
  });

  it.each(TARGETS)("%s leads to %s", (line, expected) => {
    expect(describeTarget(() => readTarget(head(`${line} HTTP/1.1\r\n`)))).toBe(expected);
  });

  it("that is CONNECT has no body", () => {
    const connect = "CONNECT a.example:443 HTTP/1.1\r\n";
    expect(describeTarget(() => readTarget(head(`${connect}Content-Length: 0\r\n`)))).toMatch(
      /^tunnel/,
    );
    for (const field of ["Content-Length: 1", "Transfer-Encoding: chunked"]) {
      expect(describeTarget(() => readTarget(head(`${connect}${field}\r\n`)))).toBe("BAD_REQUEST");
    }
  });

  it("of random bytes throws HeadSyntaxError and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const parse of [parseRequestHead, parseResponseHead]) {
          try {
            parse(Buffer.concat([bytes, Buffer.from("\r\n\r\n")]));
          } catch (error) {
            expect(error).toBeInstanceOf(HeadSyntaxError);
          }
        }
      }),
    );
  });

  it("takes no longer for a value of blanks than for any other", () => {
    const blanks = `${GET}X: ${" ".repeat(16_000)}\x01\r\n${"Y: \t".padEnd(16_000)}y\r\n`;
    const start = performance.now();
    expect(() => head(blanks)).toThrow(HeadSyntaxError);
    expect(performance.now() - start).toBeLessThan(50);
  });
});

describe("a rewritten request", () => {
  it("names the URL's host, and keeps nothing that concerns the client's connection", () => {
    const request = exchangeOf(
      [
        "POST http://A.example:8080/x HTTP/1.1",
        "Host: evil.example",
        "Connection: keep-alive, X-Secret, Content-Length",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic eA==",
        "TE: trailers",
        "Trailer: X",
        "Upgrade: h2c",
        "X-Secret: hop",
        "X-Kept: \xe9",
        "Content-Length: 007",
        "",
      ].join("\r\n"),
    );
    expect(writeRequestHead(request, false).split("\r\n")).toEqual([
      "POST /x HTTP/1.1",
      "host: a.example:8080",
      "content-length: 7",
      "x-kept: \xe9",
      "connection: close",
      "",
      "",
    ]);
  });

  it("asks for a WebSocket where the client did, and only then", () => {
    const ask = `${GET}Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n`;
    const request = exchangeOf(ask);
    expect(wantsWebSocket(request)).toBe(true);
    expect(writeRequestHead(request, true)).toContain("connection: Upgrade\r\nupgrade: websocket");
    expect(wantsWebSocket(head(ask.replace("GET", "POST")))).toBe(false);
    expect(wantsWebSocket(head(ask.replace("WebSocket\r", "h2c\r")))).toBe(false);
    expect(wantsWebSocket(head(ask.replace("Connection: Upgrade", "X: y")))).toBe(false);
  });
});

describe("a rewritten response", () => {
  it("closes the connection, and keeps its own body's coding", () => {
    const text = "HTTP/1.0 200 OK\r\nConnection: keep-alive, Z\r\nZ: 1\r\nSet-Cookie: a\r\n";
    const response = parseResponseHead(
      Buffer.from(`${text}Set-Cookie: b\r\nTransfer-Encoding: chunked\r\n\r\n`),
    );
    expect(writeResponseHead(response, "chunked").split("\r\n")).toEqual([
      "HTTP/1.1 200 OK",
      "set-cookie: a",
      "set-cookie: b",
      "transfer-encoding: chunked",
      "connection: close",
      "",
      "",
    ]);
  });
});

describe("the end of a body", () => {
  const chunked = () => new BodyEnd({ kind: "chunked" });

  it("is where the length says", () => {
    const body = new BodyEnd({ kind: "length", bytes: 5 });
    expect(body.take(Buffer.from("abc"))).toBe(3);
    expect(body.done).toBe(false);
    expect(body.take(Buffer.from("deGET http://"))).toBe(2);
    expect(body.done).toBe(true);
    expect(body.take(Buffer.from("more"))).toBe(0);
  });

  it("is at once without one", () => {
    expect(new BodyEnd({ kind: "none" }).done).toBe(true);
    expect(new BodyEnd({ kind: "length", bytes: 0 }).done).toBe(true);
  });

  it("is behind the last chunk, however the bytes are cut", () => {
    const piece = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 30 }), (pieces, size) => {
        const text = pieces.map((bytes) => [
          Buffer.from(`${bytes.length.toString(16).toUpperCase()}\r\n`),
          bytes,
          Buffer.from("\r\n"),
        ]);
        const body = Buffer.concat([...text.flat(), Buffer.from("0\r\n\r\n")]);
        const stream = Buffer.concat([body, Buffer.from("GET http://evil/ HTTP/1.1")]);
        const end = chunked();
        let taken = 0;
        for (let at = 0; at < stream.length; at += size) {
          taken += end.take(stream.subarray(at, at + size));
        }
        expect(taken).toBe(body.length);
        expect(end.done).toBe(true);
      }),
    );
  });

  it.each([
    ["an extension", "5;a=b\r\n"],
    ["no size", "\r\n"],
    ["a sign", "+5\r\n"],
    ["a prefix", "0x5\r\n"],
    ["a space", "5 \r\n"],
    ["a leading space", " 5\r\n"],
    ["an underscore", "1_0\r\n"],
    ["a bare LF", "5\n"],
    ["a CR alone", "5\rX"],
    ["nine digits", "000000001\r\n"],
    ["data that is too long", "1\r\nab\r\n"],
    ["a bare LF behind the data", "1\r\na\n"],
    ["a trailer", "0\r\nX: y\r\n\r\n"],
    ["a bare LF at the end", "0\r\n\n"],
  ])("is refused with %s", (_what, text) => {
    expect(() => chunked().take(Buffer.from(text))).toThrow(HeadSyntaxError);
  });
});
