/** Tests tenants that store as much as they can: only their own room fills up. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../contract/engine-contract.ts";
import { ControlPlane } from "../../../helpers/control-plane.ts";

const MB = 1_048_576;
const code = "export default () => 1";
const LARGE = "x".repeat(MB);

let plane: ControlPlane;
let server: ReturnType<ControlPlane["serve"]>;

beforeAll(async () => {
  plane = await ControlPlane.open();
  plane.behave = async (job) => ({ result: job.code.includes("large") ? LARGE : 1 });
  server = plane.serve();
}, 120_000);

afterAll(() => plane.close(), 60_000);

const key = (text: string) => ({ "idempotency-key": text });
const large = "export default () => 'large'";

describe("a tenant that fills its storage", () => {
  it("is refused at its limit by what it is full of, while others' writes go on", async () => {
    const acme = await server.tenant("acme", { storage: 5 * MB });
    const rival = await server.tenant("rival");
    const second = plane.serve();
    const flood = Array.from({ length: 12 }, async (_, n) => {
      const { app } = n % 2 === 0 ? server : second;
      const headers = { "content-type": "application/json", authorization: acme.authorization };
      const body = JSON.stringify({ code: large });
      const response = await app.request("/execute", {
        method: "POST",
        headers: { ...headers, ...key(`k${n}`) },
        body,
      });
      return [response.status, response.headers.get("idempotency-stored"), await response.json()];
    });
    const answers = await Promise.all(flood);
    const own = await rival.put("/functions/f", { code });
    expect(own.status).toBe(201);
    expect((await rival.post("/execute", { code: large }, key("k"))).status).toBe(200);
    // Every execution that ran was answered, with or without room to store it.
    const ran = answers.filter(([status]) => status === 200);
    expect(ran.every(([, , body]) => body.result === LARGE)).toBe(true);
    expect(ran.filter(([, stored]) => stored === null)).toHaveLength(4);
    for (const [status, , body] of answers) {
      if (status !== 200) expect([status, body.error.code]).toEqual([507, "STORAGE_FULL"]);
    }
    const { used, storage } = await acme.get("/tenant");
    expect(storage).toBe(5 * MB);
    expect(used.storage).toMatchObject({ limit: 5 * MB });
    expect(used.storage.bytes).toBeLessThanOrEqual(5 * MB);
    expect(used.storage.kinds.idempotency.bytes).toBeGreaterThan(4 * MB);
  });

  it("is not run a second time for an answer that found no room", async () => {
    const { post, get } = await server.tenant("lossy", { storage: MB });
    const first = await post("/execute", { code: large }, key("k"));
    expect(await first.json()).toMatchObject({ result: LARGE });
    expect(first.headers.get("idempotency-stored")).toBe("false");
    const again = await post("/execute", { code: large }, key("k"));
    expect(again.status).toBe(409);
    expect((await again.json()).error).toMatchObject({
      code: "IDEMPOTENCY_NOT_STORED",
      message: expect.stringContaining("answered with 200"),
    });
    expect((await get("/executions")).executions).toHaveLength(1);
  });

  it("has room again for what it deletes", async () => {
    const { put, post, send, get } = await server.tenant("tidy", { storage: MB });
    // Stored twice: as deployed, and as run.
    const body = { code: `${code} // ${"x".repeat(60_000)}` };
    const names = Array.from({ length: 8 }, (_, n) => `f${n}`);
    for (const name of names) expect((await put(`/functions/${name}`, body)).status).toBe(201);
    const refused = await put("/functions/more", body);
    expect(refused.status).toBe(507);
    expect((await refused.json()).error).toMatchObject({
      code: "STORAGE_FULL",
      message: expect.stringMatching(/1048576 bytes.*versions.*delete functions or resources/),
    });
    const input = "x".repeat(1_048_000);
    const huge = await post("/execute", { code: "", input }, { prefer: "respond-async" });
    expect([huge.status, (await huge.json()).error.code]).toEqual([413, "STORAGE_TOO_LARGE"]);
    expect((await send("/functions/f0", "DELETE")).status).toBe(204);
    expect((await put("/functions/more", body)).status).toBe(201);
    for (const name of ["more", ...names]) await send(`/functions/${name}`, "DELETE");
    expect((await get("/tenant")).used.storage.bytes).toBe(0);
  });

  it("is told in a job's answer that there was no room for it", async () => {
    server.services.worker.start();
    const { post, get } = await server.tenant("later", { storage: MB });
    const response = await post("/execute", { code: large }, { prefer: "respond-async" });
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as { id: string };
    await until(async () => (await get(`/jobs/${id}`)).status === "done");
    const { answer, attempts } = await get(`/jobs/${id}`);
    expect(answer.error).toMatchObject({ code: "STORAGE_FULL" });
    expect(attempts).toBe(1);
    await server.services.worker.close();
    const flood = [];
    for (let n = 0; n < 3; n += 1) {
      const body = { code, input: "x".repeat(400_000) };
      flood.push((await post("/execute", body, { prefer: "respond-async" })).status);
    }
    expect(flood).toContain(507);
  });
});
