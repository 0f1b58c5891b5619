/** Tests a profile whose sandboxes cannot start, besides others. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Launcher, Profile, Sandbox } from "../../../../../src/engines/contract/contract.ts";
import { Pool } from "../../../../../src/engines/pool/pool.ts";
import { ProfileUnavailable } from "../../../../../src/engines/pool/profile-unavailable.ts";
import { ScriptedLauncher } from "../../../../fakes/scripted-launcher.ts";

const usual = { memory: 128, cpus: 1 };
const broken = { ...usual, mounts: [{ source: "/srv/data", target: "/data" }] };
const never = new AbortController().signal;

let isBroken: boolean;
let tried: number;
let pool: Pool;

class Mounting implements Launcher {
  readonly level = "container";
  readonly #inner = new ScriptedLauncher();

  async launch(profile: Profile): Promise<Sandbox> {
    if (profile.mounts === undefined) return this.#inner.launch(profile);
    tried += 1;
    if (isBroken) throw new ProfileUnavailable("no /data", new Error("no /srv/data"));
    return this.#inner.launch(profile);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "Date"] });
  [isBroken, tried] = [true, 0];
  pool = new Pool(new Mounting(), {
    profile: usual,
    min: 0,
    max: 4,
    idle: 60_000,
    startConcurrency: 1,
    maxWaiting: 10,
    healthInterval: 60_000,
    onError: () => {},
  });
});
afterEach(async () => {
  await pool.close();
  vi.useRealTimers();
});

it("is refused to all who wait for it, while nobody else waits longer, and is not tried by itself", async () => {
  const asked = [0, 1, 2].map(() => pool.acquire(broken, never));
  const other = pool.acquire(usual, never);
  const answers = await Promise.allSettled(asked);
  const message = expect.objectContaining({ message: "no /data", status: 503 });
  expect(answers).toEqual(Array(3).fill({ status: "rejected", reason: message }));
  // The clock stands still, so no start was delayed.
  expect((await other).profile).toBe(usual);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(tried).toBe(1);
});

it("is there for the next who asks once it can be started", async () => {
  await expect(pool.acquire(broken, never)).rejects.toThrow("no /data");
  isBroken = false;
  expect((await pool.acquire(broken, never)).profile).toBe(broken);
});
