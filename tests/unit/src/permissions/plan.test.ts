/** Tests a plan's grants apart from `net`, its refusals, and its messages. */
import { describe, expect, it } from "vitest";
import type { ListName } from "../../../../src/permissions/perms.ts";
import { outcome, planned } from "../../../helpers/plan.ts";

describe("an element", () => {
  // The list, the element, and its results in a container and at level isolated.
  it.each<[ListName, string, string, string?]>([
    ["read", "/data", "granted", "forbidden"],
    ["read", "/data/a b/ü", "granted", "forbidden"],
    ["read", "/data/.hidden", "granted", "forbidden"],
    ["read", "/same/x", "granted", "granted"],
    ["read", "/tmp", "granted", "forbidden"],
    ["read", "/tmp/x", "granted", "forbidden"],
    ["read", "/tmpx", "forbidden"],
    ["read", "/database", "forbidden"],
    ["read", "/srv/data", "forbidden"],
    ["read", "/DATA", "forbidden"],
    ["read", "/", "forbidden"],
    ["read", "/etc/passwd", "forbidden"],
    ["read", "/proc", "forbidden"],
    ["read", "/run/x", "forbidden"],
    ["read", "data", "invalid"],
    ["read", "./data", "invalid"],
    ["read", "/data/../etc", "invalid"],
    ["read", "/data/..", "invalid"],
    ["read", "/data/./x", "invalid"],
    ["read", "/data//x", "invalid"],
    ["read", "//data", "invalid"],
    ["read", "/data/", "invalid"],
    ["read", "file:///data", "invalid"],
    ["read", "~", "invalid"],
    ["read", "*", "invalid"],
    ["write", "/tmp", "granted", "forbidden"],
    ["write", "/tmp/x", "granted", "forbidden"],
    ["write", "/tmpx", "forbidden"],
    ["write", "/data", "forbidden"],
    ["write", "/same", "forbidden"],
    ["write", "/", "forbidden"],
    ["write", "/tmp/../data", "invalid"],
    ["write", "tmp", "invalid"],
    ["env", "TOKEN", "granted", "granted"],
    ["env", "_A1", "granted", "granted"],
    ["env", "token", "forbidden"],
    ["env", "TOKEN1", "forbidden"],
    ["env", "a".repeat(256), "forbidden"],
    ["env", "a".repeat(257), "invalid"],
    ["env", "*", "invalid"],
    ["env", "TOK*", "invalid"],
    ["env", "1A", "invalid"],
    ["env", "A-B", "invalid"],
    ["env", "A=B", "invalid"],
    ["run", "deno", "forbidden"],
    ["run", "*", "forbidden"],
    ["ffi", "/tmp/x.so", "forbidden"],
    ["sys", "hostname", "granted", "granted"],
    ["sys", "userInfo", "granted", "granted"],
    ["sys", "setPriority", "granted", "granted"],
    ["sys", "Hostname", "invalid"],
    ["sys", "inspector", "invalid"],
    ["sys", "*", "invalid"],
  ])("of %s, %s: %s", (name, value, expected, isolated = expected) => {
    const spelled = (kind: string) => (kind === "granted" ? value : kind);
    expect(outcome(name, value)).toBe(spelled(expected));
    expect(outcome(name, value, { level: "isolated" })).toBe(spelled(isolated));
    expect(outcome(name, value, { level: "none" })).toBe(value);
    const tools = [{ name: "t", permissions: { [name]: [value] } }];
    expect(planned("none", { tools }).refusals.map(({ kind, field }) => [kind, field])).toEqual(
      expected === "granted" ? [] : [[expected, `tools "t": permissions.${name}[0]`]],
    );
  });
});
