/** Tests the settings of each layer for the granted hosts. */
import { describe, expect, it } from "vitest";
import { planned } from "../../../helpers/plan.ts";

describe("the layers", () => {
  const all = { wildcards: true, isolatedNet: true };

  it.each([
    [["x.org"], ["x.org:443", "x.org:80"], 2],
    [["x.org", "X.org:443", "x.org:22"], ["x.org:22", "x.org:443", "x.org:80"], 3],
    [["[2001:503::1]:22", "*.y:1"], ["*.y:1", "[2001:503::1]:22"], 1],
    [["x.org", "*"], ["*"], 0],
  ])("of %j: the Worker has each port, the way out what is written", (net, worker, tunnels) => {
    const { worker: actual, egress, permissions } = planned({ net }, all);
    const ports = ["127.0.0.1:61000", "127.0.0.1:61001", "127.0.0.1:61002"];
    expect(actual.net).toEqual([...worker, ...ports.slice(0, tunnels)]);
    expect(egress).toEqual({ allow: [...new Set(net.map((e) => e.toLowerCase()))].sort() });
    expect(permissions.net).toEqual(egress?.allow);
  });

  it("leave out what is refused", () => {
    const { worker, egress } = planned({ net: ["*", "y.org:1", "x.org/"] });
    expect([worker.net, egress]).toEqual([["y.org:1", "127.0.0.1:61000"], { allow: ["y.org:1"] }]);
    expect(planned({ net: ["*"] }).egress).toBeNull();
  });

  it("are one at level isolated, where wildcards are wider than they look", () => {
    const { egress, warnings } = planned({ net: ["*", "*.x"] }, { ...all, level: "isolated" });
    expect(egress).toBeNull();
    expect(planned({ net: ["x.org:1"] }, { ...all, level: "isolated" }).worker.net).toEqual([
      "x.org:1",
    ]);
    expect(warnings).toEqual([
      'permissions.net: "*" includes every port at level "isolated"',
      'permissions.net: "*.x" includes "x" at level "isolated"',
    ]);
  });
});
