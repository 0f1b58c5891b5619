/** Tests the ceiling of a host, as callers see it over HTTP. */
import { describe, expect, it } from "vitest";
import { recordingApp } from "../../../helpers/app.ts";

const ceiling = { net: ["*.example.com", "db.org:5432"], env: ["A"] };
const env = { A: "1", B: "2" };
const hosts = { name: "hosts", permissions: { net: ["evil.com:443"] }, setup: () => {} };

describe("a host with a ceiling", () => {
  it.each([
    [
      { permissions: { net: ["a.example.com", "evil.com:443"] } },
      "permissions.net[1]",
      '"evil.com:443" exceeds the ceiling; it allows *.example.com, db.org:5432',
    ],
    [
      { permissions: { net: ["db.org"] } },
      "permissions.net[0]",
      '"db.org" exceeds the ceiling by ports 80 and 443; it allows *.example.com, db.org:5432',
    ],
    [
      { permissions: { env: ["A", "B"] } },
      "permissions.env[1]",
      '"B" exceeds the ceiling; it allows A',
    ],
    [
      { permissions: { write: ["/tmp"] } },
      "permissions.write[0]",
      '"/tmp" exceeds the ceiling; it allows no path to be written',
    ],
    [
      { tools: ["hosts"] },
      'tools "hosts": permissions.net[0]',
      '"evil.com:443" exceeds the ceiling; it allows *.example.com, db.org:5432',
    ],
  ])("refuses %j, and tells which part is above", async (request, field, reason) => {
    const { post, engine } = recordingApp({ ceiling, env }, [hosts]);
    const { status, body } = await post("/execute", request);
    expect(status).toBe(403);
    expect(body).toMatchObject({
      error: { name: "PermissionError", field, message: `${field}: ${reason}` },
    });
    expect(engine.jobs).toEqual([]);
    const planned = await post("/plan", request);
    expect(planned.body).toMatchObject({ refusals: [{ field, kind: "forbidden" }] });
    // Without it, the same request runs.
    expect((await recordingApp({ env }, [hosts]).post("/execute", request)).status).toBe(200);
  });

  it("grants what is within it, and only that", async () => {
    const { post, engine } = recordingApp({ ceiling, env });
    const permissions = { net: ["a.example.com:443"], env: ["A"] };
    expect((await post("/execute", { permissions })).status).toBe(200);
    expect(engine.jobs[0]?.job.grants).toMatchObject({
      worker: { net: ["a.example.com:443", "127.0.0.1:61000"], env: ["A"], read: false },
      env: { A: "1" },
      egress: ["a.example.com:443"],
    });
  });

  it("never allows what its other settings do not", async () => {
    const wide = { net: ["*"], env: ["C"], read: ["/"], run: ["sh"] };
    const { post } = recordingApp({ ceiling: wide, env });
    for (const permissions of [{ net: ["*"] }, { env: ["C"] }, { read: ["/x"] }, { run: ["sh"] }]) {
      expect((await post("/execute", { permissions })).status).toBe(403);
    }
  });

  it("runs what asks for nothing, whatever was asked before", async () => {
    const { post, engine } = recordingApp({ ceiling: "none" });
    for (const permissions of [{}, { net: ["x.org"] }, "none", { net: [] }, { net: ["x.org"] }]) {
      const asks = typeof permissions === "object" && (permissions.net ?? []).length > 0;
      expect((await post("/execute", { permissions })).status).toBe(asks ? 403 : 200);
    }
    expect(engine.jobs.map(({ job }) => job.grants)).toEqual([undefined, undefined, undefined]);
  });
});
