/** Tests a plan's warnings, as the callers of an execution see them. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { recordingApp } from "../../../helpers/app.ts";
import { MEASURED as IN_SANDBOX } from "../../../helpers/measured.ts";

const { fresh: _, ...usage } = IN_SANDBOX.usage;
/** Measured members of an answer by an engine that runs nothing. */
const MEASURED = { ...IN_SANDBOX, usage };

const spy = vi.spyOn(console, "warn").mockImplementation(() => {});
afterEach(() => spy.mockClear());

const WIDE = "[Strict] Wildcard permission detected";
const INCLUDES = 'permissions.net: "*.x.org" includes "x.org" at level "isolated"';

const ID = { id: expect.any(String) as unknown };

describe("an answer", () => {
  it("has the warnings of its plan, with and without explain", async () => {
    const { post } = recordingApp({ strict: true, wildcards: true, isolatedNet: true });
    const request = { sandbox: "isolated", permissions: { net: ["*.x.org"] } };
    const { body } = await post("/execute", request);
    expect(body).toEqual({
      ...ID,
      ok: true,
      outcome: "ok",
      warnings: [WIDE, INCLUDES],
      ...MEASURED,
    });
    expect((await post("/plan", request)).body.warnings).toEqual([WIDE, INCLUDES]);
    const explained = await post("/execute", { ...request, explain: true });
    expect(explained.body).toMatchObject({
      ...body,
      ...ID,
      usage: MEASURED.usage,
      plan: { warnings: [WIDE, INCLUDES] },
    });
  });

  it("has them whatever the host writes to its console", async () => {
    const policy = { wildcards: true, isolatedNet: true };
    const request = { sandbox: "isolated", permissions: { net: ["*.x.org"] } };
    const { body } = await recordingApp(policy).post("/execute", request);
    expect(body.warnings).toEqual([INCLUDES]);
    expect(spy).not.toHaveBeenCalled();
    await recordingApp({ ...policy, strict: true }).post("/execute", request);
    expect(spy.mock.calls).toEqual([[WIDE], [INCLUDES]]);
  });

  it("of a host at level isolated tells how wide a wildcard is there", async () => {
    const { post } = recordingApp({ wildcards: true, isolatedNet: true });
    const request = { sandbox: "isolated", permissions: { net: ["*.x.org"] } };
    expect((await post("/execute", request)).body.warnings).toEqual([INCLUDES]);
  });

  it.each([{}, { permissions: { net: ["x.org"] } }, { permissions: "none" }])(
    "to %j, of which there is nothing to say, has no such field",
    async (request) => {
      const { post } = recordingApp({ strict: true });
      expect((await post("/execute", request)).body).toEqual({
        ...ID,
        ok: true,
        outcome: "ok",
        ...MEASURED,
      });
    },
  );
});
