import { readFileSync } from "node:fs";
/** Tests which denials a permission would have prevented, and that hint and field agree. */
import { describe, expect, it } from "vitest";
import { denialOf, permissionFor } from "../../../../../src/engines/explain/denials.ts";
import { egressWords } from "../../../../../src/engines/explain/egress-words.ts";
import { hintFor, proxyHint } from "../../../../../src/engines/explain/hints.ts";
import type { Denial } from "../../../../../src/request/types.ts";

const refused = (kind: string, value: string) => ({
  name: "NotCapable",
  message: `Requires ${kind} access to "${value}", run again with the --allow-${kind} flag`,
});

describe("a denial by the Worker", () => {
  it.each([
    ["net", "x.org:443"],
    ["net", "1.1.1.1:53"],
    ["net", "[2606:4700::1111]:443"],
    ["env", "TOKEN"],
    ["read", "/data/a"],
    ["write", "/tmp/a"],
    ["sys", "cpus"],
  ] as const)("of %s %s names what would allow it", (kind, value) => {
    const denial = denialOf(refused(kind, value));
    const permission = { [kind]: [value] };
    expect(denial).toEqual({ kind, value, by: "worker" });
    expect(permissionFor(denial as Denial, "container")).toEqual(permission);
    expect(hintFor(refused(kind, value), denial, "container")).toBe(
      `Add ${JSON.stringify(permission)} to "permissions"`,
    );
  });

  it.each([
    ["net", "169.254.169.254:80"],
    ["net", "168.63.129.16:80"],
    ["net", "[fd00:ec2::254]:80"],
    ["net", "10.0.0.1:5432"],
    ["net", "100.64.0.1:80"],
    ["net", "127.0.0.1:8080"],
    ["net", "localhost:5432"],
    ["net", "0.0.0.0:8000"],
    ["net", "[::]:0"],
    ["net", "[::1]:80"],
    ["net", "x y:80"],
    ["env", "A-B"],
    ["read", "/proc/self/environ"],
    ["read", "relative"],
    ["read", "/a\n/b"],
    ["write", "/data"],
    ["sys", "ca"],
    ["run", "/bin/sh"],
    ["ffi", "/lib/x.so"],
    ["import", "x.org:443"],
  ] as const)("of %s %j names nothing, for nothing would allow it", (kind, value) => {
    const denial = { kind, value, by: "worker" } as const;
    expect(permissionFor(denial, "container")).toBeUndefined();
    expect(hintFor(refused(kind, value), denial, "container") ?? "").not.toContain("Add ");
  });

  it("is judged by what its level can be granted", () => {
    const local = { kind: "net", value: "127.0.0.1:8080", by: "worker" } as const;
    expect(permissionFor(local, "isolated")).toEqual({ net: ["127.0.0.1:8080"] });
    expect(permissionFor({ ...local, kind: "write", value: "/tmp/a" }, "isolated")).toBeUndefined();
  });

  it("is none of a failure that only looks like one", () => {
    expect(denialOf({ ...refused("net", "x.org:443"), name: "Error" })).toBeUndefined();
    expect(denialOf({ name: "NotCapable", message: "Requires a lot" })).toBeUndefined();
  });
});

describe("a denial by the proxy", () => {
  it.each([
    ["HOST_NOT_ALLOWED", "x.org:22", { net: ["x.org:22"] }],
    ["PORT_NOT_ALLOWED", "x.org:22", { net: ["x.org:22"] }],
    ["HOST_NOT_ALLOWED", "127.0.0.1:22", undefined],
    ["HOST_NOT_ALLOWED", "??:22", undefined],
    ["ADDRESS_NOT_ALLOWED", "x.org:22", undefined],
    ["METADATA_ADDRESS", "x.org:80", undefined],
    ["LIMIT_TUNNELS", "x.org:80", undefined],
    ["BAD_REQUEST", "", undefined],
  ])("%s of %j: %j", (code, value, permission) => {
    const denial = { kind: "net", value, by: "egress", code, count: 1 } as const;
    expect(permissionFor(denial, "container")).toEqual(permission);
  });
});

describe("hints about the network", () => {
  it.each([
    ["Error", "getaddrinfo EPERM x.org"],
    ["Error", "failed to lookup address information: Temporary failure in name resolution"],
    ["NotCapable", 'Requires net access to "0.0.0.0:0"'],
  ])("are for containers: %s %s", (name, message) => {
    expect(hintFor({ name, message }, undefined, "container")).toMatch(/./);
    expect(hintFor({ name, message }, undefined, "isolated")).toBeUndefined();
  });

  it("tell listening from connecting by the runtime's frame, not by a name of the code's", () => {
    const { name, message } = refused("net", "x.org:80");
    const hint = (frame: string) =>
      hintFor(
        { name, message, stack: `${name}: ${message}\n    at ${frame}` },
        undefined,
        "container",
      );
    expect(hint("Object.listen (ext:deno_net/01_net.js:1:7011)")).toMatch(/cannot listen/);
    expect(hint("Object.connect (ext:deno_net/01_net.js:1:8648)")).toBeUndefined();
    expect(hint("listen (main.ts:1:1)")).toBeUndefined();
  });
});

describe("the hint of a failed fetch", () => {
  const denied = [{ kind: "net", value: "x.org:443", by: "egress", code: "LIMIT_BYTES" }] as const;
  const of = (message?: string) => ({
    name: "TypeError",
    message: "fetch failed",
    ...(message !== undefined && { cause: { name: "Error", message } }),
  });

  it("is the proxy's refusal, unless the cause is another one", () => {
    const hint = `The egress proxy refused x.org:443: LIMIT_BYTES, ${egressWords("LIMIT_BYTES")}`;
    expect(proxyHint(of(), denied)).toBe(hint);
    expect(proxyHint(of("(Connect): the egress proxy refused x.org:443"), denied)).toBe(hint);
    expect(proxyHint(of("invalid peer certificate: UnknownIssuer"), denied)).toBeUndefined();
    expect(proxyHint(of(), [])).toBeUndefined();
  });

  it("has words for each code of the proxy, also for a raw connection", () => {
    const page = readFileSync(
      new URL("../../../../../docs/security/egress.md", import.meta.url),
      "utf8",
    );
    const codes = [...page.matchAll(/^\| `([A-Z_]+)` \| \d{3} \|/gm)].map(([, code = ""]) => code);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => egressWords(code) === undefined)).toEqual([]);
    const message = "The egress proxy refused db.x:5432: RESOLVE_FAILED";
    const hint = hintFor({ name: "ConnectionRefused", message }, undefined, "container");
    expect(hint).toBe(`RESOLVE_FAILED: ${egressWords("RESOLVE_FAILED")}`);
    expect(egressWords("toString")).toBeUndefined();
  });
});
