/** Tests which limit applies to code, and which setting its refusal names. */
import { expect, it } from "vitest";
import { config } from "../../../../src/config/config.ts";
import { Kernel, type RunOptions } from "../../../../src/kernel/kernel.ts";
import type { Tenant } from "../../../../src/request/tenant.ts";
import { RecordingEngine } from "../../../fakes/recording-engine.ts";

const CODE_BYTES = 50;
const BUNDLE_BYTES = 70;
const engine = new RecordingEngine("container");
const kernel = new Kernel({
  config: config({ maxSize: CODE_BYTES, maxBundleSize: BUNDLE_BYTES }),
  engines: [engine],
});

/** Makes code of so many bytes, some of which belong to a character of four. */
function codeOf(bytes: number): string {
  const start = "export default () => '𝄞'";
  return start.padEnd(start.length + bytes - Buffer.byteLength(start), ";");
}

type Limits = Pick<Tenant, "maxSize" | "maxBundleSize">;

it.each<[string, boolean, Limits, number, string]>([
  ["code", false, {}, CODE_BYTES, "the limit of 50 (maxSize, ISOLATE_CODE_BYTES)"],
  ["a bundle", true, {}, BUNDLE_BYTES, "the limit of 70 (maxBundleSize, ISOLATE_BUNDLE_BYTES)"],
  ["a tenant's code", false, { maxSize: 40 }, 40, "this tenant's limit of 40 (codeBytes)"],
  ["a tenant's bundle", true, { maxBundleSize: 40 }, 40, "this tenant's limit of 40 (bundleBytes)"],
  ["a bundle beside codeBytes", true, { maxSize: 40 }, BUNDLE_BYTES, "the limit of 70 ("],
  ["code beside bundleBytes", false, { maxBundleSize: 40 }, CODE_BYTES, "the limit of 50 ("],
  ["a tenant that may have more", false, { maxSize: 99 }, CODE_BYTES, "the limit of 50 ("],
])(
  "%s is taken up to its limit, and refused beyond it",
  async (_what, isBundle, limits, most, end) => {
    const options: RunOptions = { isBundle, tenant: { id: "acme", ...limits } };
    const ways = [
      (code: string) => kernel.execute({ code }, options),
      (code: string) => kernel.plan({ code }, options),
      (code: string) => kernel.check({ code }, options),
    ];
    for (const run of ways) {
      await run(codeOf(most));
      await expect(run(codeOf(most + 1))).rejects.toMatchObject({
        code: "PAYLOAD_TOO_LARGE",
        field: "code",
        message: expect.stringContaining(`code: ${most + 1} bytes exceed ${end}`),
      });
    }
  },
);

it("a request cannot say that it is a bundle", async () => {
  const request = { code: codeOf(BUNDLE_BYTES), isBundle: true };
  await expect(kernel.execute(request)).rejects.toMatchObject({ field: "isBundle" });
});

it.each([
  ["a NUL byte", "\0"],
  ["half a surrogate pair", "\ud834"],
])("long code with %s is refused each time", async (_what, fault) => {
  const large = new Kernel({ config: config(), engines: [engine] });
  const code = `export default () => 1;${" ".repeat(20_000)}${fault}`;
  for (const _ of [1, 2])
    await expect(large.check({ code })).rejects.toMatchObject({ field: "code" });
  await large.check({ code: code.slice(0, -1) });
});
