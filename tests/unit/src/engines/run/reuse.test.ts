import { describe, expect, it } from "vitest";
import { BadRequest } from "../../../../../src/base/errors.ts";
import type { JobGrants } from "../../../../../src/engines/contract/contract.ts";
import { assertReusable, codeReuseKey } from "../../../../../src/engines/run/reuse.ts";

const grants: JobGrants = {
  worker: {
    env: false,
    net: ["a.example:443"],
    read: false,
    write: false,
    sys: false,
    run: false,
    ffi: false,
    import: false,
  },
  env: { TOKEN: "a" },
  egress: ["a.example:443"],
};
const parts = {
  tenant: "default",
  code: "export default () => 1",
  entry: "default",
  tools: [{ name: "crypto", config: { limit: 1 } }],
  grants,
  profile: { memory: 256, cpus: 1 },
};

describe("the key of reuse", () => {
  it("is the same for the same", () => {
    expect(codeReuseKey(structuredClone(parts))).toBe(codeReuseKey(parts));
    expect(codeReuseKey(parts)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ["tenant", { tenant: "other" }],
    ["code", { code: `${parts.code} ` }],
    ["entry", { entry: "other" }],
    ["tools", { tools: [] }],
    ["a tool's settings", { tools: [{ name: "crypto", config: { limit: 2 } }] }],
    ["grants", { grants: undefined }],
    ["a granted host", { grants: { ...grants, egress: ["b.example:443"] } }],
    ["a variable's value", { grants: { ...grants, env: { TOKEN: "b" } } }],
    ["memory", { profile: { memory: 128, cpus: 1 } }],
    ["a mount", { profile: { ...parts.profile, mounts: [{ source: "/a", target: "/b" }] } }],
  ])("is another for another %s", (_what, change) => {
    expect(codeReuseKey({ ...parts, ...change })).not.toBe(codeReuseKey(parts));
  });

  it("takes no part for the end of another", () => {
    expect(codeReuseKey({ ...parts, code: "ab", entry: "c" })).not.toBe(
      codeReuseKey({ ...parts, code: "a", entry: "bc" }),
    );
  });
});

describe("what can be reused", () => {
  it("has no tools, or those without a state", () => {
    expect(() => assertReusable([])).not.toThrow();
    expect(() => assertReusable(parts.tools)).not.toThrow();
  });

  it.each(["channel", "own"])("has not the tool %s", (name) => {
    expect(() => assertReusable([{ name, config: {} }])).toThrow(BadRequest);
  });
});
