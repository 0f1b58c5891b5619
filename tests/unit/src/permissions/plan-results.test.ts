/** Tests a plan as a whole: its parts for each layer, its warnings, and its errors. */

import { describe, expect, it } from "vitest";
import { BadRequest, PermissionError } from "../../../../src/base/errors.ts";
import { assertGranted, plan } from "../../../../src/permissions/plan.ts";
import { withTunnels } from "../../../../src/protocol/tunnels.ts";
import { operator, planned } from "../../../helpers/plan.ts";

describe("a plan", () => {
  it("unites the request with its tools, each for its layer", () => {
    const tools = [
      { name: "pg", permissions: { net: ["db:5432"], env: ["TOKEN"] } },
      { name: "fs", permissions: { read: ["/data/deep/x"], write: ["/tmp/w"] } },
    ];
    const requested = { net: ["x.org"], read: ["/data/a", "/data/b", "/tmp"], sys: ["cpus"] };
    expect(planned(requested, { tools })).toEqual({
      level: "container",
      tools: ["fs", "pg"],
      permissions: {
        ...{ env: ["TOKEN"], net: ["db:5432", "x.org"], run: [], ffi: [], sys: ["cpus"] },
        ...{ read: ["/data/a", "/data/b", "/data/deep/x", "/tmp"], write: ["/tmp/w"] },
        hrtime: false,
      },
      worker: {
        ...{ env: ["TOKEN"], sys: ["cpus"] },
        net: withTunnels(["db:5432", "x.org:443", "x.org:80"]),
        ...{ read: ["/data/a", "/data/b", "/data/deep/x", "/tmp"], write: ["/tmp/w"] },
        ...{ run: false, ffi: false, import: false },
      },
      egress: { allow: ["db:5432", "x.org"] },
      database: null,
      env: ["TOKEN"],
      mounts: [
        { source: "/srv/data", target: "/data" },
        { source: "/srv/deep", target: "/data/deep" },
      ],
      warnings: [],
      refusals: [],
    });
  });

  it("shows what the host reaches for a tool, and gives it to neither layer", () => {
    const permissions = { env: ["DATABASE_URL"], net: ["db.example:5432"] };
    const tools = [{ name: "database", permissions, brokered: true as const }];
    const requested = { net: ["x.org:443"] };
    for (const level of ["container", "isolated"] as const) {
      const plan = planned(level === "container" ? requested : "none", { level, tools });
      expect(plan.refusals).toEqual([]);
      expect(plan.permissions).toMatchObject({ env: permissions.env });
      expect(plan.permissions.net).toContain("db.example:5432");
      expect(plan.database?.hosts).toEqual(["db.example:5432"]);
      expect(JSON.stringify([plan.worker, plan.egress, plan.env])).not.toMatch(/db\.|DATABASE/);
    }
    const { refusals } = planned("none", { tools, ceiling: { net: ["db.example:5432"] } });
    expect(refusals.map(({ field }) => field)).toEqual(['tools "database": permissions.env[0]']);
    expect(planned("none", { tools, ceiling: permissions }).refusals).toEqual([]);
  });

  it("mounts nothing at level isolated", () => {
    const { mounts, worker } = planned({ read: ["/same/a"] }, { level: "isolated" });
    expect([mounts, worker.read]).toEqual([[], ["/same/a"]]);
  });

  it("of level none has what was asked for, and enforces none of it", () => {
    const requested = { net: ["https://X"], env: ["?"], run: ["sh"], read: ["~"], hrtime: true };
    const none = planned(requested, { level: "none", ceiling: "none" });
    expect(none.permissions).toEqual({ ...requested, write: [], ffi: [], sys: [] });
    expect(none.worker).toEqual(planned("none").worker);
    expect([none.egress, none.env, none.mounts, none.refusals]).toEqual([null, [], [], []]);
    expect(none.warnings).toEqual(['Level "none" enforces no permissions']);
  });

  it("has the warnings of strict mode first, about what is granted", () => {
    const tools = [{ name: "t", permissions: { hrtime: true, net: ["localhost:1"] } }];
    const egress = { hosts: {}, private: ["localhost:1"] };
    const strict = { strict: true, wildcards: true, tools, egress };
    expect(planned({ hrtime: false, net: ["*.x"] }, strict).warnings).toEqual([
      "[Strict] Wildcard permission detected",
      "[Strict] Local host access detected",
    ]);
    expect(planned({ net: ["*"] }, { strict: true }).warnings).toEqual([]);
  });

  it("has fine clocks if they are asked for, within each ceiling", () => {
    const tools = [{ name: "t", permissions: { hrtime: true } }];
    expect(planned({ hrtime: true }).permissions.hrtime).toBe(true);
    expect(planned("none", { tools }).permissions.hrtime).toBe(true);
    expect(planned({ hrtime: false }).permissions.hrtime).toBe(false);
    expect(planned({ hrtime: true }, { ceiling: { hrtime: true } }).refusals).toEqual([]);
    for (const limit of [{ ceiling: {} }, { tenantCeiling: { hrtime: false } }]) {
      const { permissions, refusals } = planned({ hrtime: true }, limit);
      expect([permissions.hrtime, refusals]).toEqual([
        false,
        [
          {
            field: "permissions.hrtime",
            value: "true",
            kind: "forbidden",
            message: "permissions.hrtime: It exceeds the ceiling",
          },
        ],
      ]);
    }
  });

  it("is the same for names that objects inherit", () => {
    const env = ["constructor", "__proto__", "toString"];
    expect(planned({ env, read: ["/constructor", "/__proto__"] }).refusals).toHaveLength(5);
    expect(planned({ env: ["__proto__"] }, { env }).worker.env).toEqual(["__proto__"]);
  });

  it("leaves its input alone", () => {
    const requested = Object.freeze({ net: Object.freeze(["y", "x"]), hrtime: true });
    const tools = Object.freeze(
      ["b", "a"].map((name) => Object.freeze({ name, permissions: requested })),
    );
    const input = { level: "container", requested, tools, operator } as const;
    expect(plan(input)).toEqual(plan(input));
    expect(plan(input).tools).toEqual(["a", "b"]);
  });
});

describe("the first refusal", () => {
  const thrown = (requested: unknown) => {
    try {
      assertGranted(planned(requested));
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it("is a BadRequest for what is invalid", () => {
    const error = thrown({ net: ["x.org", "*", "a/b"], nte: [] });
    expect(error).toBeInstanceOf(BadRequest);
    expect(error).toMatchObject({ field: "permissions.nte", status: 400 });
    expect(error).toHaveProperty(
      "message",
      'permissions.nte: is no permission; did you mean "net"?',
    );
  });

  it("is a PermissionError for what is forbidden", () => {
    const error = thrown({ run: ["sh"] });
    expect(error).toBeInstanceOf(PermissionError);
    const expected = { name: "PermissionError", code: "PERMISSION_REFUSED", status: 403 };
    expect(error).toMatchObject({ ...expected, field: "permissions.run[0]" });
    expect(error).toHaveProperty("message", "permissions.run[0]: No sandbox runs programs");
  });

  it("is not there if everything is granted", () => {
    expect(thrown({ net: ["x.org"] })).toBeUndefined();
  });
});
