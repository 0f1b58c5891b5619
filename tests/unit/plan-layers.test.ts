/** What each layer is told of the hosts that are granted. */
import { describe, expect, it } from "vitest";
import { planned } from "../helpers/plan.ts";

describe("the layers", () => {
  const all = { wildcards: true, isolatedNet: true };

  it.each([
    [["x.org"], ["x.org:443", "x.org:80"]],
    [
      ["x.org", "X.org:443", "x.org:22"],
      ["x.org:22", "x.org:443", "x.org:80"],
    ],
    [
      ["[::1]:22", "*.y:1"],
      ["*.y:1", "[::1]:22"],
    ],
    [["x.org", "*"], ["*"]],
  ])("of %j: the Worker has each port, the way out what is written", (net, worker) => {
    const { worker: actual, egress, permissions } = planned({ net }, all);
    expect(actual.net).toEqual(worker);
    expect(egress).toEqual({ allow: [...new Set(net.map((e) => e.toLowerCase()))].sort() });
    expect(permissions.net).toEqual(egress?.allow);
  });

  it("leave out what is refused", () => {
    const { worker, egress } = planned({ net: ["*", "y.org:1", "x.org/"] });
    expect([worker.net, egress]).toEqual([["y.org:1"], { allow: ["y.org:1"] }]);
    expect(planned({ net: ["*"] }).egress).toBeNull();
  });

  it("are one at level isolated, where wildcards are wider than they look", () => {
    const { egress, warnings } = planned({ net: ["*", "*.x"] }, { ...all, level: "isolated" });
    expect(egress).toBeNull();
    expect(warnings).toEqual([
      'permissions.net: "*" includes every port at level "isolated"',
      'permissions.net: "*.x" includes "x" at level "isolated"',
    ]);
  });
});
