import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBytes } from "../../server/http/body/body.ts";
import { readBody } from "../../server/http/json-thread/read.ts";
import { FormParser } from "../../server/resources/form-parser.ts";
import { KeyFinder } from "../../server/tenants/keys/key-finder.ts";
import { BadRequest, PayloadTooLarge } from "../../src/base/errors.ts";
import { jsonShape } from "../../src/base/json-shape.ts";
import { FUZZ, FUZZ_TIMEOUT } from "../helpers/fuzz.ts";

const chunked = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });

/** Cuts bytes at any places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, n) => bytes.subarray(at[n - 1] ?? 0, end));
}

describe("what arrives as a body", () => {
  it(
    "is read byte for byte however it is cut, counted, and never beyond its limit",
    async () => {
      const property = fc.asyncProperty(chunked, fc.nat(600), async (chunks, maxBytes) => {
        const whole = Buffer.concat(chunks);
        let counted = 0;
        const body = new ReadableStream({
          start(out) {
            for (const chunk of chunks) out.enqueue(chunk);
            out.close();
          },
        });
        const init = { method: "POST", body, duplex: "half" };
        const request = new Request("http://localhost/", init as RequestInit);
        const share = {
          add(bytes: number) {
            counted += bytes;
          },
        };
        const read = readBytes({ request }, { maxBytes, share });
        if (whole.length > maxBytes) await expect(read).rejects.toBeInstanceOf(PayloadTooLarge);
        else expect(Buffer.compare(Buffer.from(await read), whole)).toBe(0);
        expect(counted).toBeLessThanOrEqual(maxBytes);
        if (whole.length <= maxBytes) expect(counted).toBe(whole.length);
      });
      await fc.assert(property, FUZZ);
    },
    FUZZ_TIMEOUT,
  );

  it(
    "is the same JSON with its input as text, or is refused as a mistake of its sender's",
    () => {
      const value = fc.oneof(
        fc.record({ code: fc.string(), input: fc.jsonValue() }, { requiredKeys: [] }),
        fc.record({
          requests: fc.array(fc.oneof(fc.record({ input: fc.jsonValue() }), fc.jsonValue())),
        }),
        fc.jsonValue(),
      );
      const changes = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 2 });
      const property = fc.property(value, changes, (given, changed) => {
        const bytes = Buffer.from(JSON.stringify(given));
        for (const [at, byte] of changed) if (at < bytes.length) bytes[at] = byte;
        let expected: unknown;
        try {
          expected = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
        } catch {
          expect(() => readBody(bytes)).toThrow(BadRequest);
          return;
        }
        const { body, inputs } = readBody(bytes);
        for (const { of, text } of inputs) {
          const whole = body as WithInputs;
          const held = of === "arguments" ? whole.params.arguments : undefined;
          const holder = held ?? (typeof of === "number" ? whole.requests[of] : whole);
          if (holder !== undefined) holder.input = JSON.parse(text);
        }
        expect(isDeepStrictEqual(body, expected)).toBe(true);
      });
      fc.assert(property, FUZZ);
    },
    FUZZ_TIMEOUT,
  );

  it(
    "has no more of anything than its shape says",
    () => {
      const property = fc.property(fc.json(), (text) => {
        const { depth, containers, names, commas } = jsonShape(text);
        let [values, members] = [0, 0];
        JSON.parse(text, function count(key, value) {
          values += 1;
          if (!Array.isArray(this) && key !== "") members += 1;
          return value;
        });
        expect(values).toBeLessThanOrEqual(commas + containers + 1);
        expect(members).toBeLessThanOrEqual(names);
        expect(depth).toBeLessThanOrEqual(containers);
      });
      fc.assert(property, FUZZ);
    },
    FUZZ_TIMEOUT,
  );
});

describe("a form", () => {
  const TYPE = "multipart/form-data; boundary=edge";
  const parse = async (chunks: readonly Uint8Array[]) => {
    const parser = new FormParser(TYPE);
    for (const chunk of chunks) parser.write(chunk);
    return parser.end();
  };
  const part = fc.tuple(fc.constantFrom("manifest", "archive", "other"), fc.uint8Array());

  it(
    "has the first part of each name, however it is cut",
    async () => {
      const parts = fc.array(part, { minLength: 1, maxLength: 6 });
      const places = fc.array(fc.nat(3_000), { maxLength: 10 });
      const property = fc.asyncProperty(parts, places, async (given, at) => {
        const bytes = Buffer.concat([
          ...given.flatMap(([name, content]) => [
            Buffer.from(
              `--edge\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\n`,
            ),
            content,
            Buffer.from("\r\n"),
          ]),
          Buffer.from("--edge--\r\n"),
        ]);
        const form = await parse(cut(bytes, at));
        const first = new Map(given.toReversed());
        expect(new Set(form.keys())).toEqual(new Set(first.keys()));
        for (const [name, content] of first) {
          expect(Buffer.compare(form.get(name) as Uint8Array, content)).toBe(0);
        }
      });
      await fc.assert(property, FUZZ);
    },
    FUZZ_TIMEOUT,
  );

  it(
    "of any bytes is read, or refused as a mistake of its sender's",
    async () => {
      const piece = fc.oneof(
        fc.constantFrom("--edge", "--edge--", "\r\n", "\r\n\r\n", "\n", ": ", ";", '"'),
        fc.constantFrom('Content-Disposition: form-data; name="a"', "; filename*=utf-8''%zz", "=?"),
        fc.constantFrom(
          "Content-Type: text/plain; charset=utf-16",
          "Content-Transfer-Encoding: base64",
        ),
        fc.string({ maxLength: 8 }),
      );
      const pieces = fc.array(piece, { maxLength: 40 });
      const places = fc.array(fc.nat(1_000), { maxLength: 6 });
      const property = fc.asyncProperty(pieces, places, async (given, at) => {
        try {
          const form = await parse(cut(Buffer.from(given.join("")), at));
          expect(form.size).toBeLessThanOrEqual(16);
        } catch (error) {
          expect([BadRequest, PayloadTooLarge]).toContain((error as Error).constructor);
        }
      });
      await fc.assert(property, FUZZ);
    },
    FUZZ_TIMEOUT,
  );
});

describe("a key in what code is going to see", () => {
  const ADMIN = "The=operator's,key_is~32+characters";
  const finder = new KeyFinder(ADMIN);
  const percent = (text: string) => text.replace(/./gs, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const spellings: ((key: string) => string)[] = [
    (key) => key,
    (key) => key.toUpperCase(),
    (key) => percent(key),
    (key) => percent(percent(key)),
    (key) => Buffer.from(`user:${key}`).toString("base64"),
    (key) => Buffer.from(`user:${key}`).toString("base64url"),
  ];
  const key = fc.constantFrom(ADMIN, `isolate_0123456789abcdef_${"x".repeat(43)}`);
  const around = fc.string({ unit: "grapheme-ascii", maxLength: 40 });

  it(
    "is found wherever it is and however it is spelled",
    () => {
      const separator = fc.constantFrom("", " ", ";", "=", '"', ",", "&", "/", "-");
      const property = fc.property(
        ...([key, around, around, separator, fc.constantFrom(...spellings)] as const),
        (secret, before, after, edge, spelled) => {
          expect(finder.isIn(`${before}${edge}${spelled(secret)}${edge}${after}`)).toBe(true);
        },
      );
      fc.assert(property, FUZZ);
    },
    FUZZ_TIMEOUT,
  );

  it(
    "is not seen where there is none",
    () => {
      const property = fc.property(fc.string({ maxLength: 2_000 }), (text) => {
        expect(finder.isIn(text)).toBe(false);
        expect(finder.isIn(ADMIN.slice(1) + text)).toBe(false);
      });
      fc.assert(property, FUZZ);
    },
    FUZZ_TIMEOUT,
  );
});

interface WithInputs {
  input: unknown;
  readonly requests: { input: unknown }[];
  readonly params: { readonly arguments: { input: unknown } };
}
