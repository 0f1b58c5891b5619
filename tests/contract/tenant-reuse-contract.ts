import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  Engine,
  ExecuteOptions,
  IdleUsage,
  JobGrants,
  Outcome,
} from "../../src/engines/contract/contract.ts";
import { ProcessView } from "../../src/engines/metering/process-view.ts";
import type { Removal } from "../../src/protocol/host-settings.ts";
import { SOAK } from "../helpers/soak.ts";
import { Stage } from "../helpers/stage.ts";
import { provedElsewhere, sample } from "./case-choice.ts";
import { job, PROFILE, until } from "./engine-contract.ts";
import { RESIDUES, type Residue } from "./residue-cases.ts";

/** A build of the runner that lacks one protection. */
export interface Weaker {
  readonly leftOut?: readonly Removal[];
  readonly view?: (pid: number) => ProcessView;
  /** True for a runner whose Worker has all permissions of its process. */
  readonly open?: boolean;
}

/** A view that sees nothing of what code has left. */
class Blind extends ProcessView {
  #begun = false;

  override hasWorkers(): boolean {
    if (this.#begun) return false;
    this.#begun = true;
    return super.hasWorkers() ?? false;
  }

  override state(): ReturnType<ProcessView["state"]> {
    return { settings: "", descriptors: 0, memory: 0 };
  }
}
const view = (pid: number): ProcessView => new Blind(pid);

/** Code whose own worker computes for a while, whatever has been answered meanwhile. */
const BURN_LATER = `const code = \`postMessage(1); const use = () => { const { user, system } = process.cpuUsage();
    return user + system }; const begun = use(); while (use() - begun < 250_000);\`;
  const nested = new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
  await new Promise((resolve) => { nested.onmessage = resolve }); export default () => 1`;

/** Runs two executions of a tenant one after the other, the second once the first is cleaned up. */
async function pair(
  engine: Engine,
  key: string,
  { write, read, grants, env = {} }: Residue,
): Promise<{ first: Outcome; second: Outcome }> {
  const none = { env: false, read: false, write: false, sys: false, net: false } as const;
  const never = { run: false, ffi: false, import: false } as const;
  const granted = (variables: Readonly<Record<string, string>>): { grants?: JobGrants } =>
    grants === undefined
      ? {}
      : { grants: { worker: { ...none, ...never, ...grants }, env: variables, egress: null } };
  const options: ExecuteOptions = {
    profile: PROFILE,
    timeout: 20_000,
    reuse: { key, scope: "tenant" },
  };
  const first = await engine.execute({ ...job(write), ...granted(env) }, options);
  await idle(engine);
  const input = first.status === "ok" ? first.result : null;
  const second = await engine.execute({ ...job(read, input), ...granted({}) }, options);
  await idle(engine);
  return { first, second };
}

/** Cases that run one after the other in the same sandboxes, so that few have to start. */
const TOGETHER = 20;

function keyOf(cases: readonly Residue[], residue: Residue): string {
  return `cases ${Math.floor(cases.indexOf(residue) / TOGETHER)}`;
}

/** Most executions in which a weaker build has to show a trace. */
const ROUNDS = 5;

/** Resolves when no sandbox runs anything or is being cleaned up. */
function idle(engine: Engine): Promise<void> {
  return until(() => engine.status().leased === 0);
}

/**
 * Tests that a sandbox keeps nothing of one execution for the next one of its tenant, and that each
 * protection is needed.
 */
export function tenantReuseContract(
  name: string,
  open: (weaker?: Weaker, pool?: object) => Promise<Engine>,
  isContainer: boolean,
): void {
  const possible = RESIDUES.filter(({ container = false }) => isContainer || !container);
  // Takes what the kernel of a container can change; processes run the others by the same runner.
  const own = possible.filter(({ container, needs }) => container || needs === "view");
  const cases = isContainer && !SOAK ? [...new Set([...own, ...sample(possible)])] : possible;
  const further = provedElsewhere(isContainer);
  const pool = { min: 1, max: 3 };

  // Without the inner layer, code leaves all that it leaves with it, and more. Containers prove what their kernel changes.
  const layers: [which: string, weaker: Weaker, cases: readonly Residue[]][] = [
    ["", {}, isContainer ? cases : sample(cases)],
    [" without the inner layer", { open: true }, isContainer ? sample(cases) : cases],
  ];
  describe.each(layers)(`${name} engine's reuse for a tenant%s`, (_which, weaker, chosen) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open(weaker, pool);
    });
    afterAll(() => engine.close());

    it.each(chosen)("leaves nothing of $name", async (residue) => {
      const { first, second } = await pair(engine, keyOf(cases, residue), residue);
      if (!residue.mayFail) expect(first).toMatchObject({ status: "ok" });
      expect(second).toMatchObject({ status: "ok", result: residue.nothing ?? null, logs: [] });
      if (residue.ends === "perhaps") return;
      expect(second.usage?.fresh).toBe(residue.ends ? "container" : "worker");
    });
  });

  describe(`${name} engine's reuse for a tenant`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open(
        {},
        { ...pool, reuse: { perKey: 2, total: 4, idle: 60_000, age: 600_000, uses: 4 } },
      );
    });
    afterAll(() => engine.close());
    const run = (key: string, code: string, more: Partial<ExecuteOptions> = {}): Promise<Outcome> =>
      engine.execute(job(code), {
        profile: PROFILE,
        timeout: 20_000,
        reuse: { key, scope: "tenant" },
        ...more,
      });
    const freshness = async (key: string, code = "export default () => 1"): Promise<unknown> => {
      const { usage } = await run(key, code);
      await idle(engine);
      return usage?.fresh;
    };

    it("ends a sandbox after its number of uses", async () => {
      const all = [];
      for (let n = 0; n < 6; n += 1) all.push(await freshness("uses"));
      expect(all).toEqual(["container", "worker", "worker", "worker", "container", "worker"]);
    });

    further("shares none with another key, scope or profile", async () => {
      expect(await freshness("one")).toBe("container");
      expect(await freshness("two")).toBe("container");
      const code = await run("one", "export default () => 1", { reuse: { key: "one" } });
      expect(code.usage?.fresh).not.toBe("worker");
      const other = await run("one", "export default () => 1", {
        profile: { ...PROFILE, memory: 192 },
      });
      expect(other.usage?.fresh).toBe("container");
    });

    it.each([
      ["runs into its timeout", "export default () => new Promise(() => {})", "timeout"],
      [
        "runs out of memory",
        "export default () => { const all = []; for (;;) all.push(new Array(1e5).fill(1)) }",
        "crash",
      ],
    ])("ends a sandbox whose code %s", async (how, code, status) => {
      expect(await freshness(how)).toBe("container");
      const outcome = await run(how, code, { timeout: status === "timeout" ? 500 : 20_000 });
      expect(outcome).toMatchObject({ status, usage: { fresh: "worker" } });
      await idle(engine);
      expect(await freshness(how)).toBe("container");
    });

    further.each([
      ["fails", "export default () => { throw new RangeError('mine') }"],
      ["exits", "export default () => process.exit(3)"],
      ["does not load", "}"],
    ])("keeps a sandbox whose code %s", async (how, code) => {
      expect(await run(how, code)).toMatchObject({ status: "error" });
      await idle(engine);
      expect(await freshness(how)).toBe("worker");
    });

    further("leaves no subscription to a channel, and nobody who sends to it", async () => {
      const stage = new Stage();
      const { member, heard } = stage.stranger(["out"]);
      const options: Partial<ExecuteOptions> = { reuse: { key: "channel", scope: "tenant" } };
      const start = (code: string) => stage.run(engine, code, undefined, 20_000, options);
      const writer = start(`channel.on("left", () => console.log("left"));
        setInterval(() => channel.emit("out", "left"), 1); export default () => 1`);
      expect(await writer.outcome).toMatchObject({ status: "ok", result: 1 });
      await idle(engine);
      const reader = start(`export default () => new Promise((resolve) => {
        channel.on("mine", resolve); channel.emit("out", "mine") })`);
      await until(() => heard.includes("mine"));
      member.emit("left", "1");
      member.emit("mine", "2");
      const outcome = await reader.outcome;
      expect(outcome).toMatchObject({ result: 2, logs: [], usage: { fresh: "worker" } });
      expect(heard.slice(heard.indexOf("mine"))).toEqual(["mine"]);
      member.leave();
      await idle(engine);
    });

    it("counts for each execution what it has used itself", async () => {
      const burn = `export default () => { const end = performance.now() + 600; while (performance.now() < end);
        return new Uint8Array(30e6).fill(1).length }`;
      const first = await run("usage", burn);
      await idle(engine);
      const { usage } = await run("usage", "export default () => 1");
      expect(usage?.fresh).toBe("worker");
      expect(usage?.cpu ?? 0).toBeLessThan(first.usage?.cpu ?? 0);
      expect(usage?.peakMemory ?? 0).toBeLessThan(first.usage?.peakMemory ?? 0);
    });
  });

  it(`${name} engine charges a tenant for what its code uses after its answer`, async () => {
    const engine = await open({}, pool);
    const told: IdleUsage[] = [];
    engine.onIdleUsage((usage) => told.push(usage));
    try {
      const options: ExecuteOptions = {
        profile: PROFILE,
        timeout: 20_000,
        tenant: "acme",
        reuse: { key: "burns", scope: "tenant" },
      };
      const { usage } = await engine.execute(job(BURN_LATER), options);
      // Heard without the end of the sandbox, unless this host is so slow that it had to be ended.
      await until(() => told.length > 0);
      expect(told).toMatchObject([{ tenant: "acme", level: engine.level }]);
      expect((told[0]?.cpu ?? 0) + (usage?.cpu ?? 0)).toBeGreaterThan(150);
      await idle(engine);
    } finally {
      await engine.close();
    }
  });

  describe(`${name} engine's reuse for a tenant, with less`, () => {
    const lacks: [string, Weaker, (residue: Residue) => boolean][] = [
      ["no new worker", { leftOut: ["workers"], view }, ({ name: of }) => of.includes("timers")],
      ["no view of the process", { view }, ({ needs }) => needs === "view"],
      ...(["environment", "urls", "files", "sqlite"] as const).map(
        (removal): [string, Weaker, (residue: Residue) => boolean] => [
          `no removal of ${removal}`,
          // Without the inner layer, so that code may look for what it was not granted.
          { leftOut: [removal], open: removal === "environment" },
          ({ needs }) => needs === removal,
        ],
      ),
    ];
    const seen = lacks.filter(([, , concerned]) => cases.some(concerned));
    it.each(seen)("is found out: %s", async (_what, weaker, concerned) => {
      const engine = await open(weaker, pool);
      try {
        // Put loops last, because nothing ends them here before the engine does.
        for (const residue of cases.filter(concerned).reverse()) {
          let isFound = false;
          // A sandbox that is cleaned up too slowly ends, and shows nothing.
          for (let round = 1; !isFound && round <= ROUNDS; round += 1) {
            const { second } = await pair(engine, `${residue.name} ${round}`, residue);
            const { fresh } = second.usage ?? {};
            // Either the reader has found something, or a sandbox goes on that has to end.
            isFound =
              JSON.stringify(second.result) !== JSON.stringify(residue.nothing ?? null) ||
              (residue.ends === true && fresh === "worker") ||
              second.status !== "ok";
          }
          expect([residue.name, isFound]).toEqual([residue.name, true]);
        }
      } finally {
        await engine.close();
      }
    });
  });
}
