/** Tests a function that computes after its answer: who pays for it, and what remains of it. */
import { readdir, readFile } from "node:fs/promises";
import { afterAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { containersOf, docker } from "../helpers/containers.ts";
import { Cleanup } from "../helpers/egress.ts";
import { TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

const cleanup = new Cleanup();
afterAll(() => cleanup.run());

const SPIN = `const spin = () => {
    for (const end = performance.now() + 20; performance.now() < end; );
    setTimeout(spin, 0);
  };
  export default () => { setTimeout(spin, 1); return 1; }`;
const ADMIN = "the-operators-key-of-this-test-file";
const LEVELS = [
  ["isolated", { ISOLATE_ENGINE: "none" }],
  // tests/container/kept-idle.test.ts holds a container, and the engine's contract measures it.
  ...(SOAK ? ([["container", {}]] as const) : []),
] as const;

it.each(LEVELS)(
  "code that goes on after its answer is paid for, and ends with the server: level %s",
  { timeout: 150_000 },
  async (level, env) => {
    const server = await TestServer.start({
      ...env,
      ISOLATE_ADMIN_KEY: ADMIN,
      ISOLATE_POOL_MIN: "1",
      ISOLATE_REUSE_IDLE: "3000",
    });
    cleanup.add(async () => expect(await server.dispose()).toEqual([]));
    const ask = async (method: string, path: string, key: string, body?: object) => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      });
      return response.text();
    };
    const asked = { sandbox: [level], budget: { cpu: 60_000 } };
    await ask("PUT", "/admin/tenants/acme", ADMIN, asked);
    const { key } = JSON.parse(await ask("POST", "/admin/tenants/acme/keys", ADMIN, {}));
    const request = { code: SPIN, reuse: "code", sandbox: level };
    const { ok, usage } = JSON.parse(await ask("POST", "/execute", key, request));
    expect(ok).toBe(true);
    const metric = async (): Promise<number> => {
      const text = await ask("GET", "/metrics", ADMIN);
      const line = new RegExp(`^isolate_idle_cpu_seconds_total\\{level="${level}"\\} (.+)$`, "m");
      return 1_000 * Number(line.exec(text)?.[1] ?? 0);
    };
    // Its sandbox is ended after its time.
    await until(async () => (await metric()) > 40);
    const { used } = JSON.parse(await ask("GET", "/tenant", key));
    expect(used.cpu).toBeGreaterThan(usage.cpu + 40);
    expect(used.cpu).toBeLessThan(usage.cpu + 2_000);

    expect(JSON.parse(await ask("POST", "/execute", key, request))).toMatchObject({ ok: true });
    // Waits until it is throttled.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await server.stop("SIGKILL");
    // The next server kills stopped processes; throttled ones end by themselves.
    if (level === "isolated") await server.start();
    await until(async () => (await runningOf(server.runDirectory, level)) === 0);
    if (level === "container") await server.start();
  },
);

/** Counts sandboxes that still run, of a killed or earlier server. */
async function runningOf(runDirectory: string, level: string): Promise<number> {
  if (level === "container") {
    const all = await containersOf(runDirectory, "sandbox");
    const states = all.map(async (id) => (await docker.getContainer(id).inspect()).State.Running);
    return (await Promise.all(states)).filter(Boolean).length;
  }
  const entries = await readdir(runDirectory);
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  const ours = (await Promise.all(lines)).filter((line) => line.includes(`${runDirectory}/`));
  return ours.filter((line) => !entries.some((id) => line.includes(`${runDirectory}/${id}/`)))
    .length;
}
