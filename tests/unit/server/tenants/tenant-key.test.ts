import { describe, expect, it } from "vitest";
import { readSettings } from "../../../../server/settings.ts";
import { KeyFinder } from "../../../../server/tenants/keys/key-finder.ts";
import { formatKey, newKey, parseKey } from "../../../../server/tenants/keys/tenant-key.ts";

describe("the id of a key", () => {
  it("begins with its cell, if there are cells", () => {
    for (const [cell, form] of [
      [undefined, /^isolate_[0-9a-f]{16}_/],
      ["0a", /^isolate_0a[0-9a-f]{16}_/],
    ] as const) {
      const key = newKey(cell);
      const text = formatKey(key);
      expect(text).toMatch(form);
      expect(parseKey(text)).toEqual(key);
      expect(new KeyFinder("the operator's key").isIn(`const key = "${text}";`)).toBe(true);
    }
    expect(parseKey(formatKey({ id: "0".repeat(17), secret: "s".repeat(43) }))).toBeUndefined();
  });

  it("has the cell of the setting", () => {
    expect(readSettings({ ISOLATE_CELL: "0a" }).cell).toBe("0a");
    expect(readSettings({ ISOLATE_CELL: "" }).cell).toBeUndefined();
    for (const bad of ["0A", "1", "001"]) {
      expect(() => readSettings({ ISOLATE_CELL: bad })).toThrow("ISOLATE_CELL");
    }
  });
});
