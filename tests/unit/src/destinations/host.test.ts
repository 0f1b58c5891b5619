import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatHost,
  HostError,
  parseAuthority,
  parseHost,
} from "../../../../src/destinations/host.ts";
import { runs } from "../../../helpers/fuzz.ts";

const ACCEPTED: [text: string, canonical: string][] = [
  ["example.com", "example.com"],
  ["API.Example.COM", "api.example.com"],
  ["localhost", "localhost"],
  ["a", "a"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["a-b.c--d.example", "a-b.c--d.example"],
  ["1.2.3.example", "1.2.3.example"],
  ["123.com", "123.com"],
  [`${"a".repeat(63)}.example`, `${"a".repeat(63)}.example`],
  ["1e3", "1e3"],
  ["0.0.0.0", "0.0.0.0"],
  ["127.0.0.1", "127.0.0.1"],
  ["255.255.255.255", "255.255.255.255"],
  ["[::1]", "[::1]"],
  ["[2001:DB8:0:0::1]", "[2001:db8::1]"],
  ["[0:0:0:0:0:0:0:1]", "[::1]"],
  ["[::FFFF:127.0.0.1]", "[::ffff:7f00:1]"],
];

const REFUSED: [what: string, text: string][] = [
  ["nothing", ""],
  ["a dot", "."],
  ["a trailing dot", "example.com."],
  ["two trailing dots", "example.com.."],
  ["a leading dot", ".example.com"],
  ["an empty label", "a..b"],
  ["a leading hyphen", "-a.example"],
  ["a trailing hyphen", "a-.example"],
  ["a hyphen alone", "-"],
  ["an underscore", "a_b.example"],
  ["a label of 64", `${"a".repeat(64)}.example`],
  ["a name of 254", `${"a.".repeat(125)}abcd`],
  ["a NUL", "example.com\0"],
  ["a NUL within", "good.com\0.evil.com"],
  ["a CR", "example.com\r"],
  ["a LF", "example.com\n"],
  ["a tab", "example.com\t"],
  ["a space", "example.com "],
  ["a leading space", " example.com"],
  ["a percent sign", "example%2ecom"],
  ["an encoded host", "%65xample.com"],
  ["an at sign", "good.com@evil.com"],
  ["a backslash", "good.com\\evil.com"],
  ["a slash", "good.com/evil.com"],
  ["a question mark", "good.com?evil.com"],
  ["a hash", "good.com#evil.com"],
  ["a comma", "good.com,evil.com"],
  ["a semicolon", "good.com;evil.com"],
  ["an asterisk", "*.example.com"],
  ["a quote", "good.com'"],
  ["a colon", "good.com:80"],
  ["a bare IPv6 address", "::1"],
  ["an umlaut", "bücher.example"],
  ["a full-width letter", "ｅxample.com"],
  ["a Kelvin sign", "\u212Aube.example"],
  ["a dotted capital I", "\u0130.example"],
  ["a long s", "example.\u017Fe"],
  ["an ideographic full stop", "example\u3002com"],
  ["a full-width dot", "127\uFF0E0.0.1"],
  ["circled digits", "①②⑦.0.0.1"],
  ["a soft hyphen", "exam\u00ADple.com"],
  ["a zero-width space", "exam\u200Bple.com"],
  ["DEL", "example.com\x7f"],
  ["a short address", "127.1"],
  ["an address of three parts", "127.0.1"],
  ["a decimal address", "2130706433"],
  ["an octal address", "017700000001"],
  ["a hex address", "0x7f000001"],
  ["a hex part", "0x7f.1"],
  ["a hex last part", "127.0.0.0x1"],
  ["an upper-case hex part", "127.0.0.0X1"],
  ["an empty hex part", "127.0.0.0x"],
  ["an octal part", "0177.0.0.1"],
  ["a leading zero", "127.0.0.01"],
  ["a part of 256", "127.0.0.256"],
  ["five parts", "1.2.3.4.5"],
  ["an address with a trailing dot", "127.0.0.1."],
  ["a plus sign", "+127.0.0.1"],
  ["zero", "0"],
  ["a name that ends in a number", "example.123"],
  ["a bracketed IPv4 address", "[127.0.0.1]"],
  ["a bracketed name", "[example.com]"],
  ["an empty bracket", "[]"],
  ["an open bracket", "[::1"],
  ["a closing bracket", "::1]"],
  ["a doubled bracket", "[[::1]]"],
  ["a zone", "[fe80::1%eth0]"],
  ["an encoded zone", "[fe80::1%25eth0]"],
  ["a future address", "[v1.fe80::1]"],
  ["two gaps", "[1::2::3]"],
  ["nine groups", "[1:2:3:4:5:6:7:8:9]"],
  ["a group of five digits", "[::12345]"],
  ["an octal tail", "[::ffff:0177.0.0.1]"],
  ["a short tail", "[::ffff:127.1]"],
  ["text behind the bracket", "[::1].example.com"],
  ["a space in the bracket", "[::1 ]"],
];

const AUTHORITIES: [text: string, port: number | undefined][] = [
  ["example.com:443", 443],
  ["example.com:1", 1],
  ["example.com:65535", 65_535],
  ["[::1]:80", 80],
  ["example.com", undefined],
  ["[::1]", undefined],
  ["example.com:", undefined],
  ["example.com:0", undefined],
  ["example.com:00", undefined],
  ["example.com:080", undefined],
  ["example.com:65536", undefined],
  ["example.com:99999", undefined],
  ["example.com:4294967376", undefined],
  ["example.com:+80", undefined],
  ["example.com:-80", undefined],
  ["example.com:0x50", undefined],
  ["example.com:8e1", undefined],
  ["example.com:80 ", undefined],
  ["example.com: 80", undefined],
  ["example.com:80:80", undefined],
  ["example.com:80@evil.com:80", undefined],
  ["user@example.com:80", undefined],
  ["user:80@evil.com:80", undefined],
  ["example.com:\u0668\u0660", undefined],
  ["::1:80", undefined],
  ["[::1]80", undefined],
  [":80", undefined],
  ["", undefined],
];

describe("a host", () => {
  it.each(ACCEPTED)("%j is read as %s", (text, canonical) => {
    expect(formatHost(parseHost(text))).toBe(canonical);
  });

  it.each(REFUSED)("with %s is refused", (_what, text) => {
    expect(() => parseHost(text)).toThrow(HostError);
  });

  it("is the same however often it is read", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.domain(),
          fc.ipV4(),
          fc.ipV6().map((ip) => `[${ip}]`),
        ),
        (text) => {
          const once = formatHost(parseHost(text));
          expect(formatHost(parseHost(once))).toBe(once);
        },
      ),
    );
  });

  it("has no spelling that another reader takes for an address", () => {
    const piece = fc.oneof(
      fc.constantFrom("0x", "0", "7f", "127", ".", "1", "e", "a", "-", "x"),
      fc.nat(300).map(String),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join("");
        const kind = kindOf(text);
        if (kind !== "name") return;
        // A browser's parser must produce the same name.
        expect(new URL(`http://${text}/`).hostname).toBe(text);
      }),
      { numRuns: runs(2_000) },
    );
  });
});

function kindOf(text: string): "name" | "address" | "none" {
  try {
    return parseHost(text).kind;
  } catch {
    return "none";
  }
}

describe("an authority", () => {
  it.each(AUTHORITIES)("%j has the port %s", (text, port) => {
    if (port === undefined) expect(() => parseAuthority(text)).toThrow(HostError);
    else expect(parseAuthority(text).port).toBe(port);
  });

  it("without a port has the default one", () => {
    expect(parseAuthority("example.com", 80).port).toBe(80);
    expect(() => parseAuthority("example.com:", 80)).toThrow(HostError);
  });
});
