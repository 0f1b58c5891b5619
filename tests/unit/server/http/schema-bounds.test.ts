import { describe, expect, it } from "vitest";
import { z } from "zod";
import { assertBounded } from "../../../../server/http/schema-bounds.ts";
import { batchMember } from "../../../../server/replies/batch-member.ts";
import { BadRequest } from "../../../../src/base/errors.ts";
import { deployBody } from "../../../../src/contract/functions.ts";
import { sentRequest } from "../../../../src/request/sent-request.ts";

const many = (count: number, value: unknown = 1): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, value]));
const batch = z.strictObject({ requests: z.array(batchMember).min(1).max(100) });

describe("members of a body", () => {
  it.each([
    ["files", deployBody, { files: many(1_001) }],
    ["k0", deployBody, many(2_000)],
    ["tools", sentRequest, { code: "", tools: Array(101).fill(1) }],
    ["requests", batch, { requests: Array(101).fill({}) }],
    ["requests[10]", batch, { requests: Array(100).fill(many(1_900)) }],
  ])("are bounded before they are validated: %s", (field, schema, value) => {
    // The schema itself would report each of them.
    let fault: unknown;
    try {
      assertBounded(schema, value);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(BadRequest);
    if (field !== "requests[10]") expect(fault).toMatchObject({ field });
  });

  it.each([
    ["what a schema leaves open", sentRequest, { code: "", input: Array(30_000).fill(1) }],
    ["as many as its schema allows", sentRequest, { code: "", tools: Array(100).fill("a") }],
    ["as many files as a bundle has", deployBody, { files: many(200, "") }],
    [
      "a request in a batch that has its own error",
      batch,
      { requests: [{ tools: Array(101).fill(1) }] },
    ],
    ["no object at all", sentRequest, [1]],
  ])("may be %s", (_what, schema, value) => {
    expect(() => assertBounded(schema, value)).not.toThrow();
  });
});
