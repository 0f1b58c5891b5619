import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../../contract/engine-contract.ts";
import { ControlPlane, type Json } from "../../../helpers/control-plane.ts";

const LARGE = "x".repeat(4_000_000);
let plane: ControlPlane;
beforeAll(async () => {
  plane = await ControlPlane.open();
});
afterAll(() => plane.close());

it("batches hold few answers of one tenant's while their slowest members run", async () => {
  const { tenant } = plane.serve();
  const [one, other] = [await tenant("acme"), await tenant("rival")];
  const ends: (() => void)[] = [];
  let large = 0;
  plane.behave = async ({ code }) => {
    if (code.includes("slow")) {
      await new Promise<void>((resolve) => ends.push(resolve));
      return { result: "1" };
    }
    large += 1;
    return { result: LARGE };
  };
  const requests = ["slow", ...Array(7).fill("large")].map((code) => ({ code }));
  const ask = async ({ post }: typeof one): Promise<Json[]> =>
    ((await (await post("/execute/batch", { requests })).json()) as Json).results;
  const batches: Promise<Json[]>[] = [];
  for (let n = 1; n <= 3; n += 1) {
    batches.push(ask(one));
    await until(() => ends.length === n && large === 7 * n);
    // Their answers are read and counted a moment later.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  for (let n = 4; n <= 8; n += 1) batches.push(ask(one));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const theirs = ask(other);
  const timer = setInterval(() => ends.shift()?.(), 100);
  const codes = (await Promise.all(batches)).map((results) =>
    results.map(({ ok, result, error }) => (ok ? String(result).slice(0, 1) : error.code)),
  );
  const heldBy = (results: readonly string[]): number =>
    results.filter((result) => result === "x").length;
  expect(codes.slice(0, 2).map(heldBy)).toEqual([7, 7]);
  // Small answers are sent, whatever else is held.
  expect(codes.slice(0, 3).map(([slow]) => slow)).toEqual(["1", "1", "1"]);
  // Half of 128 MiB, and the executions that the last batch has begun.
  expect(codes.map(heldBy).reduce((sum, count) => sum + count)).toBeLessThan(20);
  expect(codes[7]).toEqual(Array(8).fill("HOST_BUSY"));
  expect(large).toBe(28);
  expect((await theirs).filter(({ ok }) => ok)).toHaveLength(8);
  clearInterval(timer);
  // All of it is released with the answers.
  const again = ask(one);
  await until(() => ends.length === 1);
  ends.shift()?.();
  expect((await again).filter(({ ok }) => ok)).toHaveLength(8);
});

it("are not kept for their key if a member was refused for what others hold", async () => {
  const { post } = await plane.serve().tenant("keyed");
  const ends: (() => void)[] = [];
  let large = 0;
  plane.behave = async ({ code }) => {
    if (code.includes("slow")) await new Promise<void>((resolve) => ends.push(resolve));
    else large += 1;
    return { result: code.includes("slow") ? "1" : LARGE };
  };
  const requests = ["slow", ...Array(7).fill("large")].map((code) => ({ code }));
  const held = [7, 14, 21].map(async (count) => {
    await until(() => large >= count - 7);
    return post("/execute/batch", { requests });
  });
  await until(() => ends.length === 3 && large >= 17);
  // Their answers are read and counted a moment later.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const ask = async (): Promise<[string | null, Json[]]> => {
    const body = { requests: [{ code: "a" }, { code: "b" }] };
    const response = await post("/execute/batch", body, { "idempotency-key": "k" });
    const { results } = (await response.json()) as Json;
    const shown = results.map(({ ok, error }: Json) => (ok ? "ok" : error.code));
    return [response.headers.get("idempotency-replayed"), shown];
  };
  expect(await ask()).toEqual([null, ["HOST_BUSY", "HOST_BUSY"]]);
  for (const end of ends) end();
  await Promise.all(held);
  expect(await ask()).toEqual([null, ["ok", "ok"]]);
  expect(await ask()).toEqual(["true", ["ok", "ok"]]);
});
