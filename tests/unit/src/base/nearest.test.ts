/** Tests the questions about unknown names. */
import { describe, expect, it } from "vitest";
import { didYouMean } from "../../../../src/base/nearest.ts";
import { createIsolate } from "../../../../src/isolate.ts";

const FIELDS = ["code", "input", "entry", "timeout", "sandbox", "permissions", "tools"];

describe("an unknown name", () => {
  it.each([
    ["permisions", "permissions"],
    ["permission", "permissions"],
    ["Timeout", "timeout"],
    ["tiemout", "timeout"],
    ["time_out", "timeout"],
    ["tool", "tools"],
    ["entyr", "entry"],
  ])("%s is taken for %s", (given, meant) => {
    expect(didYouMean(given, FIELDS)).toBe(`; did you mean "${meant}"?`);
  });

  it.each(["x", "co", "files", "isolation", "", "permissions".repeat(10), "toString"])(
    "%j is taken for none",
    (given) => expect(didYouMean(given, FIELDS)).toBe(""),
  );
});

describe("a request with an unknown name", () => {
  it.each([
    [{ permisions: {} }, 'permisions: Unknown field "permisions"; did you mean "permissions"?'],
    [{ callbakc: {} }, 'callbakc: Unknown field "callbakc"'],
    [
      { tools: ["cripto"] },
      'tools[0]: Unknown tool "cripto"; there is crypto, channel, database, db; did you mean "crypto"?',
    ],
    [{ permissions: { nett: [] } }, 'permissions.nett: is no permission; did you mean "net"?'],
  ])("%j is told which is meant", async (fields, message) => {
    const isolate = await createIsolate({ trusted: true, useCluster: false, ready: false });
    const asked = { code: "export default () => 1", sandbox: "none" as const, ...fields };
    await expect(isolate.execute(asked)).rejects.toMatchObject({ status: 400, message });
    await isolate.close();
  });

  it("is told about fields of objects within", async () => {
    const config = { cluster: { mim: 1 } } as object;
    await expect(createIsolate({ config })).rejects.toMatchObject({
      message: 'cluster.mim: Unknown field "mim"; did you mean "min"?',
    });
  });
});
