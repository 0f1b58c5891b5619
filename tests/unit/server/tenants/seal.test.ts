import { describe, expect, it } from "vitest";
import { Sealer } from "../../../../server/tenants/seal.ts";

const sealer = new Sealer(new Uint8Array(32).fill(1));
const TEXT = '{"env":{"TOKEN":"s3cret"}}';

describe("a sealed text", () => {
  it("opens for the tenant it was sealed for, and shows nothing before", () => {
    const sealed = sealer.seal("acme", TEXT);
    expect(sealer.open("acme", sealed)).toBe(TEXT);
    expect(Buffer.from(sealed.slice(3), "base64url").toString("latin1")).not.toContain("s3cret");
    expect(sealer.seal("acme", TEXT)).not.toBe(sealed);
  });

  it("opens for no other tenant, with no other key, and not once it is changed", () => {
    const sealed = sealer.seal("acme", TEXT);
    expect(() => sealer.open("globex", sealed)).toThrow();
    const other = new Sealer(new Uint8Array(32).fill(2));
    expect(() => other.open("acme", sealed)).toThrow();
    const bytes = Buffer.from(sealed.slice(3), "base64url");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open("acme", `v1.${changed.toString("base64url")}`)).toThrow();
    }
    expect(() => sealer.open("acme", sealed.slice(0, 30))).toThrow();
    expect(() => sealer.open("acme", TEXT)).toThrow();
  });
});
