/** Tests the words of the proxy's refusals, as the error of a `fetch` has them. */
import { describe, expect, it } from "vitest";
import { failureText, isFailure } from "../../../runner-image/proxy-failures.ts";
import { type RefusalCode, STATUS } from "../../../src/destinations/refusal.ts";

const target = "x.org:443";

describe("the words of a refusal", () => {
  it("are those of the runtime for a host that cannot be reached", () => {
    const text = (code: string, reason?: string) => failureText({ target, code, reason });
    expect(text("DIAL_FAILED", "ECONNREFUSED")).toMatch(/Connection refused \(os error 111\)$/);
    expect(text("DIAL_FAILED", "EHOSTUNREACH")).toMatch(/No route to host \(os error 113\)$/);
    expect(text("DIAL_FAILED", "constructor")).toMatch(/Connection failed$/);
    expect(text("RESOLVE_FAILED", "ECONNREFUSED")).toMatch(/Name or service not known$/);
    expect(text("toString")).toBe("(Connect): the egress proxy refused x.org:443: toString");
  });

  it("are a failure for every status of 500 and more, and for no other", () => {
    for (const code of Object.keys(STATUS) as RefusalCode[]) {
      expect([code, isFailure(code)]).toEqual([code, STATUS[code] >= 500]);
    }
    expect(isFailure("__proto__")).toBe(false);
  });
});
