import { getRequestListener } from "@hono/node-server";
import { afterEach, expect, it } from "vitest";
import { InProcessLauncher } from "../../../../../src/engines/in-process/launcher.ts";
import { PooledEngine } from "../../../../../src/engines/run/pooled-engine.ts";
import { CONTRACT_POOL, job, PROFILE } from "../../../../contract/engine-contract.ts";

const before = ["Request", "Response"].map(
  (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name) ?? {}] as const,
);
afterEach(() => {
  for (const [name, descriptor] of before) Object.defineProperty(globalThis, name, descriptor);
});

it("code has Node's own Response, whatever a server of the host has put in its place", async () => {
  getRequestListener(() => new Response());
  expect(Response).not.toBe(Response.error().constructor);
  const launcher = await InProcessLauncher.create();
  const engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: console.error });
  const code = `export default () => {
    const { get } = Object.getOwnPropertyDescriptor(Response.prototype, "status");
    return [get.call(Response.error()), get.call(new Response("x", { status: 201 }))];
  }`;
  const { result } = await engine.execute(job(code), { profile: PROFILE, timeout: 5_000 });
  await engine.close();
  expect(result).toEqual([0, 201]);
});
